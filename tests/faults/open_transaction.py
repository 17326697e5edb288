"""A transactional producer that writes, does not commit, and waits to be killed: `python -m ... OPTIONS`.

OPTIONS is JSON: bootstrap, transactional_id, timeout_ms, topic, records: [partition, key, value] each, in hexadecimal.
Prints `open` once the broker has everything.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.pipeline.sequencer_installation import eventually
from tests.pipeline.worker_process import REPOSITORY, WITHIN_S


def main() -> None:
    told = json.loads(sys.argv[1])
    producer = Producer(
        {
            "bootstrap.servers": told["bootstrap"],
            "transactional.id": told["transactional_id"],
            "transaction.timeout.ms": told["timeout_ms"],
            "message.timeout.ms": told["timeout_ms"],
        }
    )
    producer.init_transactions(WITHIN_S)
    producer.begin_transaction()
    for partition, key, value in told["records"]:
        producer.produce(told["topic"], bytes.fromhex(value), bytes.fromhex(key), partition)
    assert producer.flush(WITHIN_S) == 0
    print("open", flush=True)
    time.sleep(WITHIN_S)


def leave_open(
    bootstrap: str, name: str, topic: str, records: Sequence[tuple[int, bytes, bytes]], timeout_ms: int
) -> None:
    """Returns when the transaction is open and its producer dead, killed with SIGKILL.

    The broker ends it when its time is up; it looks every ten seconds.
    """
    told = {
        "bootstrap": bootstrap,
        "transactional_id": name,
        "timeout_ms": timeout_ms,
        "topic": topic,
        "records": [(partition, key.hex(), value.hex()) for partition, key, value in records],
    }
    command = [sys.executable, "-m", "tests.faults.open_transaction", json.dumps(told)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    assert said == "open\n"


def wait_until_ended(bootstrap: str, topic: str, partitions: int) -> None:
    """Until the broker has ended every transaction: what is committed reaches to the end of the log."""
    eventually(lambda: not is_open(bootstrap, topic, partitions) or None)


def is_open(bootstrap: str, topic: str, partitions: int) -> bool:
    """Whether a transaction hides the end of the log."""
    return _ends(bootstrap, topic, partitions, "read_committed") != _ends(bootstrap, topic, partitions)


def _ends(bootstrap: str, topic: str, partitions: int, isolation: str = "read_uncommitted") -> list[int]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "looking", "isolation.level": isolation})
    try:
        places = (TopicPartition(topic, partition) for partition in range(partitions))
        return [consumer.get_watermark_offsets(place, WITHIN_S)[1] for place in places]
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
