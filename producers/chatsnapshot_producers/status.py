"""What a Recorder says about itself."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """One look at a Recorder. Counts are of this process since its start, unless they say otherwise."""

    destination: str
    """Where events go."""
    instance: str
    """The instance id that runs which begin now count under."""
    spool: Path | None
    """This process's spool folder; None before the first event."""
    spooled: int
    """Events in the spool now, not acknowledged yet, adopted ones included."""
    spool_bytes: int
    """What they take on disk."""
    recorded: int
    """Events put into the spool."""
    sent: int
    """Events handed to the destination at least once, adopted ones included."""
    acknowledged: int
    """Events the destination holds for good, adopted ones included."""
    dropped: int
    """Events that found the spool full: their numbers are used up, so the gap shows in the run."""
    rejected: int
    """Events the destination refused for good; they are in the folder `rejected`."""
    damages: int
    """Places of a spool that could not be read; the bytes are in the folder `rejected` too."""
    adopted: int
    """Spools of dead processes that this one took over."""
    connected: bool
    """Whether the last thing heard from the destination was an acknowledgement."""
    last_error: str | None
    """The last trouble, also when it is over."""
