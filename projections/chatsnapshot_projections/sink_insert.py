"""Inserts run in threads of their own, so that the consumer polls on whatever ClickHouse does."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from chatsnapshot_projections.settings_pinned import INSERT_SETTINGS
from chatsnapshot_projections.sink_batch import Batch, Insert
from chatsnapshot_projections.sink_failure import Failure, failure_of
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import MissingExtra

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

CONNECT_TIMEOUT_S = 5.0
"""A host that is gone is noticed soon; the attempt is repeated anyway."""

Write = Callable[[Insert], None]
"""Brings one insert into ClickHouse; returns when it is acknowledged, raises otherwise."""


class ClickHouseWriter:
    """Sends inserts over HTTP. Connects at the first insert, because ClickHouse may be down when the sink starts.

    Raises MissingExtra when it is made without its client being installed.
    """

    def __init__(self, connection: ClickHouseConnection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._client: Client | None = None
        self._connecting = threading.Lock()
        if find_spec("clickhouse_connect") is None:
            raise MissingExtra("projections", "the sink")

    def write(self, insert: Insert) -> None:
        """One block, one token. Raises whatever the client raises (see `sink_failure`)."""
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": insert.token}
        self._connected().raw_insert("", insert_block=insert.body, settings=settings)

    def _connected(self) -> "Client":
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> "Client":
        import clickhouse_connect

        return clickhouse_connect.get_client(
            **self._connection.client_options(),
            database=self._connection.database,
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=self._timeout_s,
            autogenerate_session_id=False,  # several threads insert at once
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt ended; `failure` None: acknowledged."""

    lanes: Sequence[Lane]
    """That shared the batch when it was sent."""
    batch: Batch
    insert: Insert
    failure: Failure | None
    seconds: float


class InsertThreads:
    """A fixed number of threads. They are daemons: an answer that never comes must not keep the process alive."""

    def __init__(self, write: Write, count: int) -> None:
        self.count = count
        self.busy = 0
        """Inserts that were handed over and whose result was not taken yet."""
        self._write = write
        self._jobs: SimpleQueue[tuple[Sequence[Lane], Batch, Insert] | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"sink-insert-{number}", daemon=True).start()

    def submit(self, lanes: Sequence[Lane], batch: Batch) -> None:
        """Send the batch's next insert; its result comes by `results`."""
        batch.in_flight = True
        self.busy += 1
        self._jobs.put((lanes, batch, batch.inserts[batch.stored]))

    def results(self, wait_s: float = 0.0) -> list[Result]:
        """What ended since the last call; waits for the first at most `wait_s`."""
        ended: list[Result] = []
        try:
            ended.append(self._results.get(wait_s > 0, wait_s or None))
            while True:
                ended.append(self._results.get_nowait())
        except Empty:
            pass
        self.busy -= len(ended)
        return ended

    def close(self) -> None:
        """Let every thread end after what it is doing."""
        for _ in range(self.count):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            lanes, batch, insert = job
            started = time.monotonic()
            try:
                self._write(insert)
                failure = None
            except Exception as error:  # the client raises its own and its transport's errors alike
                failure = failure_of(error)
            self._results.put(Result(lanes, batch, insert, failure, time.monotonic() - started))
