"""An input record once it is read: what the decision table looks at."""

from dataclasses import dataclass
from typing import Literal

from chatsnapshot_processors.core.records import InputRecord
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import Plain

Position = tuple[int, int]
"""(epoch, input offset): the order of input."""
Source = tuple[bytes, str]
"""(correlation's message key, instance): whose numbers `source_seq` counts."""
CauseKind = Literal["root", "linked", "external", "unresolved"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event goes to quarantine."""

    reason: Reason
    detail: str


@dataclass(slots=True, eq=False)
class Incoming:
    """A readable event: ids and source are valid and this is its partition."""

    record: InputRecord
    epoch: int
    partition: int
    correlation: bytes
    """The correlation's message key."""
    event_id: str
    source: Source | None
    """None without a `source_seq`."""
    number: int
    """`source_seq`; -1 without one."""
    redriven: bool
    content: tuple[Plain, bytes] | None
    """Plain fields and Avro body; None while the event waits: its record's value says the same in less memory."""
    refusal: Refusal | None = None
    """Set when ids and source are right and something else is not; what follows is then empty."""
    digest: bytes = b""
    cause: CauseKind = "root"
    """What to record once every local cause is recorded."""
    causes: tuple[str, ...] = ()
    """Local causes: events of this correlation that come first."""

    @property
    def position(self) -> Position:
        """Where it came from."""
        return self.epoch, self.record.offset
