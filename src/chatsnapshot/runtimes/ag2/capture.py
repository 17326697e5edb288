"""The live side of the AG2 adapter: taps on streams, brackets of turns, one trail per stream."""

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ag2.annotations import Context
from ag2.context import Stream, StreamId, SubId
from ag2.events import BaseEvent, TaskCompleted
from ag2.utils import AGENT_CONTEXT_DEPENDENCY_KEY

from chatsnapshot.runtimes.ag2.storage_tap import StorageTap
from chatsnapshot.runtimes.ag2.trail import Trail
from chatsnapshot.runtimes.attachment import Attachment
from chatsnapshot.runtimes.draft import Draft
from chatsnapshot.runtimes.jsonable import error_of
from chatsnapshot_producers.causes import INHERIT, causes_of
from chatsnapshot_producers.run import Run

RUNTIME = "ag2"
STREAMS_MAX = 2_000
"""Streams listened to at once; every delegation to a sub-agent opens one, the oldest are let go."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of one agent."""

    entity: str
    """`run` at the top, so that its end is the run's when no workflow encloses it; `agent` inside another turn."""
    entity_id: str
    name: str | None
    parent_entity_id: str | None
    started_key: str
    trail: Trail

    @property
    def stream_id(self) -> str:
        """The stream it runs on."""
        return self.trail.scope.stream_id

    def payload(self, phase: str) -> dict[str, Any]:
        """The keys that start and end share."""
        return {
            "entity": self.entity,
            "entity_id": self.entity_id,
            "parent_entity_id": self.parent_entity_id,
            "name": self.name,
            "phase": phase,
        }


class _Around(NamedTuple):
    """What runs around the present code, for sub-agents that start inside it."""

    capture: "Capture"
    turn: Turn


_around: ContextVar[_Around | None] = ContextVar("chatsnapshot_ag2_around", default=None)


@dataclass(slots=True)
class _Tapped:
    stream: Stream
    subscription: SubId


