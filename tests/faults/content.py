"""What events of the laboratory say: every primitive, within the conventions of payloads, to check views by."""

import random
from typing import Any

MODELS = (
    ("openai", "gpt-5.6-sol"),
    ("anthropic", "claude-sonnet-5"),
    ("anthropic", "a-model-without-a-price"),
)
Content = tuple[str, dict[str, Any]]
"""Event type and payload."""


def content(choices: random.Random, run: str, number: int) -> Content:
    """One of the kinds below, with sizes and figures drawn."""
    return choices.choice((_message, _message, _answer, _answer, _call, _calls, _result, _step, _usage, _person, _api))(
        choices, run, number
    )


def _message(choices: random.Random, run: str, number: int) -> Content:
    said = f"{run} {number} {'x' * choices.randrange(200)}"
    return "execution.message", {"role": "user", "content": said}


def _answer(choices: random.Random, run: str, number: int) -> Content:
    """An answer with usage; now and then a call of the model is reported once more."""
    provider, model = choices.choice(MODELS)
    usage = {
        "input_uncached": choices.randrange(5_000),
        "cache_read": choices.randrange(3) * 1_000,
        "output_text": choices.randrange(900),
    }
    model_call_id = f"{run}-model-{choices.randrange(max(number, 1) + 3)}"
    named = {"role": "assistant", "content": f"so {number}", "provider": provider, "model": model}
    return "execution.message", {**named, "model_call_id": model_call_id, "usage": usage}


def _usage(choices: random.Random, run: str, number: int) -> Content:
    """A running total, a roll-up or a report with a total only."""
    provider, model = choices.choice(MODELS)
    usage: dict[str, Any] = choices.choice(
        (
            {"counter": "cumulative", "series": "all", "input_uncached": number * 10 + choices.randrange(20)},
            {"scope": "rollup", "output_text": choices.randrange(9_000)},
            {"reported": {"input": 10, "output": choices.randrange(50)}},
            {"output_text": 5, "service_tier": "batch"},
        )
    )
    return "execution.usage", {"provider": provider, "model": model, "usage": usage}


def _call(choices: random.Random, run: str, number: int) -> Content:
    call = {"tool_call_id": f"{run}-{number}", "name": "search", "arguments": {"n": number, "words": ["a", "b"]}}
    return "execution.tool_call", call


def _calls(choices: random.Random, run: str, number: int) -> Content:
    calls = [
        {"tool_call_id": f"{run}-{number}-{at}", "name": f"tool{at}", "arguments": {"at": at}}
        for at in range(choices.randrange(1, 5))
    ]
    return "execution.tool_call", {"batch_id": f"{run}-{number}", "calls": calls}


def _result(choices: random.Random, run: str, number: int) -> Content:
    called = f"{run}-{choices.randrange(max(number, 1))}"
    output = choices.choice(("found", "", {"rows": number}))
    return "execution.tool_result", {"tool_call_id": called, "name": "search", "status": "ok", "output": output}


def _step(choices: random.Random, run: str, number: int) -> Content:
    phase = choices.choice(("started", "completed"))
    entity = {"entity": "task", "entity_id": f"task-{number % 7}", "name": f"step {number}"}
    return "system.workflow_event", {**entity, "phase": phase}


def _person(choices: random.Random, run: str, number: int) -> Content:
    return "ui.interaction", {"action": "answer", "answer": f"yes, {number}", "user_id": f"u-{number % 5}"}


def _api(choices: random.Random, run: str, number: int) -> Content:
    call = {"call_id": f"{run}-api-{number}", "service": "bank", "operation": "transfer", "phase": "completed"}
    return "integration.call", {**call, "response": {"ok": True}}
