"""What the supervisor is doing: `supervisor.json` in the data folder, for `status`, `down` and the next start."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chatsnapshot.embedded.process_identity import ProcessIdentity
from chatsnapshot.embedded.whole_file import write_whole

Phase = Literal["starting", "up", "stopping", "stopped", "failed"]
RoleState = Literal["waiting", "starting", "ready", "backing_off", "failing", "stopped"]


class RoleRecord(BaseModel):
    """One supervised process as the supervisor sees it."""

    model_config = ConfigDict(frozen=True)

    role: str
    state: RoleState
    process: ProcessIdentity | None = None
    port: int | None = None
    restarts: int = 0
    last_exit: str | None = None


class SupervisionRecord(BaseModel):
    """The supervisor and all its children."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    phase: Phase
    supervisor: ProcessIdentity
    started_at: str
    error: str | None = None
    roles: tuple[RoleRecord, ...] = ()

    def children(self) -> Iterator[RoleRecord]:
        """Those that had a process."""
        return (role for role in self.roles if role.process is not None)


def read_record(path: Path) -> SupervisionRecord | None:
    """The last record; None when there is none that can be read."""
    try:
        return SupervisionRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_record(path: Path, record: SupervisionRecord) -> None:
    """Replace the record in one step. Raises OSError."""
    write_whole(path, record.model_dump_json(indent=1))


def now_text() -> str:
    """The present time as the records hold it: RFC 3339, UTC, seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
