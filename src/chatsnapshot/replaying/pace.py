"""At most so many records a second."""

import time
from collections.abc import Callable


class Pace:
    """Called once a record; waits when the records before it came faster than the rate. None: no limit."""

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock, self._sleep = clock, sleep
        self._started: float | None = None
        self._count = 0

    def wait(self) -> None:
        """Return when the next record may go."""
        if self._per_second is None:
            return
        if self._started is None:
            self._started = self._clock()
        ahead_s = self._count / self._per_second - (self._clock() - self._started)
        self._count += 1
        if ahead_s > 0:
            self._sleep(ahead_s)
