"""The sequencer's metrics: a closed set, in a registry that the worker makes.

| name (prefix `chatsnapshot_sequencer_`) | labels | meaning |
|---|---|---|
| input_records_total | partition | input records in committed transactions |
| input_bytes_total | partition | their values' bytes |
| recorded_total | partition | ledger records committed |
| duplicates_total | partition | inputs dropped: the fact is known already |
| replays_total | partition | inputs dropped: this very input record was done already |
| quarantined_total | reason | quarantine records committed |
| ticks_total | partition | tick records sent |
| transactions_total | partition | transactions committed |
| transaction_seconds | - | from begin to commit, sequencing included |
| lane_failures_total | kind | lanes that had to begin again |
| lanes_open | - | partitions this worker works on now |
| position | partition | next input offset |
| lag_records | partition | input offsets not yet sequenced (watchdog's view, every few seconds) |
| held_events | partition | events that wait for a cause or predecessor |
| held_bytes | partition | their bytes |
| held_total | partition | events that had to wait when they came |
| released_total | partition | events that waited and then had all they waited for |
| expired_total | partition | events that waited until their bound, or were waited for by such a one |
| pushed_out_total | partition | events that left early because limits of held events were reached |
| late_total | partition | ledger records with `late` |
| gaps_total | partition | ledger records with a `gap_before` |
| missing_numbers_total | partition | the sum of all `gap_before` |
| unresolved_total | partition | ledger records whose cause did not come within the bound |
| source_seq_reused_total | partition | ledger records with a number that another event had |
| restored_records_total | partition | ledger records read to bring the cache up to date |
| restore_seconds | partition | how long the last opening took |
| roots_total | partition | Merkle roots written |
| root_time | partition | when the last root was made, seconds since 1970 |
| root_compute_seconds | partition | how long the lane was busy with the last root |
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chatsnapshot_processors.batch_transaction import BatchOutcome

_PREFIX = "chatsnapshot_sequencer_"
_DECIDED = {
    "held": "Events that had to wait",
    "released": "Events that waited and had all they waited for",
    "expired": "Events that waited until their bound",
    "pushed_out": "Events that left early because of limits",
    "late": "Ledger records that are late",
    "gaps": "Ledger records with a gap before them",
    "missing_numbers": "Sum of all gaps",
    "unresolved": "Ledger records without their cause",
    "source_seq_reused": "Ledger records with another event's number",
}
"""Names as `Counts.decided` gives them."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class SequencerMetrics:
    """One worker's metrics; called from lanes' threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._input_records = self._counter("input_records", "Input records in committed transactions", "partition")
        self._input_bytes = self._counter("input_bytes", "Bytes of their values", "partition")
        self._recorded = self._counter("recorded", "Ledger records committed", "partition")
        self._duplicates = self._counter("duplicates", "Inputs whose fact is known already", "partition")
        self._replays = self._counter("replays", "Inputs that were done already", "partition")
        self._quarantined = self._counter("quarantined", "Quarantine records committed", "reason")
        self._ticks = self._counter("ticks", "Tick records sent", "partition")
        self._transactions = self._counter("transactions", "Transactions committed", "partition")
        self._failures = self._counter("lane_failures", "Lanes that had to begin again", "kind")
        self._restored = self._counter("restored_records", "Ledger records read into the cache", "partition")
        self._decided = {name: self._counter(name, meaning, "partition") for name, meaning in _DECIDED.items()}
        self._seconds = Histogram(
            _PREFIX + "transaction_seconds", "From begin to commit", buckets=_SECONDS, registry=registry
        )
        self._open = Gauge(_PREFIX + "lanes_open", "Partitions worked on", registry=registry)
        self._position = self._gauge("position", "Next input offset")
        self._lag = self._gauge("lag_records", "Input offsets not yet sequenced")
        self._held_events = self._gauge("held_events", "Events that wait")
        self._held_bytes = self._gauge("held_bytes", "Bytes of events that wait")
        self._restore_seconds = self._gauge("restore_seconds", "Duration of the last opening")
        self._roots = self._counter("roots", "Merkle roots written", "partition")
        self._root_time = self._gauge("root_time", "When the last root was made, seconds since 1970")
        self._root_seconds = self._gauge("root_compute_seconds", "Time the lane was busy with the last root")

    def committed(self, partition: int, records: int, size: int, outcome: BatchOutcome, seconds: float) -> None:
        """A transaction was committed."""
        label = str(partition)
        self._input_records.labels(label).inc(records)
        self._input_bytes.labels(label).inc(size)
        self._recorded.labels(label).inc(outcome.recorded)
        self._duplicates.labels(label).inc(outcome.duplicates)
        self._replays.labels(label).inc(outcome.replays)
        self._transactions.labels(label).inc()
        for reason, count in outcome.quarantined.items():
            self._quarantined.labels(reason).inc(count)
        self._seconds.observe(seconds)

    def decided(self, partition: int, before: Mapping[str, int], now: Mapping[str, int]) -> None:
        """What a lane's sequencer counted, `now` and when its transaction before was committed."""
        for name, counter in self._decided.items():
            counter.labels(str(partition)).inc(now[name] - before.get(name, 0))

    def lane(self, partition: int, position: int, held_events: int, held_bytes: int) -> None:
        """Where a lane stands."""
        label = str(partition)
        self._position.labels(label).set(position)
        self._held_events.labels(label).set(held_events)
        self._held_bytes.labels(label).set(held_bytes)

    def restored(self, partition: int, records: int, seconds: float) -> None:
        """A lane opened."""
        self._restored.labels(str(partition)).inc(records)
        self._restore_seconds.labels(str(partition)).set(seconds)

    def root(self, partition: int, made_at: float, busy_s: float) -> None:
        """A root was written."""
        label = str(partition)
        self._roots.labels(label).inc()
        self._root_time.labels(label).set(made_at)
        self._root_seconds.labels(label).set(busy_s)

    def lanes_open(self, change: int) -> None:
        """A lane opened (1) or ended (-1)."""
        self._open.inc(change)

    def failed(self, kind: str) -> None:
        """A lane has to begin again."""
        self._failures.labels(kind).inc()

    def ticked(self, partition: int) -> None:
        """A tick was sent."""
        self._ticks.labels(str(partition)).inc()

    def lag(self, partition: int, records: int) -> None:
        """How far the end of the input is ahead of the lane."""
        self._lag.labels(str(partition)).set(records)

    def forget(self, partition: int) -> None:
        """A partition went to another worker: its gauges end."""
        roots = (self._root_time, self._root_seconds)
        for gauge in (self._position, self._lag, self._held_events, self._held_bytes, self._restore_seconds, *roots):
            if (str(partition),) in gauge._metrics:
                gauge.remove(str(partition))

    def _counter(self, name: str, meaning: str, label: str) -> Counter:
        return Counter(_PREFIX + name, meaning, [label], registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(_PREFIX + name, meaning, ["partition"], registry=self.registry)
