"""One AG2 event as a payload (PAYLOADS.md), from the event alone."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from ag2.events import BaseEvent

from chatsnapshot.runtimes.ag2.message_payloads import MESSAGE_RULES
from chatsnapshot.runtimes.ag2.natural_keys import natural_key, parent_key
from chatsnapshot.runtimes.ag2.task_payloads import TASK_RULES
from chatsnapshot.runtimes.ag2.tool_payloads import TOOL_RULES
from chatsnapshot.runtimes.jsonable import given, jsonable

RULES: tuple[tuple[type[BaseEvent], Callable[[Any], dict[str, Any]]], ...] = (
    *MESSAGE_RULES,
    *TOOL_RULES,
    *TASK_RULES,
)
"""The payload of each class; a subclass without a rule of its own follows its parent's."""


def normalize(event: BaseEvent) -> dict[str, Any]:
    """The payload, with the natural keys of the fact and of its cause in `runtime_event`."""
    named = {"type": type(event).__name__, "id": natural_key(event), "parent": parent_key(event)}
    return {**given(_payload(event)), "runtime_event": given(named)}


@singledispatch
def _payload(event: Any) -> dict[str, Any]:
    """What has no rule is kept whole, under the name of its class."""
    return {"kind": f"ag2.{type(event).__name__}", "data": jsonable(event.to_dict())}


for _kind, _rule in RULES:
    _payload.register(_kind)(_rule)
