"""How long ledger and tables stood still while a fault was going on: seconds between two looks that saw them grow."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Event, Thread
from time import monotonic

import httpx
from confluent_kafka import Consumer, KafkaException, TopicPartition

LOOK_EVERY_S = 0.2
_ANSWER_WITHIN_S = 2.0

Size = Callable[[], int | None]
"""How large something is now; None when nobody answers."""


class Stillness:
    """Looks from `start` to `stop`; what comes before the first growth or after the last does not count."""

    def __init__(self, bootstrap: str, ledger: str, partitions: int, url: str, database: str) -> None:
        self._ledger = _Growth(partial(_ends, bootstrap, ledger, partitions))
        self._table = _Growth(partial(_rows, url, database))

    @property
    def ledger_s(self) -> float:
        """Of the committed ends of the ledger topic."""
        return self._ledger.still_s

    @property
    def table_s(self) -> float:
        """Of the rows of table `ledger`."""
        return self._table.still_s

    def start(self) -> None:
        """Begin to look; a second call does nothing."""
        self._ledger.start()
        self._table.start()

    def stop(self) -> None:
        """Look no longer."""
        self._ledger.stop()
        self._table.stop()


class _Growth:
    def __init__(self, opened: Callable[[], AbstractContextManager[Size]]) -> None:
        self.still_s = 0.0
        self._opened = opened
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="stillness", daemon=True)

    def start(self) -> None:
        if not self._thread.is_alive() and not self._stopping.is_set():
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with self._opened() as size:
            before, grew_at = size(), monotonic()
            while not self._stopping.wait(LOOK_EVERY_S):
                now = size()
                if now is not None and before is not None and now > before:
                    if before > 0:
                        self.still_s = max(self.still_s, monotonic() - grew_at)
                    grew_at = monotonic()
                before = before if now is None else now


@contextmanager
def _ends(bootstrap: str, topic: str, partitions: int) -> Iterator[Size]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "stillness", "isolation.level": "read_committed"}
    consumer = Consumer({**settings, "log_level": 0})
    places = [TopicPartition(topic, partition) for partition in range(partitions)]

    def end() -> int | None:
        try:
            return sum(consumer.get_watermark_offsets(place, _ANSWER_WITHIN_S)[1] for place in places)
        except KafkaException:
            return None

    yield end
    consumer.close()


@contextmanager
def _rows(url: str, database: str) -> Iterator[Size]:
    with httpx.Client(timeout=_ANSWER_WITHIN_S, trust_env=False) as client:

        def rows() -> int | None:
            try:
                answer = client.post(url, content=f"SELECT count() FROM {database}.ledger")
                return int(answer.text) if answer.is_success else None
            except httpx.HTTPError:
                return None

        yield rows
