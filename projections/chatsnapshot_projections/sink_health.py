"""What a sink answers to probes: is it to be started anew, and can it do its work."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatsnapshot_projections.clickhouse_client import shown
from chatsnapshot_projections.sink_worker import WorkerThread
from chatsnapshot_schemas.connections import ClickHouseConnection

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ASK_WITHIN_S = 2
"""Below the shortest sensible probe timeout, and for the connection and the answer each."""
ASK_AGAIN_AFTER_S = 5.0
"""However often probes come, ClickHouse is asked this often."""

Reachable = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """Looks at the two workers by name, and at ClickHouse; to be called from any thread."""

    workers: Mapping[str, WorkerThread]
    reachable: Reachable
    silent_s_max: float
    """A worker that made no step for this long hangs: by then the group has given its partitions to others."""

    def healthy(self) -> str | None:
        """None, or why the process should be started anew. ClickHouse being away is no reason: the sink waits."""
        for name, thread in self.workers.items():
            if thread.error is not None:
                return f"{name} failed: {thread.error}"
            if not thread.is_alive():
                return f"{name} has ended"
            silent_s = time.monotonic() - thread.worker.stepped_at
            if silent_s > self.silent_s_max:
                return f"{name} has made no step for {silent_s:.0f} s"
        return None

    def ready(self) -> str | None:
        """None when both workers are in their groups (an empty assignment is one) and ClickHouse answers."""
        if (complaint := self.healthy()) is not None:
            return complaint
        outside = [name for name, thread in self.workers.items() if not thread.worker.joined]
        if outside:
            return f"not in the group yet: {', '.join(outside)}"
        return self.reachable()


class ClickHouseReachable:
    """Whether ClickHouse answers our user; the last answer is kept for ASK_AGAIN_AFTER_S."""

    def __init__(self, connection: ClickHouseConnection) -> None:
        self._connection = connection
        self._client: Client | None = None
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._answer: str | None = None

    def __call__(self) -> str | None:
        """None, or what is wrong, in one line."""
        with self._asking:
            if time.monotonic() - self._asked_at > ASK_AGAIN_AFTER_S:
                self._answer = self._ask()
                self._asked_at = time.monotonic()
            return self._answer

    def _ask(self) -> str | None:
        try:
            self._client = self._client or self._connect()
            self._client.command("SELECT 1")
        except Exception as error:  # the client raises its own and its transport's errors alike
            self._client = None
            return f"ClickHouse at {self._connection.url}: {shown(str(error))}"
        return None

    def _connect(self) -> "Client":
        import clickhouse_connect

        options: dict[str, Any] = {**self._connection.client_options()}
        return clickhouse_connect.get_client(
            **options,
            connect_timeout=ASK_WITHIN_S,
            send_receive_timeout=ASK_WITHIN_S,
            query_retries=0,
            autogenerate_session_id=False,
        )
