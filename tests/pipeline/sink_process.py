"""A sink as a process of its own: `python -m tests.pipeline.sink_process OPTIONS`.

OPTIONS is JSON: bootstrap, url, prefix; `config`: fields of SinkConfig; `kill`: [step, n], the process kills itself
with SIGKILL when that step of a ledger batch happens for the n-th time. The step `inserting` is in the middle of an
insert: its answer is never seen.
"""

import faulthandler
import itertools
import json
import logging
import os
import signal
import sys
import threading

from chatsnapshot_projections import sink, sink_insert
from chatsnapshot_projections.sink_batch import Insert, Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_schemas.connections import ClickHouseConnection, KafkaConnection, TopicNames

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
    if "kill" not in options:
        return sink.run(config)
    step, count = options["kill"]
    left = itertools.count(count - 1, -1)

    def on_step(happened: str, source: Source) -> None:
        if happened == step and source.topic == config.topics.ledger and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if step == "inserting":
        _kill_while_inserting(config, on_step)
    return sink.serve(config, threading.Event(), on_step)


def _kill_while_inserting(config: SinkConfig, on_step: sink.OnStep) -> None:
    """Send the insert in a thread and die a moment later: it may land or not."""
    write = sink_insert.ClickHouseWriter.write

    def write_and_die(self: sink_insert.ClickHouseWriter, insert: Insert) -> None:
        if insert.table == "ledger":
            source = Source(config.topics.ledger, "", 0)
            threading.Timer(0.01, on_step, ("inserting", source)).start()
        write(self, insert)

    sink_insert.ClickHouseWriter.write = write_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
