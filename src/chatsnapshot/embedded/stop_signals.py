"""Signals that ask the supervisor to stop: once for good order, twice for at once."""

import signal
from types import FrameType, TracebackType
from typing import Any

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Counts the requests to stop while it is entered (main thread only); what was ignored stays ignored."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopSignals":
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def requested(self) -> bool:
        """Somebody asked to stop."""
        return self.count > 0

    def hurried(self) -> bool:
        """Somebody asked again: do not wait for anything."""
        return self.count > 1

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
