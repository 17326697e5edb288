"""The sink: brings ledger, held events and quarantine from Kafka into ClickHouse (DESIGN section 7)."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from prometheus_client import start_http_server

from chatsnapshot_projections.metrics import SinkMetrics
from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_config import SinkConfig
from chatsnapshot_projections.sink_consumer import topic_ids
from chatsnapshot_projections.sink_delivery import OnStep
from chatsnapshot_projections.sink_insert import ClickHouseWriter
from chatsnapshot_projections.sink_intake import intakes
from chatsnapshot_projections.sink_worker import SinkWorker
from chatsnapshot_schemas.errors import PortTaken
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.registry import ConfluentRegistry

__all__ = ["SinkConfig", "run", "serve"]

log = logging.getLogger(__name__)


def run(config: SinkConfig) -> int:
    """Run one worker until SIGTERM or SIGINT (exit code 0, within ten seconds) or until all its partitions stopped (1).

    To be called from the main thread. Raises BrokerUnavailable, ConfigurationError (a topic is missing, Kafka refuses),
    AlreadyRunning (another worker has this `instance_id`), PortTaken (metrics) and RegistryUnavailable. ClickHouse may
    be down: the sink waits for it.
    """
    stop = threading.Event()
    with _stopped_by_signals(stop):
        return serve(config, stop)


def serve(config: SinkConfig, stop: threading.Event, on_step: OnStep | None = None) -> int:
    """As `run`, ended by `stop`. `on_step` is told after each step of each batch (see `sink_delivery`)."""
    metrics = SinkMetrics()
    framing = Framing(ConfluentRegistry(config.registry_url) if config.registry_url else None)
    topics = (config.topics.ledger, config.topics.state, config.topics.quarantine)
    chosen = intakes(config, topic_ids(config.kafka, topics), framing)
    writer = ClickHouseWriter(config.clickhouse, config.insert_timeout_s)
    with _metrics_served(config, metrics):
        log.info("sink %s reads %s", config.group, ", ".join(topics))
        return SinkWorker(config, chosen, writer.write, metrics, on_step or _nothing).run(stop)


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
