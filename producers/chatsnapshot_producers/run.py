"""A run: one correlation, and the events that are recorded in it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chatsnapshot_producers.causes import INHERIT, CauseArgument, CauseLike, enclosing_cause
from chatsnapshot_producers.lifecycle import Lifecycle
from chatsnapshot_producers.reported_source import SourceArgument
from chatsnapshot_schemas.envelope import EventEnvelope

if TYPE_CHECKING:
    from chatsnapshot_producers.recorder import Recorder


class Run:
    """A handle: it holds no events, and several may stand for the same run, also in several processes."""

    def __init__(self, recorder: "Recorder", run_id: str, workflow: str | None, user: str | None) -> None:
        self._recorder = recorder
        self.id = run_id
        """The correlation id of its events."""
        self.workflow = workflow
        self.user = user

    @property
    def tenant_id(self) -> str:
        """The tenant it belongs to."""
        return self._recorder.tenant

    def record(
        self,
        event_type: str,
        payload: Any = None,
        *,
        cause: CauseArgument = INHERIT,
        event_id: str | UUID | None = None,
        key: str | None = None,
        timestamp: datetime | str | None = None,
        subject_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        source: SourceArgument = None,
    ) -> EventEnvelope:
        """Record one fact; returns the envelope as it lies in the spool. Never waits for the network.

        `event_type`: a dotted type or an alias (`tool_called`). `payload`: a mapping, pydantic model, dataclass, or the
        text of a JSON object (kept byte for byte), at most 256 KiB. `cause`: an event, an id, several of them, or None
        for a root; several: in this run, but for one. `key`: what the runtime calls this event, the id follows from it.
        `source`: `{"runtime": ..., "agent": ...}`, also `origin` (follows from the type's family) and `service`.
        Raises InvalidEvent naming field and limit.
        """
        return self._recorder.propose(
            self.id,
            event_type,
            payload,
            cause=cause,
            event_id=event_id,
            key=key,
            timestamp=timestamp,
            subject_id=subject_id,
            headers=headers,
            source=source,
        )

    def caused_by(self, *causes: CauseLike) -> AbstractContextManager[None]:
        """Inside the block (and in tasks begun there) these are the causes of what is recorded without a `cause`."""
        return enclosing_cause(causes, self.id)

    def lifecycle(self) -> Lifecycle:
        """`with` or `async with`: workflow started, then completed, failed or cancelled by how the block is left."""
        return Lifecycle(self)

    def __repr__(self) -> str:
        return f"Run({self.id!r})"
