"""Where the spool lies and what happens when it is full."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SpoolPolicy = Literal["block_then_drop", "raise", "block"]


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """One value for all that a spool is told from outside."""

    root: Path
    """Folder that holds one sub-folder per running process, and `rejected/`."""
    bytes_max: int = 1024 * 1024 * 1024
    """Events not acknowledged yet, with their whole payloads; one segment of up to 4 MiB may lie beside them."""
    policy: SpoolPolicy = "block_then_drop"
    """When full, or when the disk is: wait a while and then drop and count; raise SpoolFull; wait for ever."""
    block_s: float = 5.0
    fsync: bool = False
    """True survives the loss of power too; False survives the death of the process."""
