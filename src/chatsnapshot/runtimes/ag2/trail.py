"""What happened on one AG2 stream, as drafts: a pure fold, the same for a live run and for a stored history."""

from collections import OrderedDict
from collections.abc import Iterable
from functools import singledispatchmethod
from typing import Any

from ag2 import events
from ag2.compact import CompactionSummary
from ag2.events import BaseEvent

from chatsnapshot.runtimes.ag2.calls import Call, Calls
from chatsnapshot.runtimes.ag2.deltas import Deltas
from chatsnapshot.runtimes.ag2.event_map import DELTAS, map_event
from chatsnapshot.runtimes.ag2.natural_keys import natural_key
from chatsnapshot.runtimes.ag2.questions import Questions
from chatsnapshot.runtimes.ag2.stream_scope import StreamScope
from chatsnapshot.runtimes.draft import Draft
from chatsnapshot.runtimes.jsonable import error_of

Causes = tuple[str, ...]
RESPONSES_REMEMBERED_MAX = 5_000
"""Providers that use one id for all their answers do so from the start."""


class Trail:
    """Keys, causes and pairings of one stream. `read` gives what an event adds to the ledger, cause before effect."""

    def __init__(
        self,
        stream_id: str,
        parent_agent_run_id: str | None = None,
        *,
        agent: str | None = None,
        sender: str | None = None,
        token: str | None = None,
    ) -> None:
        """`agent`: whose stream it is; `sender`: the agent that delegates to it, for a sub-agent.

        `token`: names a live observation, so that what AG2 does not store never gets an earlier observation's key.
        """
        self._addressed = {"agent": sender, "recipient": agent}
        self.scope = StreamScope(stream_id, parent_agent_run_id, token)
        self.was_used = False
        """An event was read."""
        self.last: str | None = None
        """Key of the model's last answer, or of the error that came instead."""
        self._turn_start: str | None = None
        self._entity_id = stream_id
        self._inputs: list[str] = []
        self._unbatched: list[str] = []
        self._calls = Calls()
        self._questions = Questions()
        self._usage: events.UsageEvent | None = None
        self._response_ids: OrderedDict[str, None] = OrderedDict()
        self._deltas = Deltas()

    def call_key(self, call_id: str | None) -> str | None:
        """Key of the latest call with this id."""
        call = self._calls.get(call_id)
        return self.scope.key(call.key) if call else None

    def turn_begun(self, entity_id: str, key: str) -> None:
        """A turn starts: what comes next follows from it."""
        self._entity_id, self._turn_start = entity_id, key

    def read(self, event: BaseEvent, tool_call_id: str | None = None) -> list[Draft]:
        """The drafts of an event; `tool_call_id`: the tool it was raised in, when that is known."""
        self.was_used = True
        if map_event(event) is not None:
            return self._read(event, tool_call_id)
        if isinstance(event, DELTAS):
            self._deltas.add(event)
        return []

    def continued(self, stored: Iterable[BaseEvent], *, linked: bool) -> None:
        """Count on behind a stored history; `linked`: it is in this run, so that what comes next may follow from it."""
        for event in stored:
            self.read(event)
            if isinstance(event, CompactionSummary):
                self.scope.rewritten()
        if not linked:
            self._forget_causes()

    def _forget_causes(self) -> None:
        self.last = self._turn_start = None
        self._inputs, self._unbatched = [], []
        self._questions.forget()
        self._calls.forget()

    def broken_off(self, error: BaseException | None = None) -> list[Draft]:
        """A model call ended without an answer: what came so far, and the error."""
        text, reasoning = self._deltas.take()
        causes = self._seen()
        drafts = self._reasoned(reasoning, self.scope.observed("reasoning"), causes) + self._spent(causes)
        if text:
            payload = {"role": "assistant", "content": text, "partial": True}
            drafts.append(self.scope.made("execution.message", payload, self.scope.observed("partial"), causes))
        if error is not None:
            payload = {"kind": "error", "error": error_of(error)}
            drafts.append(self.scope.made("execution.state_change", payload, self.scope.observed("error"), causes))
            self.last = drafts[-1].key
        return drafts

    def repaired(self, stored: Iterable[BaseEvent]) -> list[Draft]:
        """The framework rewrote its history: says so, and closes the calls that the rewrite answered."""
        stored = list(stored)
        payload = {"kind": "history.replaced", "events": len(stored)}
        drafts = [self.scope.made("execution.state_change", payload, self.scope.observed("history"), self._seen())]
        results = [result for event in stored if isinstance(event, events.ToolResultsEvent) for result in event.results]
        for result in results:
            call = self._calls.get(result.parent_id)
            if call and not call.answered:
                drafts.append(self._answered(result, call, {"status": "abandoned"}))
        return drafts

    @singledispatchmethod
    def _read(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        counted = self.scope.observed if event.__transient__ else self.scope.counted
        natural = natural_key(event) or counted(type(event).__name__)
        return [self.scope.draft(event, natural, self._within(tool_call_id))]

    @_read.register(events.ModelRequest)
    def _request(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        drafts = self.broken_off()
        causes = tuple(key for key in (self.last, self._turn_start) if key)
        self._turn_start = None
        drafts.append(self.scope.draft(event, self.scope.counted(type(event).__name__), causes, self._addressed))
        self._inputs.append(drafts[-1].key)
        return drafts

    @_read.register(events.ModelResponse)
    def _response(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        natural = self._response_key(event)
        key, causes = self.scope.key(natural), self._seen()
        model_call = {} if event.response_force else {"model_call_id": key}
        drafts = self._reasoned(self._deltas.take()[1], f"reasoning:{natural}", causes, event.created_at)
        drafts.append(self.scope.draft(event, natural, causes, {"message_id": key, **model_call}))
        drafts += self._spent((key,), model_call)
        for index, call in enumerate(event.tool_calls.calls):
            if not (event.response_force and self._calls.get(call.id)):
                drafts.append(self._called(call, (key,), {"batch_id": key, "index": index}))
        self.last, self._inputs, self._unbatched = key, [], []
        return drafts

    @_read.register(events.UsageEvent)
    def _usage_seen(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        if event.kind == "model_call":  # its response, which is its cause, comes next
            drafts = self._spent(self._seen())
            self._usage = event
            return drafts
        natural = self.scope.counted("UsageEvent")
        extra = {} if event.kind == "subtask" else {"model_call_id": self.scope.key(natural)}
        return [self.scope.draft(event, natural, self._within(tool_call_id), extra)]

    @_read.register(events.ToolCallEvent)
    def _call(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        known = self._calls.get(event.id)
        if known and not known.answered:
            return []  # the response that held it was read before
        drafts = [self._called(event, self._seen(), {})]
        if isinstance(event, events.BuiltinToolCallEvent):
            drafts.append(self._provider_side(event, event.id, "started", drafts[-1].key))
        return drafts

    @_read.register(events.ToolCallsEvent)
    def _batch(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        drafts = [draft for call in event.calls for draft in self._call(call, None)]
        return [*drafts, self.scope.draft(event, self.scope.counted("ToolCallsEvent"), self._before())]

    @_read.register(events.ToolResultEvent)
    def _result(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        call = self._calls.get(event.parent_id)
        if call and call.answered:
            return []
        drafts = [self._answered(event, call or self._calls.ask(event.parent_id, {}), {}, known=call is not None)]
        if isinstance(event, events.BuiltinToolResultEvent):
            self._inputs.append(drafts[-1].key)
            drafts.append(self._provider_side(event, event.parent_id, "completed", drafts[-1].key))
        else:
            self._unbatched.append(drafts[-1].key)
        return drafts

    @_read.register(events.ToolResultsEvent)
    def _results(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        # what a tool's own middleware raised is in no event but this
        drafts = [draft for result in event.results for draft in self._result(result, None)]
        calls = [self._calls.get(result.parent_id) for result in event.results]
        keys = [self.scope.key(call.result_key) for call in calls if call]
        self._inputs, self._unbatched = [*self._inputs, *keys], []
        return [*drafts, self.scope.draft(event, self.scope.counted("ToolResultsEvent"), tuple(keys) or self._before())]

    @_read.register(events.HumanInputRequest)
    def _question(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        call_id = getattr(event, "tool_call_id", None) or tool_call_id
        self._questions.asked(event)
        return [self.scope.draft(event, f"hitl:{event.id}", self._within(call_id), {"tool_call_id": call_id})]

    @_read.register(events.HumanMessage)
    def _answer(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        natural = natural_key(event) or self.scope.counted("HumanMessage")
        if event.parent_id not in self._questions:
            return [self.scope.draft(event, natural, self._within(tool_call_id))]
        asked = self.scope.key(f"hitl:{event.parent_id}")
        return [self.scope.draft(event, natural, (asked,), self._questions.answered(event, self._calls))]

    @_read.register(events.TaskStarted)
    def _task_started(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        causes = self._within(event.parent_tool_call_id or tool_call_id)
        return [self.scope.draft(event, f"task:{event.task_id}:started", causes, self._inside_turn())]

    @_read.register(events.TaskCompleted)
    @_read.register(events.TaskFailed)
    @_read.register(events.TaskExpired)
    @_read.register(events.TaskCancelled)
    def _task_ended(self, event: Any, tool_call_id: str | None) -> list[Draft]:
        started = self.scope.key(f"task:{event.task_id}:started")
        return [self.scope.draft(event, str(natural_key(event)), (started,), self._inside_turn())]

    def _inside_turn(self) -> dict[str, str]:
        return {"parent_entity_id": self._entity_id}

    def _called(self, event: Any, causes: Causes, placed: dict[str, Any]) -> Draft:
        call = self._calls.ask(event.id, placed)
        return self.scope.draft(event, call.key, causes, call.pairing)

    def _answered(self, event: Any, call: Call, extra: dict[str, Any], *, known: bool = True) -> Draft:
        call.answered = True
        denied = {"status": "denied"} if call.denied and not isinstance(event, events.ToolErrorEvent) else {}
        causes = (self.scope.key(call.key),) if known else self._before()
        return self.scope.draft(event, call.result_key, causes, {**call.pairing, **denied, **extra})

    def _provider_side(self, event: Any, call_id: str, phase: str, cause: str) -> Draft:
        payload = {
            "call_id": call_id,
            "phase": phase,
            "direction": "out",
            "service": "provider",
            "operation": event.name,
        }
        natural = f"integration:{call_id}:{phase}"
        return self.scope.made("integration.call", payload, natural, (cause,), event.created_at)

    def _reasoned(self, text: str, natural: str, causes: Causes, at: float | None = None) -> list[Draft]:
        if not text:
            return []
        payload = {"kind": "reasoning", "reasoning": [{"text": text}]}
        return [self.scope.made("execution.state_change", payload, natural, causes, at)]

    def _spent(self, causes: Causes, model_call: dict[str, Any] | None = None) -> list[Draft]:
        event, self._usage = self._usage, None
        if event is None:
            return []
        natural = self.scope.counted("UsageEvent")
        return [self.scope.draft(event, natural, causes, model_call or {"model_call_id": self.scope.key(natural)})]

    def _response_key(self, event: Any) -> str:
        counted = self.scope.counted("ModelResponse")
        if not event.response_id or event.response_id in self._response_ids:
            return counted
        self._response_ids[event.response_id] = None
        if len(self._response_ids) > RESPONSES_REMEMBERED_MAX:
            self._response_ids.popitem(last=False)
        return f"response:{event.response_id}"

    def _seen(self) -> Causes:
        """What the model had seen since its last answer."""
        return tuple(self._inputs or self._unbatched) or self._before()

    def _before(self) -> Causes:
        key = self.last or self._turn_start
        return (key,) if key else ()

    def _within(self, call_id: str | None) -> Causes:
        key = self.call_key(call_id)
        return (key,) if key else self._seen()
