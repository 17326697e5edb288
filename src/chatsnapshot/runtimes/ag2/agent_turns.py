"""Middleware around turns, model calls and tools: AG2 has no event for when those begin, fail or end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ag2.annotations import Context
from ag2.events import BaseEvent, ModelResponse, ToolCallEvent
from ag2.middleware.base import AgentTurn, BaseMiddleware, LLMCall, ToolExecution, ToolResultType

if TYPE_CHECKING:
    from chatsnapshot.runtimes.ag2.capture import Capture


class TurnBracket(BaseMiddleware):
    """Outermost: records start and end of a turn."""

    def __init__(self, event: BaseEvent, context: Context, attachment: Capture) -> None:
        super().__init__(event, context)
        self._attachment = attachment

    async def on_turn(self, call_next: AgentTurn, event: BaseEvent, context: Context) -> ModelResponse:
        """Started; then completed, failed or cancelled."""
        attachment, began = self._attachment, time.perf_counter()
        await attachment.read_stored(context)
        turn = attachment.guard(attachment.turn_started, context)
        if turn is None:
            return await call_next(event, context)
        try:
            with attachment.inside(turn):
                response = await call_next(event, context)
        except BaseException as error:
            attachment.guard(attachment.turn_ended, turn, _elapsed_ms(began), error)
            raise
        attachment.guard(attachment.turn_ended, turn, _elapsed_ms(began))
        return response


class CallWatch(BaseMiddleware):
    """Innermost: sees every single attempt at a model call, and what runs inside a tool."""

    def __init__(self, event: BaseEvent, context: Context, attachment: Capture) -> None:
        super().__init__(event, context)
        self._attachment = attachment

    async def on_llm_call(self, call_next: LLMCall, events: Sequence[BaseEvent], context: Context) -> ModelResponse:
        """A provider that fails leaves no event: what came before is written as partial, and the error."""
        try:
            return await call_next(events, context)
        except BaseException as error:
            self._attachment.guard(self._attachment.call_broken_off, context, error)
            raise

    async def on_tool_execution(
        self, call_next: ToolExecution, event: ToolCallEvent, context: Context
    ) -> ToolResultType:
        """What the application records inside a tool is caused by the tool call."""
        with self._attachment.in_tool(context, event.id):
            return await call_next(event, context)


class TurnBrackets:
    """The factory that AG2 calls when a turn opens, before it registers hooks and tools on the stream."""

    def __init__(self, attachment: Capture) -> None:
        self._attachment = attachment

    def __call__(self, event: BaseEvent, context: Context) -> BaseMiddleware:
        """Taps the stream ahead of the human-input hook, which keeps its question from everyone behind it."""
        if not self._attachment.active:
            return BaseMiddleware(event, context)
        self._attachment.guard(self._attachment.turn_opened, context)
        return TurnBracket(event, context, self._attachment)


class CallWatches:
    """The factory of `CallWatch`."""

    def __init__(self, attachment: Capture) -> None:
        self._attachment = attachment

    def __call__(self, event: BaseEvent, context: Context) -> BaseMiddleware:
        """One watch per turn."""
        if not self._attachment.active:
            return BaseMiddleware(event, context)
        return CallWatch(event, context, self._attachment)


def _elapsed_ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
