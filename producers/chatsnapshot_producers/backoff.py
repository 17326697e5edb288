"""How long to wait before the next attempt."""

import random

FIRST_S = 0.1
MAX_S = 5.0
"""Soon enough after a broker comes back, rare enough while it is away."""


class Backoff:
    """Doubling waits up to MAX_S, with jitter so that many processes do not come back at once."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def wait_s(self) -> float:
        """Seconds to wait now; the next time it is longer."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(MAX_S, self._next_s * 2)
        return wait_s

    def reset(self) -> None:
        """It worked: begin small again."""
        self._next_s = FIRST_S
