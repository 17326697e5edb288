"""The live side of the AG2 adapter: taps on streams, brackets of turns, one trail per stream."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from ag2.annotations import Context
from ag2.context import Stream, StreamId
from ag2.events import BaseEvent, TaskCompleted
from ag2.utils import AGENT_CONTEXT_DEPENDENCY_KEY

from chatsnapshot.runtimes.ag2.followed_streams import Followed, FollowedStreams
from chatsnapshot.runtimes.ag2.storage_tap import StorageTap
from chatsnapshot.runtimes.ag2.trail import Trail
from chatsnapshot.runtimes.ag2.turn import Turn
from chatsnapshot.runtimes.attachment import Attachment
from chatsnapshot.runtimes.draft import Draft
from chatsnapshot.runtimes.jsonable import error_of
from chatsnapshot_producers.causes import INHERIT, causes_of
from chatsnapshot_producers.run import Run

RUNTIME = "ag2"


class _Around(NamedTuple):
    """What runs around the present code, for sub-agents that start inside it."""

    capture: "Capture"
    turn: Turn


_around: ContextVar[_Around | None] = ContextVar("chatsnapshot_ag2_around", default=None)


class Capture(Attachment):
    """Turns what the taps see into ledger events."""

    def __init__(self, run: Run, *, resumed: bool = False) -> None:
        super().__init__(run, RUNTIME)
        self.active = True
        self._resumed = resumed
        self._streams = FollowedStreams()

    def tap(self, stream: Stream, agent: str | None = None) -> None:
        """Listen to a stream from now on, ahead of everything that is registered later."""
        followed = self._followed(str(stream.id), agent)
        if followed.stream is not None:
            return
        followed.stream = stream
        followed.subscription = stream.subscribe(self._on_event, interrupt=True)
        history = stream.history
        if not isinstance(history.storage, StorageTap):
            followed.storage_tap = history.storage = StorageTap(history.storage, self)

    def turn_opened(self, context: Context) -> None:
        """A turn is about to begin on a stream."""
        self.tap(context.stream, agent_name(context))

    def untap(self) -> None:
        """Let go of every stream."""
        for followed in self._streams.drain():
            self.guard(followed.let_go)

    async def read_stored(self, context: Context) -> None:
        """Continue the counts of a stream that already has a history. Never raises."""
        trail = self.guard(self.trail, context)
        if trail is None or trail.was_used:
            return
        try:
            stored = list(await context.stream.history.get_events())
        except Exception as error:
            self.failed(error, "read_stored")
            return
        self.guard(partial(trail.continued, linked=self._resumed), stored)

    def trail(self, context: Context) -> Trail:
        """The trail of the stream that a context belongs to."""
        return self._followed(str(context.stream.id), agent_name(context)).trail

    def stored(self, event: BaseEvent, context: Context) -> None:
        """A storage took an event: of a stream that is not tapped yet it is the first sign."""
        followed = self._followed(str(context.stream.id), agent_name(context))
        if self.active and followed.stream is None:
            self.tap(context.stream)
            self._read(event, context)

    def history_replaced(self, stream_id: StreamId, events: list[BaseEvent]) -> None:
        """The framework rewrote a history that this capture follows."""
        followed = self._streams.get(str(stream_id))
        if self.active and followed is not None:
            self.record(followed.trail.repaired(events))

    def turn_started(self, context: Context) -> Turn:
        """Record that a turn began."""
        trail, outer = self.trail(context), self._surroundings()
        turn = Turn(
            entity="agent" if outer else "run",
            entity_id=trail.scope.key(trail.scope.observed("turn")),
            name=agent_name(context),
            parent_entity_id=outer.entity_id if outer else self._lifecycle(),
            trail=trail,
        )
        self.record([turn.started()], turn.name)
        trail.turn_begun(turn.entity_id, turn.started_key)
        return turn

    def turn_ended(self, turn: Turn, duration_ms: float, error: BaseException | None = None) -> None:
        """Record how a turn ended."""
        extra: dict[str, Any] = {"duration_ms": duration_ms}
        phase = "completed"
        if error is not None:
            phase = "failed" if isinstance(error, Exception) else "cancelled"
            extra["error"] = error_of(error)
        self.record([*turn.trail.broken_off(), turn.ended(phase, extra)], turn.name)

    def call_broken_off(self, context: Context, error: BaseException) -> None:
        """Record what a model call had said before it failed."""
        self.record(self.trail(context).broken_off(error), agent_name(context))

    @contextmanager
    def inside(self, turn: Turn) -> Iterator[None]:
        """What is recorded inside the turn follows from its start, unless something closer encloses it."""
        followed = self._streams.get(turn.stream_id) or Followed(turn.trail)
        token = _around.set(_Around(self, turn))
        followed.open_turns += 1
        try:
            with self.enclosing(turn.started_key):
                yield
        finally:
            followed.open_turns -= 1
            _around.reset(token)

    @contextmanager
    def in_tool(self, context: Context, call_id: str) -> Iterator[None]:
        """What is recorded inside a tool follows from the call."""
        trail = self.guard(self.trail, context)
        key = trail.call_key(call_id) if trail else None
        if key is None:
            yield
            return
        with self.enclosing(key):
            yield

    async def _on_event(self, event: BaseEvent, context: Context) -> BaseEvent:
        if self.active:
            self.guard(self._read, event, context)
        return event

    def _read(self, event: BaseEvent, context: Context) -> None:
        # a sub-agent's question passes its parent's stream in the sub-agent's own context
        drafts = self.trail(context).read(event, context.tool_call_id)
        if isinstance(event, TaskCompleted):
            drafts = [self._with_child(draft, str(event.task_stream)) for draft in drafts]
        for draft in drafts:
            # live, the time of sending is the truth: an event may have been made long before
            self.record([replace(draft, at=None)], None if _by_a_person(draft) else agent_name(context))

    def _with_child(self, draft: Draft, child_stream_id: str) -> Draft:
        """A delegation ends because the sub-agent answered."""
        child = self._streams.get(child_stream_id)
        answered = (child.trail.last,) if child and child.trail.last else ()
        return replace(draft, causes=(*(draft.causes or ()), *answered))

    def _followed(self, stream_id: str, agent: str | None) -> Followed:
        followed = self._streams.get(stream_id)
        return followed or self._streams.add(stream_id, self._new_trail(stream_id, agent))

    def _new_trail(self, stream_id: str, agent: str | None) -> Trail:
        outer, token = self._surroundings(), secrets.token_hex(4)
        if outer is None or outer.stream_id == stream_id:
            return Trail(stream_id, agent=agent, token=token)
        return Trail(stream_id, outer.stream_id, agent=agent, sender=outer.name, token=token)

    def _lifecycle(self) -> str | None:
        """The entity of an enclosing `run.lifecycle()`: its end, not this turn's, closes the run."""
        return self.run.id if causes_of(INHERIT) else None

    def _surroundings(self) -> Turn | None:
        """The turn that runs around the present code."""
        around = _around.get()
        return around.turn if around and around.capture is self else None


def agent_name(context: Context) -> str | None:
    """The name of the agent whose context it is."""
    name = getattr(context.dependencies.get(AGENT_CONTEXT_DEPENDENCY_KEY), "name", None)
    return name if isinstance(name, str) and name else None


def _by_a_person(draft: Draft) -> bool:
    return draft.event_type == "ui.interaction" or draft.payload.get("role") == "user"
