"""Where the running stack is: `endpoints.json` in the data folder, for clients and the command line."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from chatsnapshot.embedded.file_lock import is_locked
from chatsnapshot.embedded.whole_file import write_whole

ENDPOINTS_FILE = "endpoints.json"
SUPERVISOR_LOCK = "supervisor.lock"
"""Held by the supervisor for its whole life: the kernel's word on whether the stack runs."""


class KafkaEndpoint(BaseModel):
    """The broker."""

    model_config = ConfigDict(frozen=True)

    bootstrap_servers: str


class ClickHouseEndpoint(BaseModel):
    """The HTTP interface of ClickHouse, and the database in it."""

    model_config = ConfigDict(frozen=True)

    url: str
    database: str


class HttpEndpoint(BaseModel):
    """ChatSnapshot's own HTTP server."""

    model_config = ConfigDict(frozen=True)

    url: str


class Endpoints(BaseModel):
    """The addresses of a running stack, and its supervisor."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    pid: int
    started_at: str
    """RFC 3339, UTC, ends in Z."""
    kafka: KafkaEndpoint
    clickhouse: ClickHouseEndpoint
    http: HttpEndpoint


def read_endpoints(data_dir: Path) -> Endpoints | None:
    """The addresses of the stack that runs on this folder; None when none runs or it is not up yet."""
    if not is_locked(data_dir / SUPERVISOR_LOCK):
        return None
    try:
        endpoints = Endpoints.model_validate_json((data_dir / ENDPOINTS_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return endpoints if _exists(endpoints.pid) else None


def _exists(pid: int) -> bool:
    """Whether there is such a process: a new supervisor owns the folder a moment before it removes the old file."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def write_endpoints(data_dir: Path, endpoints: Endpoints) -> None:
    """Publish the addresses, in one step."""
    write_whole(data_dir / ENDPOINTS_FILE, endpoints.model_dump_json(indent=1))


def remove_endpoints(data_dir: Path) -> None:
    """The stack is not there any more."""
    (data_dir / ENDPOINTS_FILE).unlink(missing_ok=True)
