"""The work behind `chatsnapshot import`."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol

import typer

from chatsnapshot.recording import Recorder
from chatsnapshot.settings import Settings
from chatsnapshot.validation.envelope_file import LINE_BYTES_MAX
from chatsnapshot_schemas.errors import InvalidEvent, Undelivered
from chatsnapshot_schemas.reasons import Reason

WINDOW_EVENTS = 20_000
"""So many events at most are on the way: the bar shows what is acknowledged, and the spool stays small."""
WINDOW_BYTES = 128 * 1024 * 1024
"""The same for large payloads: a few of them fill a spool."""
SHOWN_MAX = 20
"""Refused lines are all in the file; so many are printed."""


class Step(Protocol):
    """Told how many more bytes of the file are done."""

    def __call__(self, read_bytes: int) -> None:
        """Advance."""


@dataclass(slots=True)
class ImportSummary:
    """What became of the lines."""

    accepted: int = 0
    refused: int = 0
    rejected_file: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        file = str(self.rejected_file) if self.rejected_file else None
        return {"accepted": self.accepted, "refused": self.refused, "rejected_file": file}

    def text(self) -> str:
        """One line for people."""
        line = f"{self.accepted:,} events acknowledged"
        return f"{line}, {self.refused:,} lines refused: {self.rejected_file}" if self.refused else line


class Import:
    """Reads one file line by line and forwards every envelope untouched."""

    def __init__(self, file: str, tenant: str | None, wait_s: float, step: Step) -> None:
        self._name = "stdin" if file == "-" else file
        self._file = file
        self._tenant = tenant or Settings().tenant
        self._wait_s = wait_s
        self._step = step
        self._rejected: IO[bytes] | None = None
        self._summary = ImportSummary()

    def run(self) -> ImportSummary:
        """Forward everything. Raises OSError (the file), Undelivered, SpoolFull."""
        with quiet_producer_log():
            self._run()
        return self._summary

    def _run(self) -> None:
        recorder = Recorder.connect(tenant=self._tenant, spool_policy="raise")
        try:
            with _opened(self._file) as lines:
                self._forward_all(recorder, lines)
            recorder.flush(self._wait_s)
        except Undelivered as error:
            raise Undelivered(f"{error}; the same import may be run again") from None
        finally:
            if self._rejected is not None:
                self._rejected.close()
            recorder.close(0)

    def _forward_all(self, recorder: Recorder, lines: IO[bytes]) -> None:
        unflushed_bytes = 0
        for number, (line, rest) in enumerate(_lines(lines), 1):
            unflushed_bytes += len(line)
            if line.strip():
                self._forward(recorder, number, line, rest)
            if number % WINDOW_EVENTS == 0 or unflushed_bytes >= WINDOW_BYTES:
                recorder.flush(self._wait_s)
                self._step(unflushed_bytes)
                unflushed_bytes = 0
        self._step(unflushed_bytes)

    def _forward(self, recorder: Recorder, number: int, line: bytes, rest: Iterable[bytes]) -> None:
        try:
            if len(line) >= LINE_BYTES_MAX:
                raise InvalidEvent("line", f"longer than {LINE_BYTES_MAX} bytes", Reason.TOO_LARGE)
            recorder.forward_json(line, tenant_id=self._tenant)
        except InvalidEvent as error:
            self._keep(chain([line], rest))
            self._report(number, error)
        else:
            self._summary.accepted += 1

    def _keep(self, pieces: Iterable[bytes]) -> None:
        if self._rejected is None:
            self._summary.rejected_file = Path(f"{self._name}.rejected.ndjson")
            self._rejected = self._summary.rejected_file.open("wb")
        for piece in pieces:
            self._rejected.write(piece)
        if not piece.endswith(b"\n"):
            self._rejected.write(b"\n")

    def _report(self, number: int, error: InvalidEvent) -> None:
        self._summary.refused += 1
        if self._summary.refused <= SHOWN_MAX:
            typer.echo(f"{self._name}:{number}: {error}", err=True)
        elif self._summary.refused == SHOWN_MAX + 1:
            typer.echo(f"further refused lines are in {self._summary.rejected_file}", err=True)


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, Iterable[bytes]]]:
    """Every line: its first LINE_BYTES_MAX bytes, and an iterator over the rest, skipped if nobody reads it."""
    while line := file.readline(LINE_BYTES_MAX):
        rest = _rest_of_line(file) if len(line) >= LINE_BYTES_MAX and not line.endswith(b"\n") else iter(())
        yield line, rest
        for _ in rest:
            pass


def _rest_of_line(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.readline(LINE_BYTES_MAX):
        yield piece
        if piece.endswith(b"\n"):
            return


@contextmanager
def quiet_producer_log() -> Iterator[None]:
    """A command that waits for the acknowledgement says itself, in one line, what is left in the spool and why."""
    producer = logging.getLogger("chatsnapshot.producer")
    before = producer.level
    producer.setLevel(logging.ERROR)
    try:
        yield
    finally:
        producer.setLevel(before)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as opened:
        yield opened


@contextmanager
def import_progress(file: str) -> Iterator[Step]:
    """A bar on a terminal, nothing elsewhere."""
    path = Path(file)
    total = path.stat().st_size if file != "-" and path.is_file() else None
    if not sys.stderr.isatty():
        yield lambda read_bytes: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"importing {file}", total=total)
        yield lambda read_bytes: progress.advance(task, read_bytes)
