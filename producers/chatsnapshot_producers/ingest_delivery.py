"""The acknowledgements of one request's events, gathered from the client's thread. No Kafka here."""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple


class Problem(NamedTuple):
    """Why an event is not acknowledged. `refused`: by the broker, for what it is; else its fate is not known."""

    message: str
    refused: bool


class Delivery:
    """One place for each event, filled in by any thread; `on_settled` is called once, when none is open."""

    def __init__(self, events: int, on_settled: Callable[[], None]) -> None:
        self._open = events
        self._outcomes: list[Problem | bool | None] = [None] * events
        self._on_settled = on_settled
        self._lock = Lock()

    def settle(self, index: int, problem: Problem | None) -> None:
        """The client's last word on an event: acknowledged, or why not."""
        with self._lock:
            if self._outcomes[index] is not None:
                return
            self._outcomes[index] = problem or True
            self._open -= 1
            settled = self._open == 0
        if settled:
            self._on_settled()

    def settle_from(self, index: int, problem: Problem) -> None:
        """The same for this event and all after it."""
        for each in range(index, len(self._outcomes)):
            self.settle(each, problem)

    def problems(self, when_open: Problem) -> list[Problem | None]:
        """One for each event, None where it is acknowledged; `when_open` where nothing was heard yet."""
        with self._lock:
            outcomes = list(self._outcomes)
        return [None if each is True else each or when_open for each in outcomes]
