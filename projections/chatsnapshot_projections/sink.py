"""The sink: brings ledger, held events and quarantine from Kafka into ClickHouse (DESIGN section 7)."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from prometheus_client import start_http_server

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import topic_ids
from chatsnapshot_projections.sink_delivery import OnStep
from chatsnapshot_projections.sink_insert import ClickHouseWriter
from chatsnapshot_projections.sink_intake import ledger_intake, upsert_intakes
from chatsnapshot_projections.sink_worker import SinkWorker, WorkerThread
from chatsnapshot_schemas.errors import PortTaken
from chatsnapshot_schemas.registry import framing_with

__all__ = ["SinkConfig", "run", "serve"]

log = logging.getLogger(__name__)

LOOK_AGAIN_AFTER_S = 0.2
"""How soon a signal, or a worker that ended, is noticed."""
END_WITHIN_S = 9.0
"""Supervisors kill after ten seconds; what is cut off then is what a crash would cut off."""


def run(config: SinkConfig) -> int:
    """Run a sink until SIGTERM or SIGINT (exit code 0, within ten seconds) or until its ledger partitions stopped (1).

    To be called from the main thread. Raises BrokerUnavailable, ConfigurationError (a topic is missing, Kafka refuses),
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
    topics = config.topics
    ids = topic_ids(config.kafka, (topics.ledger, topics.state, topics.quarantine))
    framing = framing_with(config.registry_url)
    writer = ClickHouseWriter(config.clickhouse, config.insert_timeout_s)
    metrics, told = SinkMetrics(), on_step or _nothing
    upserts_config = replace(config, group=f"{config.group}-upserts", inserts_in_flight_max=1)
    with _metrics_served(config, metrics):
        ledger = SinkWorker(config, ledger_intake(config, ids, framing), writer.write, metrics, told)
        upserts = SinkWorker(upserts_config, upsert_intakes(config, ids, framing), writer.write, metrics, told)
        log.info("sink %s reads %s", config.group, ", ".join(ids))
        return _work(ledger, upserts, stop)


def _work(ledger: SinkWorker, upserts: SinkWorker, stop: threading.Event) -> int:
    """Both in threads of their own: a commit to a broker that hangs does not return, and signals must get through."""
    halt = threading.Event()
    running = [WorkerThread(ledger, halt, "sink-ledger"), WorkerThread(upserts, halt, "sink-upserts")]
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


@contextmanager
def _metrics_served(config: SinkConfig, metrics: SinkMetrics) -> Iterator[None]:
    if config.metrics_port is None:
        yield
        return
    try:
        server, thread = start_http_server(config.metrics_port, config.metrics_host, metrics.registry)
    except OSError as error:
        raise PortTaken(f"metrics cannot be served on {config.metrics_host}:{config.metrics_port}: {error}") from error
    log.info("metrics on http://%s:%s/metrics", config.metrics_host, server.server_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
