"""Start and end of a run as two facts: a crash in between leaves a truthful open run."""

import asyncio
import logging
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import ChatSnapshotError
from chatsnapshot_schemas.event_types import event_types

if TYPE_CHECKING:
    from chatsnapshot_producers.run import Run

MESSAGE_CHARS_MAX = 4_096
"""An error's text may hold a whole document."""

log = logging.getLogger("chatsnapshot.producer")


class Lifecycle:
    """Records `system.workflow_started` on entering, yields it, and is the cause of what is recorded inside.

    On leaving: `completed`; `failed` with the error for an exception; `cancelled` for a cancelled task or Ctrl-C. The
    exception goes on. The end is caused by the start.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._started: EventEnvelope | None = None
        self._began = 0.0
        self._block: AbstractContextManager[None] | None = None

    def __enter__(self) -> EventEnvelope:
        self._began = time.monotonic()
        self._started = started = self._run.record("system.workflow_started", self._payload("system.workflow_started"))
        self._block = self._run.caused_by(started)
        self._block.__enter__()
        return started

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._block is not None:
            self._block.__exit__(None, None, None)
        event_type = _end(error)
        payload = self._payload(event_type) | {"duration_ms": round((time.monotonic() - self._began) * 1000)}
        if error is not None and event_type != "system.workflow_completed":
            payload["error"] = {"type": type(error).__name__, "message": str(error)[:MESSAGE_CHARS_MAX]}
        try:
            self._run.record(event_type, payload, cause=self._started)
        except ChatSnapshotError as trouble:
            if error is None:
                raise
            # the block's own error goes first
            log.error("%s of run %s was not recorded: %s", event_type, self._run.id, trouble)  # noqa: TRY400

    async def __aenter__(self) -> EventEnvelope:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _payload(self, event_type: str) -> dict[str, Any]:
        listed, workflow = event_types()[event_type], self._run.workflow
        members = {
            "entity": listed.entity,
            "entity_id": self._run.id,
            "phase": listed.phase,
            "name": workflow,
            "workflow_name": workflow,
            "user_id": self._run.user,
        }
        return {name: value for name, value in members.items() if value is not None}


def _end(error: BaseException | None) -> str:
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "system.workflow_completed"
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit):
        return "system.workflow_cancelled"
    return "system.workflow_failed"
