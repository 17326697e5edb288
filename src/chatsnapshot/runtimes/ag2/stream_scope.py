"""Keys and counts of one AG2 stream, and drafts that carry them."""

from collections import Counter
from typing import Any

from ag2.events import BaseEvent

from chatsnapshot.runtimes.ag2.event_map import map_event
from chatsnapshot.runtimes.ag2.normalizing import normalize
from chatsnapshot.runtimes.draft import Draft


class StreamScope:
    """Names the facts of a stream. Events without an id are the n-th of their kind, from 0."""

    def __init__(self, stream_id: str, parent_agent_run_id: str | None, token: str | None) -> None:
        """`token`: names this observation in the keys of what AG2 does not store; None where a history is read."""
        self.stream_id = stream_id
        self._token = f"{token}." if token else ""
        self._rewritten = False
        self._common = {"agent_run_id": stream_id}
        if parent_agent_run_id:
            self._common["parent_agent_run_id"] = parent_agent_run_id
        self._counts: Counter[str] = Counter()

    def key(self, natural: str) -> str:
        """A natural key with its scope: what the event id is made of."""
        return f"{self.stream_id}/{natural}"

    def count(self, kind: str) -> int:
        """The ordinal of the next one of a kind."""
        self._counts[kind] += 1
        return self._counts[kind] - 1

    def counted(self, kind: str) -> str:
        """The natural key of the next one of a kind that AG2 stores: a history that is read again counts alike."""
        return f"{kind}:{self._token if self._rewritten else ''}{self.count(kind)}"

    def observed(self, kind: str) -> str:
        """The natural key of the next one of a kind that AG2 does not store: after a restart the count begins anew."""
        return f"{kind}:{self._token}{self.count(kind)}"

    def rewritten(self) -> None:
        """Places in the stored history no longer say what was the n-th: keys from now on carry the token."""
        self._rewritten = True

    def draft(
        self, event: BaseEvent, natural: str, causes: tuple[str, ...], extra: dict[str, Any] | None = None
    ) -> Draft:
        """An event as a draft; `extra` is what only its stream can say."""
        event_type = map_event(event)
        if event_type is None:
            raise ValueError(f"{type(event).__name__} is not an event of its own")
        return self.made(event_type, {**normalize(event), **(extra or {})}, natural, causes, event.created_at)

    def made(
        self,
        event_type: str,
        payload: dict[str, Any],
        natural: str,
        causes: tuple[str, ...] | None,
        at: float | None = None,
    ) -> Draft:
        """A draft of something that AG2 has no event for."""
        named = {**payload.get("runtime_event", {}), "id": natural}
        if causes:
            named["parent"] = causes[0].removeprefix(f"{self.stream_id}/")
        said = {key: value for key, value in payload.items() if value is not None}
        return Draft(event_type, {**said, **self._common, "runtime_event": named}, self.key(natural), causes, at)
