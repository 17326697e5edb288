"""What a sequencer did since it was made: figures for metrics, not part of the state."""

from collections import Counter
from dataclasses import dataclass, field

from chatsnapshot_schemas.reasons import Reason


@dataclass(slots=True)
class Counts:
    """Events, unless said otherwise."""

    recorded: int = 0
    duplicates: int = 0
    """The same fact came again, in another input record."""
    replays: int = 0
    """The same input record came again."""
    quarantined: Counter[Reason] = field(default_factory=Counter)
    held: int = 0
    """Had to wait when they came."""
    released: int = 0
    """Waited, and had all they waited for."""
    expired: int = 0
    """Waited until their bound, or were waited for by such a one."""
    pushed_out: int = 0
    """Left early because limits of held events were reached, or were waited for by such a one."""
    late: int = 0
    gaps: int = 0
    """Records with a `gap_before`."""
    missing: int = 0
    """Source numbers: the sum of all `gap_before`."""
    unresolved: int = 0
    source_seq_reused: int = 0
    ticks: int = 0
    """Control records."""

    def decided(self) -> dict[str, int]:
        """What is not seen from the outputs of a step, by the name it has as a metric."""
        return {
            "held": self.held,
            "released": self.released,
            "expired": self.expired,
            "pushed_out": self.pushed_out,
            "late": self.late,
            "gaps": self.gaps,
            "missing_numbers": self.missing,
            "unresolved": self.unresolved,
            "source_seq_reused": self.source_seq_reused,
        }
