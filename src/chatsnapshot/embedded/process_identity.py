"""Processes told apart beyond doubt: a process id is given again, a process id with its start time is not."""

import os
from typing import Any

from pydantic import BaseModel, ConfigDict

from chatsnapshot_schemas.errors import MissingExtra

START_TIME_TOLERANCE_S = 2.0
"""The start time is counted from the boot time, which moves a little when the clock is corrected."""


class ProcessIdentity(BaseModel):
    """A process: its id and when it started (seconds since 1970)."""

    model_config = ConfigDict(frozen=True)

    pid: int
    create_time: float


def identify(pid: int) -> ProcessIdentity:
    """The process that has this id now; start time 0 when there is none any more."""
    psutil = import_psutil()
    try:
        return ProcessIdentity(pid=pid, create_time=psutil.Process(pid).create_time())
    except psutil.Error:
        return ProcessIdentity(pid=pid, create_time=0.0)


def identify_self() -> ProcessIdentity:
    """This process."""
    return identify(os.getpid())


def find_process(identity: ProcessIdentity) -> Any | None:
    """The `psutil.Process`, or None when that very process does not run any more."""
    psutil = import_psutil()
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.create_time) <= START_TIME_TOLERANCE_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def memory_bytes(identity: ProcessIdentity, *, alone: bool = False) -> int | None:
    """Resident memory of the process and (unless `alone`) what it started; None when it does not run."""
    process = find_process(identity)
    if process is None:
        return None
    try:
        family = [process] if alone else [process, *process.children(recursive=True)]
        return sum(int(member.memory_info().rss) for member in family)
    except import_psutil().Error:
        return None


def import_psutil() -> Any:
    """The library, or MissingExtra."""
    try:
        import psutil
    except ImportError as error:
        raise MissingExtra("embedded", "the embedded stack") from error
    return psutil
