"""A proxy around AG2's history storage: streams of sub-agents that nobody attached to share it, and so become known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ag2.annotations import Context
from ag2.context import StreamId
from ag2.events import BaseEvent
from ag2.history import Storage

if TYPE_CHECKING:
    from chatsnapshot.runtimes.ag2.capture import Capture


class StorageTap:
    """Stores as before, then tells the attachment. Anything else the storage can do passes through."""

    def __init__(self, inner: Storage, attachment: Capture) -> None:
        self.inner = inner
        self._attachment = attachment

    async def save_event(self, event: BaseEvent, context: Context) -> None:
        """Every stream's stored events; of a tapped stream they were seen before."""
        await self.inner.save_event(event, context)
        self._attachment.guard(self._attachment.stored, event, context)

    async def get_history(self, stream_id: StreamId) -> Iterable[BaseEvent]:
        """As the storage has it."""
        return await self.inner.get_history(stream_id)

    async def set_history(self, stream_id: StreamId, events: Iterable[BaseEvent]) -> None:
        """A rewrite (compaction, repair): the ledger keeps what was, and records that it was replaced."""
        kept = list(events)
        await self.inner.set_history(stream_id, kept)
        self._attachment.guard(self._attachment.history_replaced, stream_id, kept)

    async def drop_history(self, stream_id: StreamId) -> None:
        """As the storage does it."""
        await self.inner.drop_history(stream_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
