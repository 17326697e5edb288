"""Source numbers: per correlation dense from 0, under an instance id that never counts the same thing twice."""

import os
import re
import secrets
import socket
from collections import OrderedDict, deque
from dataclasses import dataclass

CORRELATIONS_MAX = 20_000
"""Correlations counted at once; about 4 MB. More active runs than that in one process only cost new instance ids."""
EVICTED_AT_ONCE = 1_000
"""Every eviction needs a new instance id, so that it is done rarely."""
EVICTED_KEPT_MAX = 20_000
"""Evicted counters that nobody has asked for yet. What is forgotten beyond them is only not reported."""
_HOST_CHARS_MAX = 40


@dataclass(slots=True)
class Counter:
    """The next number of one correlation under one instance; its user adds 1 once the number is used."""

    instance: str
    next: int = 0


class Numbering:
    """The counters of one process start. Not thread-safe: the number and the append happen under the caller's lock."""

    def __init__(self, correlations_max: int = CORRELATIONS_MAX, evicted_at_once: int = EVICTED_AT_ONCE) -> None:
        self._counters: OrderedDict[bytes, Counter] = OrderedDict()
        self._correlations_max = correlations_max
        self._evicted_at_once = evicted_at_once
        self._evicted: deque[tuple[bytes, Counter]] = deque(maxlen=EVICTED_KEPT_MAX)
        self.instance = new_instance_id()
        """What counters that begin now count under."""

    def counter(self, key: bytes) -> Counter:
        """The counter of a correlation, by its message key."""
        counter = self._counters.get(key)
        if counter is None:
            return self._begin(key)
        self._counters.move_to_end(key)
        return counter

    def counters(self) -> tuple[list[tuple[bytes, Counter]], list[tuple[bytes, Counter]]]:
        """(those that count, those that were evicted since the last call), each by its message key."""
        evicted = list(self._evicted)
        self._evicted.clear()
        return list(self._counters.items()), evicted

    @property
    def evicted_count(self) -> int:
        """How many were evicted since `counters` was last called; any thread may look."""
        return len(self._evicted)

    def _begin(self, key: bytes) -> Counter:
        if len(self._counters) >= self._correlations_max:
            self._evict()
        counter = self._counters[key] = Counter(self.instance)
        return counter

    def _evict(self) -> None:
        """Forget the counters that rested longest. A correlation that comes back begins at 0 under a new instance."""
        for _ in range(min(self._evicted_at_once, len(self._counters))):
            self._evicted.append(self._counters.popitem(last=False))
        self.instance = new_instance_id()


def new_instance_id() -> str:
    """Unique per producer start: `host-pid-random`, so that a person who sees a gap knows which process to look at."""
    host = re.sub(r"[^A-Za-z0-9._-]", "_", socket.gethostname())[:_HOST_CHARS_MAX] or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(5)}"
