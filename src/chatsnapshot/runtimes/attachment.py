"""What all adapters share: recording that never raises into the run."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

from chatsnapshot.runtimes.draft import Draft
from chatsnapshot.runtimes.shortening import shortened
from chatsnapshot_producers.causes import INHERIT, CauseArgument
from chatsnapshot_producers.event_ids import natural_event_id
from chatsnapshot_producers.run import Run
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import CAUSED_BY_MAX

T = TypeVar("T")

logger = logging.getLogger(__name__)

KEYS_REMEMBERED_MAX = 20_000
"""Facts that two taps could both see lie close together; about 4 MB of keys."""
FAILURES_RECORDED_MAX = 20
"""A run that cannot be recorded says so a few times; the count in `failures` goes on."""
MESSAGE_CHARS_MAX = 4_096
"""An error's text may hold a whole document."""


class Attachment:
    """Records the drafts of one framework into one run. Every method is safe to call from inside the run."""

    def __init__(self, run: Run, runtime: str) -> None:
        self.run = run
        self.runtime = runtime
        self.failures = 0
        """How many facts could not be recorded."""
        self.recorded = 0
        """How many were handed to the Recorder."""
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def event_id(self, key: str) -> str:
        """The id of the event with this natural key, recorded or not."""
        return natural_event_id(self.run.tenant_id, self.run.id, self.runtime, key)

    def record(self, drafts: Iterable[Draft], agent: str | None = None) -> None:
        """Hand drafts to the Recorder, each key once. Never raises."""
        for draft in drafts:
            if self._is_new(draft.key):
                self.guard(self._send, draft, agent)

    def guard(self, step: Callable[..., T], *arguments: Any) -> T | None:
        """Call a step of the adapter; a failure is counted and reported, and None comes back."""
        try:
            return step(*arguments)
        except Exception as error:
            keys = [argument.key for argument in arguments if isinstance(argument, Draft)]
            self.failed(error, getattr(step, "__name__", type(step).__name__), keys)
            return None

    def failed(self, error: Exception, step: str, keys: Sequence[str] = ()) -> None:
        """Count a failure, say the first one in the log, record the first few. Never raises."""
        with self._lock:
            self.failures += 1
            count = self.failures
        if count == 1:
            logger.warning(
                "%s: recording failed, the run goes on and later failures are only counted: %s: %s",
                self.runtime,
                type(error).__name__,
                error,
                exc_info=error,
            )
        if count <= FAILURES_RECORDED_MAX:
            self._record_failure(error, step, keys, count)

    @contextmanager
    def enclosing(self, key: str) -> Iterator[None]:
        """Let what the application records inside the block be caused by the event with this key."""
        with ExitStack() as stack:
            self.guard(self._enclose, stack, key)
            yield

    def _enclose(self, stack: ExitStack, key: str) -> None:
        stack.enter_context(self.run.caused_by(self.event_id(key)))

    def _is_new(self, key: str) -> bool:
        with self._lock:
            if key in self._keys:
                return False
            self._keys[key] = None
            if len(self._keys) > KEYS_REMEMBERED_MAX:
                self._keys.popitem(last=False)
            return True

    def _send(self, draft: Draft, agent: str | None) -> None:
        try:
            self._propose(draft, draft.payload, agent)
        except InvalidEvent as refused:
            if refused.reason is not Reason.TOO_LARGE:
                raise
            self._propose(draft, shortened(draft.payload), agent)
        self.recorded += 1

    def _propose(self, draft: Draft, payload: dict[str, Any], agent: str | None) -> None:
        self.run.record(
            draft.event_type,
            payload,
            key=draft.key,
            cause=self._cause(draft.causes),
            timestamp=None if draft.at is None else datetime.fromtimestamp(draft.at, UTC),
            source={"runtime": self.runtime, "agent": agent},
        )

    def _cause(self, causes: tuple[str, ...] | None) -> CauseArgument:
        if causes is None:
            return INHERIT
        return [self.event_id(key) for key in dict.fromkeys(causes)][: CAUSED_BY_MAX + 1]

    def _record_failure(self, error: Exception, step: str, keys: Sequence[str], count: int) -> None:
        said = {"type": type(error).__name__, "message": str(error)[:MESSAGE_CHARS_MAX]}
        payload = {"error": said, "step": step, "keys": list(keys), "failures": count}
        try:
            self.run.record("system.recording_failed", payload, source={"runtime": self.runtime})
        except Exception:
            logger.debug("%s: the failure could not be recorded either", self.runtime, exc_info=True)
