"""Whether a broker that does not acknowledge should be given more. Pure: the time comes from outside."""

PROBE_EVERY_S = 1.0
"""While the broker is silent one request a second is let through, to find out; the others are refused at once."""


class Silence:
    """When something was settled last. Times are monotonic seconds; any thread may use it."""

    def __init__(self, silent_after_s: float) -> None:
        self._silent_after_s = silent_after_s
        self._settled_at = self._probed_at = float("-inf")

    def settled(self, now: float) -> None:
        """The broker said something about an event, or there was nothing that it could have said."""
        self._settled_at = now

    def lets_through(self, now: float, open_events: int) -> bool:
        """Whether a request may hand over more, with so many events not settled yet."""
        if not open_events or now - self._settled_at < self._silent_after_s:
            return True
        if now - self._probed_at < PROBE_EVERY_S:
            return False
        self._probed_at = now
        return True
