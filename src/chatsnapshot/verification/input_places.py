"""Where the inputs of one partition ended, noted by offset while the topics are read. Pure."""

import re
from array import array
from collections.abc import Iterator

from chatsnapshot_schemas.avro_long import encode_long
from chatsnapshot_schemas.ledger_head import SEQUENCE_NO_AT
from chatsnapshot_schemas.rules import Plain

OFFSETS_MAX = 20_000_000
"""Of a partition: the newest so many are looked at. Each takes nine bytes, 180 MB in all."""
RECORDED, QUARANTINED, HELD = 1, 2, 4
PLACES = {RECORDED: "recorded", QUARANTINED: "quarantined", HELD: "held"}
_TWICE, _SEEN = 8, 16
_NEVER_SEEN = re.compile(b"[\x01-\x0f]")


class InputPlaces:
    """One byte for the places of each offset from `begin` up to `end`, eight for a digest of what is there."""

    def __init__(self, epoch: int, begin: int, end: int) -> None:
        self.epoch = epoch
        self.begin = max(begin, end - OFFSETS_MAX)
        self.end = max(end, self.begin)
        self._places = bytearray(self.end - self.begin)
        self._contents = array("q", bytes(8 * (self.end - self.begin)))

    def note(self, place: int, epoch: int, offset: int, content: int) -> None:
        """A record says that it is from this input; `content`: number over what it has of it.

        Inputs that are not looked at are left out.
        """
        at = offset - self.begin
        if epoch == self.epoch and 0 <= at < len(self._places):
            before = self._places[at]
            self._places[at] = before | place | (_TWICE if before & ~_SEEN else 0)
            self._contents[at] = content

    def note_recorded(self, body: bytes, plain: Plain) -> None:
        """A ledger record's Avro body and fields; its envelope is the content."""
        epoch, offset = plain["input_epoch"], plain["input_offset"]
        if epoch == self.epoch and self.begin <= offset < self.end:
            at = envelope_at(body, plain["envelope"]["event_id"])
            self.note(RECORDED, epoch, offset, content_number(body[at:]))

    def see(self, offset: int) -> int:
        """The input is in the topic; its places, as a sum."""
        at = offset - self.begin
        self._places[at] |= _SEEN
        return self._places[at] & ~_SEEN

    def is_content(self, offset: int, content: bytes | None) -> bool:
        """Whether what is noted there has this content."""
        return self._contents[offset - self.begin] == content_number(content)

    def never_seen(self) -> Iterator[int]:
        """Offsets that have a place, but are no input."""
        for match in _NEVER_SEEN.finditer(self._places):
            yield self.begin + match.start()


def content_number(content: bytes | None) -> int:
    """Equal for equal bytes, and within one process only."""
    return hash(content)


def is_one_place(places: int) -> bool:
    """Whether an input is in exactly one place, once."""
    return places in PLACES


def place_names(places: int) -> str:
    """The places in words; '' for none."""
    names = [name for place, name in PLACES.items() if places & place]
    return " and ".join(names if len(names) > 1 or not places & _TWICE else [*names, *names])


def envelope_at(body: bytes, event_id: str) -> int:
    """Where the envelope begins in a ledger record: with the length of its first field, the event id, and the id.

    Nothing before it is long enough to hold one.
    """
    name = event_id.encode()
    return body.index(encode_long(len(name)) + name, SEQUENCE_NO_AT)
