"""What an adapter wants recorded: keys instead of ids, so that it can be made without a Recorder."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Draft:
    """One fact in the framework's own names."""

    event_type: str
    payload: dict[str, Any]
    key: str
    """Natural key with its scope; the event id is its UUIDv5, so the same fact always gets the same id."""
    causes: tuple[str, ...] | None = field(default=())
    """Natural keys of the events that led here, the main one first; None: whatever encloses the run."""
    at: float | None = None
    """The framework's own time, seconds since 1970; None: now."""
