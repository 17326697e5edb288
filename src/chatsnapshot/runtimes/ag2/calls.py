"""Which tool calls of a stream were asked and answered; an id that a provider uses twice names two calls."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

CALLS_REMEMBERED_MAX = 5_000
"""A result comes long before that many further calls; bounds a conversation that never ends."""


@dataclass(slots=True)
class Call:
    """One request of the model for a tool."""

    call_id: str
    attempt: int
    placed: dict[str, Any]
    """`batch_id` and `index`, when a model response held the call."""
    answered: bool = False
    denied: bool = False

    @property
    def key(self) -> str:
        """Natural key of the request."""
        return f"call:{self._name}"

    @property
    def result_key(self) -> str:
        """Natural key of the outcome."""
        return f"result:{self._name}"

    @property
    def pairing(self) -> dict[str, Any]:
        """What pairs call and result beside their id."""
        return {**self.placed, **({"attempt": self.attempt} if self.attempt > 1 else {})}

    @property
    def _name(self) -> str:
        return self.call_id if self.attempt == 1 else f"{self.call_id}#{self.attempt}"


class Calls:
    """The calls of one stream, the latest under each id."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Call] = OrderedDict()

    def ask(self, call_id: str, placed: dict[str, Any]) -> Call:
        """Note a new request."""
        before = self._by_id.pop(call_id, None)
        call = self._by_id[call_id] = Call(call_id, before.attempt + 1 if before else 1, placed)
        if len(self._by_id) > CALLS_REMEMBERED_MAX:
            self._by_id.popitem(last=False)
        return call

    def get(self, call_id: str | None) -> Call | None:
        """The latest request with this id."""
        return self._by_id.get(call_id) if call_id else None

    def forget(self) -> None:
        """Start over."""
        self._by_id.clear()
