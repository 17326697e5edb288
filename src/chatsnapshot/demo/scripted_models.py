"""What the demo's models say: AG2's own offline model plays the script, so that real agents need no network."""

import json
from typing import Any

from ag2.events import (
    ModelMessage,
    ModelMessageChunk,
    ModelReasoning,
    ModelResponse,
    ToolCallEvent,
    ToolCallsEvent,
    Usage,
)
from ag2.testing import TestConfig

MODEL = "demo-model"
PROVIDER = "demo"
"""The price list has a row for this model of this provider."""
ORDER = "A-1042"
AMOUNT = "42.50"


def desk_model() -> TestConfig:
    """The refund desk: looks up order and policy at once, asks a person, hands over to the payments agent."""
    return TestConfig(
        ModelReasoning("The customer wants money back. I need the order and the policy; neither needs the other."),
        _answer(
            "Let me look at your order and at our policy.",
            _call("look-1", "find_order", order=ORDER),
            _call("look-2", "refund_policy", reason="arrived broken"),
            usage=_usage(412, 58, thought=21),
        ),
        _answer(
            "You are right, and it is within 30 days. For this amount a manager has to agree: I am asking.",
            _call("ask-1", "ask_manager", order=ORDER, amount=AMOUNT),
            usage=_usage(548, 27, cached=384),
        ),
        _answer(
            "Agreed. I am handing this over to payments.",
            _call("hand-1", "task_payments", objective=f"Pay {AMOUNT} EUR back for order {ORDER}."),
            usage=_usage(601, 33, cached=512),
        ),
        ModelMessageChunk("Good news: "),
        ModelMessageChunk("your money is on its way."),
        _answer(
            f"Good news: {AMOUNT} EUR for order {ORDER} are on their way to your account. Sorry about the lamp!",
            usage=_usage(688, 31, cached=576),
        ),
    )


def payments_model() -> TestConfig:
    """The payments agent: one transfer, one report."""
    return TestConfig(
        _answer(
            f"Transferring {AMOUNT} EUR.", _call("pay-1", "transfer", order=ORDER, amount=AMOUNT), usage=_usage(143, 24)
        ),
        _answer(f"Transfer of {AMOUNT} EUR is booked.", usage=_usage(201, 12, cached=128)),
    )


def _answer(text: str, *calls: ToolCallEvent, usage: Usage) -> ModelResponse:
    return ModelResponse(
        ModelMessage(text),
        tool_calls=ToolCallsEvent(list(calls)),
        usage=usage,
        model=MODEL,
        provider=PROVIDER,
        finish_reason="tool_calls" if calls else "stop",
    )


def _call(call_id: str, name: str, **arguments: Any) -> ToolCallEvent:
    return ToolCallEvent(name, id=call_id, arguments=json.dumps(arguments))


def _usage(prompt: int, completion: int, *, cached: int = 0, thought: int = 0) -> Usage:
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cache_read_input_tokens=cached or None,
        thinking_tokens=thought or None,
    )
