"""The sink: brings ledger, held events and quarantine from Kafka into ClickHouse (DESIGN section 7)."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import FrameType

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import needed_access, topic_ids
from chatsnapshot_projections.sink_delivery import OnStep
from chatsnapshot_projections.sink_health import ClickHouseReachable, SinkHealth
from chatsnapshot_projections.sink_insert import ClickHouseWriter
from chatsnapshot_projections.sink_intake import ledger_intake, upsert_intakes
from chatsnapshot_projections.sink_worker import SinkWorker, WorkerThread
from chatsnapshot_schemas.health_port import health_port
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.kafka_rights import require_access
from chatsnapshot_schemas.registry import framing_with

__all__ = ["SinkConfig", "run", "serve"]

log = logging.getLogger(__name__)

LOOK_AGAIN_AFTER_S = 0.2
"""How soon a signal, or a worker that ended, is noticed."""
END_WITHIN_S = 9.0
"""Supervisors kill after ten seconds; what is cut off then is what a crash would cut off."""


def run(config: SinkConfig) -> int:
    """Run a sink until SIGTERM or SIGINT (exit code 0, within ten seconds) or until its ledger partitions stopped (1).

    To be called from the main thread. Raises BrokerUnavailable, AccessRefused, ConfigurationError (a topic is missing),
    AlreadyRunning (another sink has this `instance_id`), PortTaken (metrics) and RegistryUnavailable. ClickHouse may
    be down: the sink waits for it.
    """
    stop = threading.Event()
    with _stopped_by_signals(stop):
        return serve(config, stop)


def serve(config: SinkConfig, stop: threading.Event, on_step: OnStep | None = None) -> int:
    """As `run`, ended by `stop`. `on_step` is told after each step of each batch (see `sink_delivery`).

    Two workers, each a member of a group of its own: the ledger's partitions are shared out evenly only when nothing
    else is counted with them, and what the small tables do never takes an insert away from the ledger.
    """
    upserts_config = replace(config, group=f"{config.group}-upserts", inserts_in_flight_max=1)
    ids = _topics(config, upserts_config.group)
    framing = framing_with(config.registry_url)
    writer = ClickHouseWriter(config.clickhouse, config.insert_timeout_s)
    metrics, told = SinkMetrics(), on_step or _nothing
    ledger = SinkWorker(config, ledger_intake(config, ids, framing), writer.write, metrics, told)
    upserts = SinkWorker(upserts_config, upsert_intakes(config, ids, framing), writer.write, metrics, told)
    halt = threading.Event()
    running = [WorkerThread(ledger, halt, "sink-ledger"), WorkerThread(upserts, halt, "sink-upserts")]
    with _health_port(config, metrics, running):
        log.info("sink %s reads %s", config.group, ", ".join(ids))
        return _work(running, halt, stop)


def _topics(config: SinkConfig, upserts_group: str) -> dict[str, str]:
    """Ids of the topics that are read; they are there, and this account may read them."""
    admin, topics = ListeningAdmin(config.kafka), config.topics
    require_access(admin, needed_access(topics, (config.group, upserts_group)))
    return topic_ids(admin, (topics.ledger, topics.state, topics.quarantine))


def _work(running: list[WorkerThread], halt: threading.Event, stop: threading.Event) -> int:
    """Both in threads of their own: a commit to a broker that hangs does not return, and signals must get through."""
    for worker in running:
        worker.start()
    while running[0].is_alive() and not stop.is_set() and not any(worker.error for worker in running):
        running[0].join(LOOK_AGAIN_AFTER_S)
    halt.set()
    deadline = time.monotonic() + END_WITHIN_S
    for worker in running:
        worker.join(max(0.0, deadline - time.monotonic()))
    if any(worker.is_alive() for worker in running):
        log.warning("Kafka does not answer; leaving without it (whoever comes next goes on where this sink was)")
    for worker in running:
        if worker.error is not None:
            raise worker.error
    return running[0].code


def _nothing(_step: str, _source: Source) -> None:
    pass


def _health_port(
    config: SinkConfig, metrics: SinkMetrics, workers: list[WorkerThread]
) -> AbstractContextManager[int | None]:
    """The probes' view lasts as long as a worker may be silent before the group gives its partitions away."""
    named = {worker.name: worker for worker in workers}
    health = SinkHealth(named, ClickHouseReachable(config.clickhouse), config.max_poll_interval_s)
    host, port = config.metrics_host, config.metrics_port
    return health_port(host, port, metrics.registry, healthy=health.healthy, ready=health.ready)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
