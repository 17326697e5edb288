"""Questions of one stream that wait for a person's answer."""

from collections import OrderedDict
from typing import Any

from ag2 import events

from chatsnapshot.runtimes.ag2.calls import Calls

QUESTIONS_REMEMBERED_MAX = 1_000
"""More never wait at once: each blocks its tool."""
CONSENT = frozenset({"y", "yes", "1", "always"})
"""What AG2's `approval_required` takes as consent; anything else denies."""


class Questions:
    """Request ids, and the tool call that waits for approval."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, str | None] = OrderedDict()

    def asked(self, event: events.HumanInputRequest) -> None:
        """Note a question."""
        approves = event.tool_call_id if isinstance(event, events.ToolApprovalRequest) else None
        self._waiting[event.id] = approves
        if len(self._waiting) > QUESTIONS_REMEMBERED_MAX:
            self._waiting.popitem(last=False)

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._waiting

    def answered(self, event: events.HumanMessage, calls: Calls) -> dict[str, Any]:
        """What the answer means for a call that waits for approval, as payload keys; notes a denial on the call."""
        approves = self._waiting.pop(event.parent_id, None)
        if approves is None:
            return {}
        approved = event.content.lower() in CONSENT
        call = calls.get(approves)
        if call:
            call.denied = not approved
        return {"decision": "approve" if approved else "reject", "tool_call_id": approves}

    def forget(self) -> None:
        """Start over."""
        self._waiting.clear()
