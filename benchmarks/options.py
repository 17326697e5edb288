"""What a run of the benchmarks is told."""

from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PEERS_PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"
"""Quix Streams pins another confluent-kafka than ours; `make bench` makes this environment."""
COUNT_MIN = 1_000
"""Fewer events than this end before anything has warmed up."""
SECONDS_MIN = 2.0


@dataclass(frozen=True)
class Options:
    """Counts and durations are given for scale 1 and shrink with it; rates stay."""

    scale: float = 1.0
    repeat: int = 3
    folder: Path | None = None
    """Where the temporary data folders go; None: the system's temporary folder."""
    peers_python: Path = field(default=PEERS_PYTHON)

    def count(self, at_full_scale: int) -> int:
        """Events or rows."""
        return max(min(COUNT_MIN, at_full_scale), round(at_full_scale * self.scale))

    def seconds(self, at_full_scale: float) -> float:
        """How long something is kept up."""
        return max(min(SECONDS_MIN, at_full_scale), at_full_scale * self.scale)

    @property
    def has_peers(self) -> bool:
        """Whether the peers' own environment is there."""
        return self.peers_python.exists()
