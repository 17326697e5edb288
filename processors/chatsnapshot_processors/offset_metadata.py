"""What a committed input offset says beside its number, as JSON: whose it is and how far stream time was."""

import json
from dataclasses import dataclass
from typing import Self

from chatsnapshot_schemas.errors import TopicMismatch

VERSION = 1


@dataclass(frozen=True, slots=True)
class OffsetMetadata:
    """`topic_id` and `epoch`: the events topic the offset counts in. `stream_time`: microseconds since 1970."""

    topic_id: str
    epoch: int
    stream_time: int

    def to_text(self) -> str:
        """As it is committed with the offset."""
        return json.dumps(
            {"v": VERSION, "topic_id": self.topic_id, "epoch": self.epoch, "stream_time": self.stream_time},
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str | None, where: str) -> Self:
        """From what was committed. Raises TopicMismatch: somebody else committed, or a later version did."""
        try:
            plain = json.loads(text or "")
            if plain["v"] != VERSION:
                raise TopicMismatch(f"{where}: its metadata has version {plain['v']}, this sequencer knows {VERSION}")
            return cls(str(plain["topic_id"]), int(plain["epoch"]), int(plain["stream_time"]))
        except (ValueError, KeyError, TypeError):
            raise TopicMismatch(
                f"{where} was not committed by a sequencer (metadata {text!r}): delete the offsets of this group, and "
                "the position is taken from the ledger"
            ) from None
