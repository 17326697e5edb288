"""What a long verification says of itself."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is to do as far as is known."""


class Steps:
    """Tells about one step after the other."""

    def __init__(self, progress: Progress = lambda doing, done, total: None) -> None:
        self._progress = progress
        self._doing, self._done, self._total = "", 0, 0

    def begin(self, doing: str, total: int) -> None:
        """The next step."""
        self._doing, self._done, self._total = doing, 0, max(total, 1)
        self._progress(doing, 0, self._total)

    def advance(self, more: int, doing: str = "") -> None:
        """So much more of it is done; `doing`: what of it comes now."""
        self._doing = doing or self._doing
        self._done = min(self._done + more, self._total)
        self._progress(self._doing, self._done, self._total)
