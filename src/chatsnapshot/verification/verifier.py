"""Verification of one run or of everything: read the topics, check, compare with the tables."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import Consumer

from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.kafka.partition_log import READER_GROUP, bounds, read_partition, reader
from chatsnapshot.verification.blob_check import BlobCheck
from chatsnapshot.verification.chain_check import PartitionCheck
from chatsnapshot.verification.findings import Finding, InputCounts, Kind, Report
from chatsnapshot.verification.input_check import InputCheck, begin_inputs
from chatsnapshot.verification.ledger_comparison import LedgerComparison
from chatsnapshot.verification.progress import Progress, Steps
from chatsnapshot.verification.projection_check import ProjectionCheck
from chatsnapshot.verification.run_range import RECORDS_PER_RANGE
from chatsnapshot.verification.tables import LedgerTables
from chatsnapshot.verification.waiting import read_waiting
from chatsnapshot_producers.blobs import BlobStore
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import InvalidEvent, NotFound
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import message_key, partition_of

TELL_EVERY = 5_000
"""Records between two words of progress."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Where the topics and tables are. Every method raises BrokerUnavailable or ClickHouseUnavailable."""

    kafka: KafkaConnection
    topics: TopicNames
    framing: Framing
    blobs: Callable[[], BlobStore]
    """The storage of payloads above the cap; asked for only when there is one."""
    tables: LedgerTables | None = None
    sink_group: str = ""
    tables_wait_s: float = 15.0
    """How long sequencer and sink may take to come to where their input was when verification began."""

    def run(self, tenant_id: str, correlation_id: str) -> Report:
        """One run. Raises NotFound when no topic knows it."""
        report = Report()
        _Verification(self, report, Steps(), (tenant_id, correlation_id)).run()
        if not report.runs and not report.findings:
            raise NotFound(f"no run {correlation_id!r} of tenant {tenant_id!r} in topic {self.topics.ledger}")
        return report

    def all(self, progress: Progress = lambda doing, done, total: None) -> Report:
        """Every run of every partition, the inputs that the events topic still has, and every table."""
        report = Report(accounted=InputCounts())
        _Verification(self, report, Steps(progress), None).run()
        return report


class _Verification:
    """One go through everything."""

    def __init__(self, where: Verifier, report: Report, steps: Steps, only: tuple[str, str] | None) -> None:
        self._where = where
        self._report = report
        self._steps = steps
        self._only = only
        self._kafka, self._topics = where.kafka, where.topics

    def run(self) -> None:
        started = time.monotonic()
        partitions = partition_count(self._kafka, self._topics.ledger)
        chosen = range(partitions)
        if self._only is not None:
            chosen = range(at := partition_of(message_key(*self._only), partitions), at + 1)
        consumer = reader(self._kafka, self._where.sink_group or READER_GROUP)
        committed = reader(self._kafka, self._topics.sequencer_group)
        try:
            with BlobCheck(self._where.blobs) as blobs:
                for partition in chosen:
                    self._add(
                        self._partition(consumer, committed, PartitionCheck(partition, partitions, self._only), blobs)
                    )
                self._add(blobs.finish())
            self._report.blobs = blobs.checked
            for partition in set(range(partitions)) - set(chosen):  # a misrouted event is refused where it arrived
                waiting = read_waiting(consumer, self._kafka, self._topics, partition, self._where.framing)
                self._add(waiting.refused_findings(self._only))
            if self._where.tables is not None:
                comparison = LedgerComparison(self._where, self._where.tables, consumer)
                self._projections(self._where.tables, lambda: comparison.is_settled(partitions))
        finally:
            consumer.close()
            committed.close()
        self._report.seconds = time.monotonic() - started

    def _add(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            self._report.add(finding)

    def _partition(
        self, consumer: Consumer, committed: Consumer, check: PartitionCheck, blobs: BlobCheck
    ) -> Iterator[Finding]:
        inputs = self._begun(committed, check)
        end = bounds(consumer, self._kafka, self._topics.ledger, check.partition).end
        self._steps.begin(f"partition {check.partition}: records", end)
        yield from self._records(consumer, check, blobs)
        self._report.runs += len(check.runs)
        for run in check.runs.values():
            yield from run.finish()
        waiting = read_waiting(consumer, self._kafka, self._topics, check.partition, self._where.framing)
        yield from waiting.held_findings(check.only)
        yield from waiting.refused_findings(check.only)
        if inputs is not None:
            self._steps.begin(f"partition {check.partition}: inputs", inputs.places.end - inputs.places.begin)
            yield from inputs.findings(check, end, waiting, self._steps.advance)
        if self._where.tables is not None:
            self._steps.begin(f"partition {check.partition}: table ledger", 1)
            comparison = LedgerComparison(self._where, self._where.tables, consumer)
            yield from comparison.findings(check, end, waiting)

    def _begun(self, committed: Consumer, check: PartitionCheck) -> InputCheck | None:
        counts = self._report.accounted
        if counts is None:
            return None
        inputs = begin_inputs(
            committed, self._kafka, self._topics, self._where.framing, check.partition, self._where.tables_wait_s
        )
        inputs.counts = counts
        check.inputs = inputs.places
        return inputs

    def _records(self, consumer: Consumer, check: PartitionCheck, blobs: BlobCheck) -> Iterator[Finding]:
        key = message_key(*check.only) if check.only else None
        for number, message in enumerate(read_partition(consumer, self._kafka, self._topics.ledger, check.partition)):
            if number % TELL_EVERY == 0:
                self._steps.advance(TELL_EVERY)
            if key is not None and message.key() != key:
                continue
            self._report.records += 1
            value: Any = message.value()
            try:
                body = self._where.framing.ledger_body(value)
            except InvalidEvent as error:
                place = f"{self._topics.ledger}/{check.partition}@{message.offset()}"
                yield Finding(Kind.UNREADABLE, f"{place}: {error}")
                continue
            yield from check.feed(body)
            while check.stored:
                yield from blobs.begin(check.stored.pop())

    def _projections(self, tables: LedgerTables, settled: Callable[[], bool]) -> None:
        if Kind.TABLES_BEHIND in self._report.counts:
            return
        check = ProjectionCheck(tables.queries, settled)
        self._report.tables = ("ledger", "held", "quarantine", *check.names)
        ranges = self._report.records // RECORDS_PER_RANGE + 1
        self._steps.begin("tables", ranges * len(check.names))
        told = partial(self._steps.advance, 1)
        found = check.all(told) if self._only is None else check.run(self._only)
        otherwise = self._report.runs_otherwise
        self._add(each for each in found if (each.tenant_id, each.correlation_id) not in otherwise)
        self._report.bills_left_out, self._report.growing = check.bills_left_out, len(check.growing)
