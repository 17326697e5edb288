"""Notices a process that runs and does not answer any more: stopped, deadlocked, out of memory.

Being busy is no reason to be started anew, so the patience is long: it counts questions that were asked and not
answered, never time alone. A machine that slept, or a supervisor that was stopped itself, asked none meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LivenessPolicy:
    """How often a process is asked, and how many questions in a row it may leave unanswered. Pure, no clock."""

    ask_every_s: float = 5.0
    unanswered_max: int = 12
    """At least a minute, which no healthy process needs for an answer on the busiest machine; with each question's own
    time-out about two."""
    doublings_max: int = 3
    """Starting it anew did not help, or the machine is too slow for this rule: it gets twice as long each time."""
    forgotten_after_s: float = 3600.0
    """A process that answered for that long fell silent for a reason of its own: the patience is the first again."""

    def unanswered_limit(self, patience: int, silences: int) -> int:
        """Questions in a row: `patience` times the rule, after so many processes of the role that fell silent."""
        return self.unanswered_max * patience << min(silences, self.doublings_max)


class Liveness:
    """Asks the present process of one role, on a thread of its own: a question to a hung one takes its whole time-out.

    Counts from the first answer on, or once it had `first_answer_within_s`: a broker that reads its log after a crash
    is silent for good reason.
    """

    def __init__(
        self, is_alive: Callable[[], bool], policy: LivenessPolicy, *, patience: int, first_answer_within_s: float
    ) -> None:
        self._is_alive = is_alive
        self._policy = policy
        self._patience = patience
        self._first_answer_within_s = first_answer_within_s
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = False
        self._process = 0  # which one the counts below are about: an answer may come when it is gone
        self._watching = self._answered = False
        self._began_at = 0.0
        self._unanswered = self._silences = 0
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """A process was started: what the last one did no longer counts."""
        with self._lock:
            self._process += 1
            self._watching, self._answered, self._unanswered = True, False, 0
            self._began_at = time.monotonic()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)
            self._thread.start()

    def pause(self) -> None:
        """There is no process now."""
        with self._lock:
            self._watching = False

    def end(self) -> None:
        """Ask no more. Returns at once; a question under way ends by its time-out."""
        self.pause()
        self._ended = True
        self._wake.set()

    def complaint(self) -> str | None:
        """Why the process should be started anew; None while there is no reason. Said once for each process."""
        with self._lock:
            limit = self._policy.unanswered_limit(self._patience, self._silences)
            if not self._watching or self._unanswered < limit:
                return None
            lived_s = time.monotonic() - self._began_at
            self._silences = 1 if lived_s > self._policy.forgotten_after_s else self._silences + 1
            self._watching = False
            return f"it runs and left {self._unanswered} questions in a row unanswered"

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(self._policy.ask_every_s)
            with self._lock:
                asked = self._process if self._watching else None
            if asked is not None and not self._ended:
                self._note(asked, self._ask())

    def _ask(self) -> bool:
        try:
            return self._is_alive()
        except Exception:
            log.debug("a question whether a process lives", exc_info=True)
            return False

    def _note(self, asked: int, answered: bool) -> None:
        with self._lock:
            if asked != self._process or not self._watching:
                return
            if answered:
                self._answered, self._unanswered = True, 0
            elif self._answered or time.monotonic() - self._began_at > self._first_answer_within_s:
                self._unanswered += 1
