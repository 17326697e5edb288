"""How many ledger rows a query sees by now."""

import time
from collections.abc import Callable

from benchmarks.failing import BenchmarkFailed
from benchmarks.installation import Installation

LOOK_EVERY_S = 0.05
GROUP_EVERY_S = 0.02


def until_rows(installation: Installation, count: int, within_s: float) -> list[tuple[float, int]]:
    """(monotonic time, rows) whenever there were more, until there are `count`. Raises BenchmarkFailed."""
    deadline = time.monotonic() + within_s
    seen: list[tuple[float, int]] = []
    last = 0
    while last < count:
        rows = installation.rows()
        now = time.monotonic()
        if rows > last:
            last = rows
            seen.append((now, rows))
        elif now > deadline:
            raise BenchmarkFailed(f"{rows} of {count} rows within {within_s:g} s")
        installation.stage.check()
        time.sleep(LOOK_EVERY_S)
    return seen


def until_group(has_members: Callable[[str], bool], group: str, check: Callable[[], None], within_s: float) -> float:
    """The moment at which a consumer group has partitions. Raises BenchmarkFailed."""
    deadline = time.monotonic() + within_s
    while not has_members(group):
        check()
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"group {group} has no partitions after {within_s:g} s")
        time.sleep(GROUP_EVERY_S)
    return time.monotonic()
