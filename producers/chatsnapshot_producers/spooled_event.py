"""An event as it lies in the spool."""

from typing import NamedTuple

_EVENT_ID_AT = 1  # Avro: one byte of length (36, zigzag 48), then the id
_EVENT_ID_END = _EVENT_ID_AT + 36


class SpooledEvent(NamedTuple):
    """Message key, Avro body of the envelope without framing, and the fingerprint of the schema it was written with."""

    key: bytes
    body: bytes
    fingerprint: bytes
    payload: bytes = b""
    """The whole payload, when it is above the cap: in blob storage before the event is sent."""

    @property
    def event_id(self) -> str:
        """The event's id, which is the envelope's first field."""
        return self.body[_EVENT_ID_AT:_EVENT_ID_END].decode("ascii", "replace")
