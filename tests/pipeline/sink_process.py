"""A sink as a process of its own: `python -m tests.pipeline.sink_process OPTIONS`.

OPTIONS is JSON: bootstrap, url, prefix; `config`: fields of SinkConfig; `kill`: [step, n] or [step, n, kind], the
process kills itself with SIGKILL when that step of a batch of that kind (`ledger`, `state`, `quarantine`; else ledger)
happens for the n-th time. The step `inserting` is in the middle of an insert: its answer is never seen. `hang`:
[step, n, seconds], the thread that owns the consumer sleeps there instead. `client`: more settings of librdkafka.
"""

import faulthandler
import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from chatsnapshot_projections import sink, sink_insert
from chatsnapshot_projections.sink_batch import Insert, Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames
from tests.pipeline.client_settings import add_client_settings

TABLES = {"ledger": "ledger", "state": "held_versions", "quarantine": "quarantine_versions"}
INSERTING = "inserting"

faulthandler.register(signal.SIGUSR1, all_threads=True)


def main() -> int:
    options = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    config = SinkConfig(
        kafka=KafkaConnection(bootstrap_servers=options["bootstrap"]),
        clickhouse=ClickHouseConnection(url=options["url"], database=options["prefix"]),
        topics=TopicNames(prefix=options["prefix"]),
        **{"inserts_per_s_max": 50.0, "linger_s": 0.05, "upserts_per_s_max": 20.0, **options.get("config", {})},
    )
    add_client_settings(options.get("client", {}))
    if "kill" not in options and "hang" not in options:
        return sink.run(config)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    return sink.serve(config, stop, _fault(config, options))


def _fault(config: SinkConfig, options: dict[str, Any]) -> sink.OnStep:
    """Harm at the n-th time of a step."""
    if "hang" in options:
        step, count, seconds = options["hang"]
        return _at(step, count, config.topics.ledger, lambda: time.sleep(seconds))
    step, count, kind = (*options["kill"], "ledger")[:3]
    topics = {"ledger": config.topics.ledger, "state": config.topics.state, "quarantine": config.topics.quarantine}
    on_step = _at(step, count, topics[kind], lambda: os.kill(os.getpid(), signal.SIGKILL))
    if step == INSERTING:
        _while_inserting(TABLES[kind], lambda: on_step(INSERTING, Source(topics[kind], "", 0)))
    return on_step


def _at(step: str, count: int, topic: str, harm: Callable[[], None]) -> sink.OnStep:
    left = itertools.count(count - 1, -1)

    def on_step(happened: str, source: Source) -> None:
        if happened == step and source.topic == topic and next(left) == 0:
            harm()

    return on_step


def _while_inserting(table: str, harm: Callable[[], None]) -> None:
    """Send the insert in a thread and do it a moment later: the insert may land or not."""
    write = sink_insert.ClickHouseWriter.write

    def write_and_die(self: sink_insert.ClickHouseWriter, insert: Insert) -> None:
        if insert.table == table:
            threading.Timer(0.01, harm).start()
        write(self, insert)

    sink_insert.ClickHouseWriter.write = write_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
