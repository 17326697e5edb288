"""Event ids: UUIDv7 for what happens now, UUIDv5 where the runtime has a natural key."""

import os
import time
import uuid
from threading import Lock

NATURAL_KEY_NAMESPACE = uuid.UUID("6f1c6b1e-6e0a-5f0b-9c52-0d7c1a1f6b3e")
"""Fixed for ever: the same natural key must give the same id in every version and every process."""

_COUNTER_MAX = 0xFFF
_RANDOM_62_BITS = (1 << 62) - 1
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


class _Clock:
    """(millisecond, counter) pairs that only grow, also within one millisecond or when the clock steps back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._millisecond = 0
        self._counter = 0

    def tick(self) -> tuple[int, int]:
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._millisecond:
                self._millisecond, self._counter = now, 0
            elif self._counter < _COUNTER_MAX:
                self._counter += 1
            else:
                self._millisecond, self._counter = self._millisecond + 1, 0
            return self._millisecond, self._counter


_clock = _Clock()


def new_event_id() -> str:
    """A UUIDv7 (RFC 9562, section 6.2 method 1), lower-case; later ones of a process sort after earlier ones."""
    millisecond, counter = _clock.tick()
    # os.urandom and not `random`: a forked child must not repeat its parent's ids
    random = int.from_bytes(os.urandom(8), "big") & _RANDOM_62_BITS
    text = f"{(millisecond << 80) | _VERSION_7 | (counter << 64) | _VARIANT | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def natural_event_id(tenant_id: str, correlation_id: str, runtime: str, key: str) -> str:
    """The UUIDv5 of what a runtime calls this event: recording it twice is recording it once."""
    return str(uuid.uuid5(NATURAL_KEY_NAMESPACE, f"{tenant_id}\0{correlation_id}\0{runtime}\0{key}"))


def reset_after_fork() -> None:
    """The child gets a lock that no thread of its parent holds."""
    _clock._lock = Lock()
