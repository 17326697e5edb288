"""What a person sees while the stack starts, runs and stops."""

import contextlib
import sys
from pathlib import Path
from typing import Protocol, TextIO

from chatsnapshot.embedded.log_file import append_line

ERROR_MARK = "error: "
"""Begins the line in the supervisor's log that says why it gave up."""


class Progress(Protocol):
    """Two kinds of output: lines that stay, and what is being waited for right now."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def busy(self, text: str) -> None:
        """What is being waited for; replaces the one before, an empty text clears it."""


class PlainProgress:
    """Lines on a stream that is no terminal: each thing that is waited for is said once."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last_busy = ""

    def say(self, text: str) -> None:
        """A line."""
        print(text, file=self._stream, flush=True)

    def busy(self, text: str) -> None:
        """A line per kind of wait: figures that move (after a colon) do not repeat it."""
        subject = text.partition(":")[0]
        if subject and subject != self._last_busy:
            self.say(f"{subject} ...")
        self._last_busy = subject


class TerminalProgress:
    """Lines and one live spinner on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status("")
        self._live = False

    def say(self, text: str) -> None:
        """A line above the spinner."""
        self._console.print(text, markup=False)

    def busy(self, text: str) -> None:
        """Turn the spinner, with this text."""
        from rich.text import Text

        if not text:
            self._status.stop()
            self._live = False
            return
        self._status.update(Text(text))
        if not self._live:
            self._status.start()
            self._live = True


class LogProgress:
    """Lines in a log file, with times; what is waited for is not logged."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def say(self, text: str) -> None:
        """A line. A log that cannot be written (a full disk) must not stop its writer."""
        with contextlib.suppress(OSError):
            append_line(self._log, text)

    def busy(self, text: str) -> None:
        """Nothing: a log holds what happened."""


class BothProgress:
    """Tells two."""

    def __init__(self, first: Progress, second: Progress) -> None:
        self._both = (first, second)

    def say(self, text: str) -> None:
        """A line for both."""
        for progress in self._both:
            progress.say(text)

    def busy(self, text: str) -> None:
        """The same wait for both."""
        for progress in self._both:
            progress.busy(text)


def progress_for(stream: TextIO) -> Progress:
    """The livelier one on a terminal, plain lines elsewhere."""
    return TerminalProgress() if stream.isatty() else PlainProgress(stream)
