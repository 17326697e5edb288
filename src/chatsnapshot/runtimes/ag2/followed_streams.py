"""The streams that a capture follows: their trails and taps, the longest unused ones let go."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from ag2.context import Stream, SubId

from chatsnapshot.runtimes.ag2.storage_tap import StorageTap
from chatsnapshot.runtimes.ag2.trail import Trail

STREAMS_MAX = 2_000
"""Followed at once, beside those with an open turn; every delegation to a sub-agent opens one."""


@dataclass(slots=True)
class Followed:
    """One stream."""

    trail: Trail
    open_turns: int = 0
    stream: Stream | None = None
    subscription: SubId | None = None
    storage_tap: StorageTap | None = None

    def let_go(self) -> None:
        """Take the taps away."""
        if self.stream is None:
            return
        if self.subscription is not None:
            self.stream.unsubscribe(self.subscription)
        history = self.stream.history
        if self.storage_tap is not None and history.storage is self.storage_tap:
            history.storage = self.storage_tap.inner
        self.stream = self.subscription = self.storage_tap = None


class FollowedStreams:
    """By stream id, the latest used last. A stream with an open turn stays whatever happens."""

    def __init__(self, streams_max: int = STREAMS_MAX) -> None:
        self._by_id: OrderedDict[str, Followed] = OrderedDict()
        self._streams_max = streams_max

    def get(self, stream_id: str) -> Followed | None:
        """The stream, used now."""
        followed = self._by_id.get(stream_id)
        if followed is not None:
            self._by_id.move_to_end(stream_id)
        return followed

    def add(self, stream_id: str, trail: Trail) -> Followed:
        """Follow one more."""
        followed = self._by_id[stream_id] = Followed(trail)
        if len(self._by_id) > self._streams_max:
            resting = next((known for known, other in self._by_id.items() if not other.open_turns), stream_id)
            if resting != stream_id:
                self._by_id.pop(resting).let_go()
        return followed

    def drain(self) -> Iterator[Followed]:
        """Every stream, forgotten as it is handed out."""
        while self._by_id:
            yield self._by_id.popitem()[1]
