"""Text that arrives in pieces: kept until the whole comes, or until the call was broken off."""

from ag2 import events
from ag2.events import BaseEvent

CHARS_MAX = 4 * 1024 * 1024
"""Of text and of reasoning: more than any model writes in one answer."""


class Deltas:
    """What one model call has said so far."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._chars = 0

    def add(self, event: BaseEvent) -> None:
        """Take a piece. AG2 repeats the whole text as a `ModelMessage` after the pieces."""
        if isinstance(event, events.ModelReasoning):
            self._append(self._reasoning, event.content)
        elif isinstance(event, events.ModelMessageChunk):
            self._append(self._text, event.content)
        elif isinstance(event, events.ModelMessage):
            self._text = [event.content]

    def take(self) -> tuple[str, str]:
        """Text and reasoning so far; both start over."""
        text, reasoning = "".join(self._text), "".join(self._reasoning)
        self._text, self._reasoning, self._chars = [], [], 0
        return text, reasoning

    def _append(self, pieces: list[str], piece: str) -> None:
        if self._chars + len(piece) <= CHARS_MAX:
            pieces.append(piece)
            self._chars += len(piece)
