"""The Avro body of an envelope, written field by field: the hot path of every producer.

The same bytes that a general encoder gives from `event_envelope.avsc` (a property test compares them) in half the time.
The order below is the schema's: a new field goes here, too.
"""

from chatsnapshot_schemas.avro_long import encode_long
from chatsnapshot_schemas.envelope import EventEnvelope, micros

_ORIGIN = {"agent": b"\x00", "system": b"\x02", "ui": b"\x04", "integration": b"\x06"}
_NULL = b"\x00"
_SOME = b"\x02"
_END = b"\x00"
_LONGS = [encode_long(number) for number in range(1024)]
"""Lengths of nearly every string, and source numbers of most events."""


def write_envelope(envelope: EventEnvelope) -> bytes:
    """The Avro body, without framing."""
    source, ref = envelope.source, envelope.payload_ref
    return b"".join(
        (
            _string(envelope.event_id),
            _string(envelope.tenant_id),
            _string(envelope.correlation_id),
            _optional(envelope.causation_id),
            _optional(envelope.causation_correlation_id),
            _array(envelope.caused_by),
            _string(envelope.event_type),
            encode_long(micros(envelope.timestamp)),
            _ORIGIN[source.origin],
            _string(source.runtime),
            _string(source.service),
            _optional(source.instance),
            _optional(source.agent),
            _NULL if envelope.source_seq is None else _SOME + _long(envelope.source_seq),
            _optional(envelope.subject_id),
            _map(envelope.headers),
            _string(envelope.payload),
            _NULL if ref is None else _SOME + _string(ref.uri) + _string(ref.sha256) + _long(ref.bytes),
        )
    )


def _long(number: int) -> bytes:
    return _LONGS[number] if 0 <= number < len(_LONGS) else encode_long(number)


def _string(text: str) -> bytes:
    data = text.encode()
    size = len(data)
    return (_LONGS[size] if size < 1024 else encode_long(size)) + data


def _optional(text: str | None) -> bytes:
    return _NULL if text is None else _SOME + _string(text)


def _array(items: tuple[str, ...]) -> bytes:
    """One block, then the empty one that ends it."""
    return b"".join((_long(len(items)), *map(_string, items), _END)) if items else _END


def _map(entries: dict[str, str]) -> bytes:
    if not entries:
        return _END
    return b"".join((_long(len(entries)), *(_string(key) + _string(value) for key, value in entries.items()), _END))
