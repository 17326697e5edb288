"""When: how often inserts may start, and how long to wait before the next attempt."""

RETRY_AFTER_S = 0.25
RETRY_AFTER_MAX_S = 10.0
"""Tried for ever; ten seconds after ClickHouse is back, everything moves again."""


class Pace:
    """Spreads starts evenly: at most `per_s` a second, no burst saved up."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s
        self._next_at = 0.0

    def is_free(self, now: float) -> bool:
        """Whether one may start now."""
        return now >= self._next_at

    def start(self, now: float) -> None:
        """One started."""
        self._next_at = max(now, self._next_at) + self._interval_s


def retry_after_s(attempt: int) -> float:
    """Seconds to wait after the given failed attempt (from 1): doubles up to the maximum."""
    doublings = min(attempt - 1, 16)  # beyond the maximum anyway; keeps the power small
    return min(RETRY_AFTER_S * float(2**doublings), RETRY_AFTER_MAX_S)
