"""Log files of the stack: appended to by the processes themselves, bounded by the supervisor, read by people."""

import os
import re
import shutil
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

LOG_BYTES_MAX = 16 * 1024 * 1024
"""One older generation is kept beside the file: at most twice this per role."""
READ_BYTES_MAX = 4 * 1024 * 1024
"""How far back `last_lines` looks."""
TIME_CHARACTERS = len("2026-01-31 23:59:59 ")


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


class LogReader:
    """New complete lines of one file, from the moment this reader is made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = _size(path)

    def lines(self) -> list[str]:
        """Those since the last call; a file that was begun again is read from its start."""
        size = _size(self._path)
        if size == self._position:
            return []
        start = self._position if size > self._position else 0
        with self._path.open("rb") as file:
            file.seek(start)
            complete, newline, _ = file.read(READ_BYTES_MAX).rpartition(b"\n")
        self._position = start + len(complete) + len(newline)
        return complete.decode("utf-8", "replace").splitlines()


def without_time(line: str) -> str:
    """A line of `append_line` without its time."""
    head, text = line[:TIME_CHARACTERS], line[TIME_CHARACTERS:]
    return text if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", head) else line


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
