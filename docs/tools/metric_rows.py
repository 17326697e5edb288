"""Every metric of every process, taken from the registries that the processes make."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from chatsnapshot.server import metrics as server_metrics
from chatsnapshot_processors.metrics import SequencerMetrics
from chatsnapshot_producers import metrics as producer_metrics
from chatsnapshot_projections.metrics import SinkMetrics

OURS = "chatsnapshot_"
IN_DEFAULT_REGISTRY = (server_metrics, producer_metrics)
"""Importing them makes their metrics."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One name that `/metrics` shows. `type`: counter, gauge or histogram."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def metrics_by_process() -> Iterator[tuple[str, list[Metric]]]:
    """(who serves them, metrics in the order in which they were made)."""
    sequencer = CollectorRegistry()
    SequencerMetrics(sequencer)
    yield "Sequencer", _metrics(sequencer, "chatsnapshot_sequencer_")
    yield "Sink", _metrics(SinkMetrics().registry, "chatsnapshot_sink_")
    yield "HTTP server", _metrics(REGISTRY, "chatsnapshot_http_")
    yield "HTTP server with the role ingest", _metrics(REGISTRY, "chatsnapshot_ingest_")
    yield "Programs that record", _metrics(REGISTRY, "chatsnapshot_producer_")


def metric_names() -> set[str]:
    """Names as a query uses them; a histogram has three."""
    names = set()
    for _, metrics in metrics_by_process():
        for metric in metrics:
            suffixes = ("_bucket", "_count", "_sum") if metric.type == "histogram" else ("",)
            names |= {f"{metric.name}{suffix}" for suffix in suffixes}
    return names


def unlisted() -> set[str]:
    """Metrics of ours in the default registry that no process above is said to serve."""
    listed = {metric.name for _, metrics in metrics_by_process() for metric in metrics}
    return {metric.name for metric in _metrics(REGISTRY, OURS)} - listed


def _metrics(registry: CollectorRegistry, prefix: str) -> list[Metric]:
    made = [each for each in registry._collector_to_names if isinstance(each, MetricWrapperBase)]
    return [_metric(each) for each in made if each._name.startswith(prefix)]


def _metric(made: MetricWrapperBase) -> Metric:
    name = f"{made._name}_total" if made._type == "counter" else made._name
    return Metric(name, str(made._type), tuple(made._labelnames), str(made._documentation))
