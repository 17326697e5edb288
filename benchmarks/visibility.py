"""When could a query first see a row? Polls table `ledger`, and tells afterwards for every event."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.installation import Installation

POLL_S = 0.02


@dataclass(frozen=True)
class Seen:
    """One event: microseconds since 1970 of recording and of the broker's append, seconds until a query saw it."""

    recorded_us: int
    appended_us: int
    after_s: float


@dataclass
class VisibilityWatch:
    """The greatest input offset per partition that a query saw, by time.

    A partition's rows appear in the order of their offsets, so an event was visible once a greater or equal offset was.
    """

    installation: Installation
    polls: int = 0
    _at: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    _offsets: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _rows: int = 0

    def watch(self, is_over: Callable[[int], bool], within_s: float) -> None:
        """Poll until `is_over(rows)`, at most `within_s`."""
        deadline = time.monotonic() + within_s
        while not is_over(self._rows) and time.monotonic() < deadline:
            began = time.monotonic()
            self._poll()
            self.installation.stage.check()
            time.sleep(max(0.0, POLL_S - (time.monotonic() - began)))

    def seen(self) -> list[Seen]:
        """Every event in the table that a poll saw."""
        found = self.installation.client.query(
            "SELECT input_partition, input_offset, toUnixTimestamp64Micro(timestamp), "
            f"toUnixTimestamp64Micro(recorded_at) FROM {self.installation.prefix}.ledger"
        )
        events: list[Seen] = []
        for partition, offset, recorded, appended in found.result_rows:
            which = bisect_left(self._offsets[partition], offset)
            if which < len(self._offsets[partition]):
                after_s = self._at[partition][which] - recorded / 1e6
                events.append(Seen(recorded, appended, after_s))
        return events

    def _poll(self) -> None:
        """`count()` comes from metadata; only when there are more rows the table is asked."""
        self.polls += 1
        rows = self.installation.rows()
        if rows == self._rows:
            return
        greatest = self.installation.client.query(
            f"SELECT input_partition, max(input_offset), count() FROM {self.installation.prefix}.ledger "
            "GROUP BY input_partition",
            settings={"final": 0},
        )
        now = time.time()  # the clock of the events' timestamps; the row may have been visible a little earlier
        self._rows = 0
        for partition, offset, count in greatest.result_rows:
            self._rows += count
            if not self._offsets[partition] or offset > self._offsets[partition][-1]:
                self._at[partition].append(now)
                self._offsets[partition].append(offset)