class Capture(Attachment):
    """Turns what the taps see into ledger events."""

    def __init__(self, run: Run, *, resumed: bool = False) -> None:
        super().__init__(run, RUNTIME)
        self.active = True
        self._resumed = resumed
        self._token = secrets.token_hex(4)
        self._trails: OrderedDict[str, Trail] = OrderedDict()
        self._tapped: OrderedDict[str, _Tapped] = OrderedDict()

    def tap(self, stream: Stream) -> None:
        """Listen to a stream from now on, ahead of everything that is registered later."""
        stream_id = str(stream.id)
        if stream_id in self._tapped:
            return
        self._tapped[stream_id] = _Tapped(stream, stream.subscribe(self._on_event, interrupt=True))
        if len(self._tapped) > STREAMS_MAX:
            _let_go(self._tapped.popitem(last=False)[1])
        history = stream.history
        if not isinstance(history.storage, StorageTap):
            history.storage = StorageTap(history.storage, self)

    def untap(self) -> None:
        """Let go of every stream."""
        while self._tapped:
            self.guard(_let_go, self._tapped.popitem()[1])

    async def read_stored(self, context: Context) -> None:
        """Continue the counts of a stream that already has a history. Never raises."""
        stream_id = str(context.stream.id)
        if stream_id in self._trails:
            return
        try:
            stored = list(await context.stream.history.get_events())
        except Exception as error:
            self.guard(_raise, error)
            return
        self.guard(partial(self.trail(context).continued, linked=self._resumed), stored)

    def trail(self, context: Context) -> Trail:
        """The trail of the stream that a context belongs to."""
        stream_id = str(context.stream.id)
        trail = self._trails.get(stream_id)
        if trail is None:
            trail = self._trails[stream_id] = self._new_trail(stream_id, _agent_name(context))
            if len(self._trails) > STREAMS_MAX:
                self._trails.popitem(last=False)
        return trail

    def _new_trail(self, stream_id: str, agent: str | None) -> Trail:
        outer = self._surroundings()
        if outer is None or outer.stream_id == stream_id:
            return Trail(stream_id, agent=agent, token=self._token)
        return Trail(stream_id, outer.stream_id, agent=agent, sender=outer.name, token=self._token)

    def stored(self, event: BaseEvent, context: Context) -> None:
        """A storage took an event: of a stream that is not tapped yet it is the first sign."""
        if self.active and str(context.stream.id) not in self._tapped:
            self.tap(context.stream)
            self._read(event, context)

    def history_replaced(self, stream_id: StreamId, events: list[BaseEvent]) -> None:
        """The framework rewrote a history that this capture follows."""
        trail = self._trails.get(str(stream_id))
        if self.active and trail is not None:
            self.record(trail.repaired(events))

    def turn_started(self, context: Context) -> Turn:
        """Record that a turn began; its cause is whatever the application does around it."""
        trail, outer = self.trail(context), self._surroundings()
        entity_id = trail.scope.key(trail.scope.observed("turn"))
        parent = outer.entity_id if outer else self._lifecycle()
        entity = "agent" if outer else "run"
        turn = Turn(entity, entity_id, _agent_name(context), parent, f"{entity_id}:started", trail)
        self.record([_bracket(turn, "started", None, {})], turn.name)
        trail.turn_begun(entity_id, turn.started_key)
        return turn

    def turn_ended(self, context: Context, turn: Turn, duration_ms: float, error: BaseException | None = None) -> None:
        """Record how a turn ended."""
        self.record(turn.trail.broken_off(), turn.name)
        extra: dict[str, Any] = {"duration_ms": duration_ms}
        phase = "completed"
        if error is not None:
            phase = "failed" if isinstance(error, Exception) else "cancelled"
            extra["error"] = error_of(error)
        causes = (turn.trail.last or turn.started_key,)
        self.record([_bracket(turn, phase, causes, extra)], turn.name)

    def call_broken_off(self, context: Context, error: BaseException) -> None:
        """Record what a model call had said before it failed."""
        self.record(self.trail(context).broken_off(error), _agent_name(context))

    @contextmanager
    def inside(self, turn: Turn) -> Iterator[None]:
        """What is recorded inside the turn follows from its start, unless something closer encloses it."""
        token = _around.set(_Around(self, turn))
        try:
            with self.enclosing(turn.started_key):
                yield
        finally:
            _around.reset(token)

    @contextmanager
    def in_tool(self, context: Context, call_id: str) -> Iterator[None]:
        """What is recorded inside a tool follows from the call."""
        key = self.guard(self.trail(context).call_key, call_id)
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
            self.record([draft], None if _by_a_person(draft) else _agent_name(context))

    def _with_child(self, draft: Draft, child_stream_id: str) -> Draft:
        """A delegation ends because the sub-agent answered."""
        child = self._trails.get(child_stream_id)
        causes = (*(draft.causes or ()), *((child.last,) if child and child.last else ()))
        return Draft(draft.event_type, draft.payload, draft.key, causes, draft.at)

    def _lifecycle(self) -> str | None:
        """The entity of an enclosing `run.lifecycle()`: its end, not this turn's, closes the run."""
        return self.run.id if causes_of(INHERIT) else None

    def _surroundings(self) -> Turn | None:
        """The turn that runs around the present code."""
        around = _around.get()
        return around.turn if around and around.capture is self else None


def _bracket(turn: Turn, phase: str, causes: tuple[str, ...] | None, extra: dict[str, Any]) -> Draft:
    natural = f"{turn.entity_id.removeprefix(turn.trail.scope.key(''))}:{phase}"
    return turn.trail.scope.made(f"system.{turn.entity}_{phase}", {**turn.payload(phase), **extra}, natural, causes)


def _by_a_person(draft: Draft) -> bool:
    return draft.event_type == "ui.interaction" or draft.payload.get("role") == "user"


def _agent_name(context: Context) -> str | None:
    name = getattr(context.dependencies.get(AGENT_CONTEXT_DEPENDENCY_KEY), "name", None)
    return name if isinstance(name, str) and name else None


def _let_go(tapped: _Tapped) -> None:
    tapped.stream.unsubscribe(tapped.subscription)
    storage = tapped.stream.history.storage
    if isinstance(storage, StorageTap):
        tapped.stream.history.storage = storage.inner


def _raise(error: Exception) -> None:
    raise error
