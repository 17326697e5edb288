"""Children of a supervisor that was killed: found by the record it left, and ended before a new start."""

import contextlib
from pathlib import Path
from typing import Any

from chatsnapshot.embedded.process_identity import find_process, import_psutil
from chatsnapshot.embedded.supervision_state import read_record

TERMINATE_WITHIN_S = 10.0
"""A broker flushes its log in about a second; what takes longer hangs."""


def end_leftovers(state_file: Path) -> list[str]:
    """End every recorded child that still runs; returns their roles. The caller owns the folder."""
    record = read_record(state_file)
    if record is None:
        return []
    left = {}
    for role in record.children():
        process = find_process(role.process) if role.process else None
        if process is not None:
            left[process] = role.role
    _end(list(left))
    return list(left.values())


def _end(processes: list[Any]) -> None:
    psutil = import_psutil()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=TERMINATE_WITHIN_S)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=TERMINATE_WITHIN_S)
