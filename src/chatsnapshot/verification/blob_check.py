"""Payloads in blob storage, read through and compared with the digests that the ledger holds."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from chatsnapshot.verification.chain_check import StoredPayload
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_producers.blobs import BlobStore, check_blob
from chatsnapshot_schemas.envelope import PayloadRef
from chatsnapshot_schemas.errors import BlobChanged, BlobMissing, ChatSnapshotError

CHECKS_AT_ONCE = 4
"""Each holds one piece of a blob in memory; more would not make one disk or link faster."""
WAITING_MAX = 64
"""Checks that are under way or not yet told; then reading the topic waits for the oldest."""
REMEMBERED_MAX = 10_000
"""Digests whose answer is kept: the same payload in many events is read once."""
SILENCES_MAX = 8
"""So often in a row without an answer, the storage is not asked again: each time may take a minute."""

Outcome = tuple[Kind, str] | None


class BlobCheck:
    """Checks in the background. Use as a context manager: `begin` each payload, then `finish`."""

    def __init__(self, store: Callable[[], BlobStore]) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE, thread_name_prefix="blob-check")
        self._waiting: deque[tuple[StoredPayload, Future[Outcome]]] = deque()
        self._known: OrderedDict[tuple[str, int], Future[Outcome]] = OrderedDict()
        self._lock = threading.Lock()
        self._silences = 0
        self.checked = 0
        """Payloads that were begun, each event counted."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, stored: StoredPayload) -> Iterator[Finding]:
        """Check one payload some time soon; findings of earlier ones, when there is no room for more."""
        self.checked += 1
        ref = stored.ref
        known = self._known.get((ref.sha256, ref.bytes))
        if known is None:
            known = self._known[ref.sha256, ref.bytes] = self._pool.submit(self._outcome, ref)
            if len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        self._waiting.append((stored, known))
        while len(self._waiting) > WAITING_MAX:
            yield from self._told()

    def finish(self) -> Iterator[Finding]:
        """Wait for everything that was begun."""
        while self._waiting:
            yield from self._told()

    def _told(self) -> Iterator[Finding]:
        stored, future = self._waiting.popleft()
        outcome = future.result()
        if outcome is not None:
            kind, detail = outcome
            yield Finding(kind, detail, stored.tenant_id, stored.correlation_id, stored.sequence_no, stored.event_id)

    def _outcome(self, ref: PayloadRef) -> Outcome:
        if self._silences >= SILENCES_MAX:
            return Kind.BLOB_UNREACHABLE, f"not asked for, after {SILENCES_MAX} times without an answer"
        outcome: Outcome = None
        try:
            check_blob(self._store(), ref)
        except BlobMissing as error:
            outcome = Kind.BLOB_MISSING, f"{error}; the producer put it at {ref.uri}"
        except BlobChanged as error:
            outcome = Kind.BLOB_CHANGED, str(error)
        except ChatSnapshotError as error:
            outcome = Kind.BLOB_UNREACHABLE, str(error)
        with self._lock:
            silent = outcome is not None and outcome[0] is Kind.BLOB_UNREACHABLE
            self._silences = self._silences + 1 if silent else 0
        return outcome
