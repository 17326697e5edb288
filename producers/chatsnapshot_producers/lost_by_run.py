"""Numbers that were given out and never sent, by instance and run."""

from chatsnapshot_schemas.source_reports import NONE_LOST, LostNumbers

RUNS_MAX = 20_000
"""As many as one process counts at once; beyond it the oldest are forgotten: their gaps show without a reason."""

Whose = tuple[bytes, str]
"""Message key of the run, and instance."""


class LostByRun:
    """Bounded. Not thread-safe."""

    def __init__(self) -> None:
        self._lost: dict[Whose, LostNumbers] = {}

    def add(self, whose: Whose, number: int) -> None:
        """One number more."""
        self._lost[whose] = self.of(whose).adding(number)
        if len(self._lost) > RUNS_MAX:
            del self._lost[next(iter(self._lost))]

    def of(self, whose: Whose) -> LostNumbers:
        """Those of one run."""
        return self._lost.get(whose, NONE_LOST)

    def snapshot(self) -> dict[Whose, LostNumbers]:
        """All of them, as they are now."""
        return dict(self._lost)

    def forget(self, whose: Whose) -> None:
        """The run is over."""
        self._lost.pop(whose, None)
