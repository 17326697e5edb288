"""Keeps what could not be delivered for good, beside the spools, where a person finds it."""

import json
from datetime import UTC, datetime
from pathlib import Path

from chatsnapshot_producers.segment_reader import Damage
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import Refusal
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.json_form import envelope_to_json

DAMAGED_SUFFIX = ".damaged"
"""Of files with unreadable bytes."""


class RejectedEvents:
    """Writes `rejected/<spool>.ndjson` (envelopes, ready for `chatsnapshot import`) and its reasons beside it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "rejected"

    def keep(self, refusal: Refusal, spool: str) -> Path:
        """Append one refused event; returns the file. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{spool}.ndjson"
        try:
            _append_line(file, envelope_to_json(_with_whole_payload(refusal.event)))
        except InvalidEvent:  # written by a version with another schema: the bytes are kept as they are
            file = self.folder / f"{spool}-{refusal.event.event_id}.avro"
            file.write_bytes(refusal.event.fingerprint + refusal.event.body)
            if refusal.event.payload:
                file.with_suffix(".payload.json").write_bytes(refusal.event.payload)
        said = {"event_id": refusal.event.event_id, "reason": refusal.reason, "at": datetime.now(UTC).isoformat()}
        _append_line(self.folder / f"{spool}.reasons.ndjson", json.dumps(said))
        return file

    def keep_damage(self, damage: Damage, spool: str) -> Path:
        """Write unreadable bytes of a spool to a file of their own; returns it. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{spool}-{damage.at.segment:06d}-{damage.at.offset}{DAMAGED_SUFFIX}"
        file.write_bytes(damage.data)
        return file


def _with_whole_payload(event: SpooledEvent) -> EventEnvelope:
    """The envelope as it was meant: a payload above the cap stands in it again, without checks."""
    plain = decode_plain(event.body)
    if event.payload:
        plain |= {"payload": event.payload.decode(), "payload_ref": None}
    return EventEnvelope.from_plain(plain)


def _append_line(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{line}\n")
