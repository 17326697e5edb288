"""Log files of the stack: appended to by the processes themselves, bounded by the supervisor, read by people."""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

LOG_BYTES_MAX = 16 * 1024 * 1024
"""One older generation is kept beside the file: at most twice this per role."""
READ_BYTES_MAX = 4 * 1024 * 1024
"""How far back `last_lines` looks."""
FOLLOW_POLL_S = 0.2


def append_line(path: Path, text: str) -> None:
    """One line with the time before it (UTC)."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{now} {text}\n")


def bound_log(path: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Move the content of a file that has grown too large to `<name>.1`, in place.

    The writing process keeps its open file (opened for append), so it need not take part.
    """
    try:
        if path.stat().st_size <= bytes_max:
            return
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)
    except OSError:
        return  # tried again at the next round; a log must not stop the stack


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines, without line ends; empty when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - READ_BYTES_MAX))
            return [line.decode("utf-8", "replace").rstrip("\r\n") for line in deque(file, maxlen=count)]
    except OSError:
        return []


def follow(paths: dict[str, Path], wait: Callable[[float], None]) -> Iterator[tuple[str, str]]:
    """New lines of several files from now on, as (name, line), until the caller stops; `wait` sleeps."""
    positions = {name: _size(path) for name, path in paths.items()}
    while True:
        for name, path in paths.items():
            lines, positions[name] = _new_lines(path, positions[name])
            for line in lines:
                yield name, line
        wait(FOLLOW_POLL_S)


def _new_lines(path: Path, position: int) -> tuple[list[str], int]:
    size = _size(path)
    if size == position:
        return [], position
    start = position if size > position else 0  # shorter: the file was begun again
    with path.open("rb") as file:
        file.seek(start)
        complete, newline, _ = file.read(READ_BYTES_MAX).rpartition(b"\n")
    return complete.decode("utf-8", "replace").splitlines(), start + len(complete) + len(newline)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
