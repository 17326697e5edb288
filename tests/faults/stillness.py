"""How long the ledger stood still while a fault was going on: seconds between two looks that saw it grow."""

from threading import Event, Thread
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

LOOK_EVERY_S = 0.2
_ANSWER_WITHIN_S = 2.0


class Stillness:
    """Looks at the committed ends of a topic from `start` to `stop`; what follows the last growth does not count."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.longest_s = 0.0
        self._bootstrap = bootstrap
        self._places = [TopicPartition(topic, partition) for partition in range(partitions)]
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="stillness", daemon=True)

    def start(self) -> None:
        """Begin to look; a second call does nothing."""
        if not self._thread.is_alive() and not self._stopping.is_set():
            self._thread.start()

    def stop(self) -> None:
        """Look no longer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        settings = {"bootstrap.servers": self._bootstrap, "group.id": "stillness", "isolation.level": "read_committed"}
        consumer = Consumer({**settings, "log_level": 0})
        before, grew_at = self._end(consumer), monotonic()
        while not self._stopping.wait(LOOK_EVERY_S):
            end = self._end(consumer)
            if end is not None and before is not None and end > before:
                if before > 0:
                    self.longest_s = max(self.longest_s, monotonic() - grew_at)
                grew_at = monotonic()
            before = before if end is None else end
        consumer.close()

    def _end(self, consumer: Consumer) -> int | None:
        try:
            return sum(consumer.get_watermark_offsets(place, _ANSWER_WITHIN_S)[1] for place in self._places)
        except KafkaException:
            return None
