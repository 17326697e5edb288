"""Verification of one run or of everything: read the topics, check, compare with the tables."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, partition_count
from chatsnapshot.kafka.partition_log import READER_GROUP, bounds, read_partition, reader
from chatsnapshot.verification.blob_check import BlobCheck
from chatsnapshot.verification.chain_check import PartitionCheck, RunCheck
from chatsnapshot.verification.findings import Finding, Kind, Report
from chatsnapshot.verification.tables import LedgerTables
from chatsnapshot.verification.waiting import held_findings, quarantine_findings
from chatsnapshot_producers.blobs import BlobStore
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import InvalidEvent, NotFound
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import message_key, partition_of

SINK_POLL_S = 0.2
"""How often is looked whether the sink has caught up."""
Progress = Callable[[int, int], None]
"""Called with (partitions done, partitions to do)."""


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
    """How long the sink may take to bring the tables to where the topic was when verification began."""

    def run(self, tenant_id: str, correlation_id: str) -> Report:
        """One run. Raises NotFound when no topic knows it."""
        report = self._verify((tenant_id, correlation_id), lambda done, total: None)
        if not report.runs and not report.findings:
            raise NotFound(f"no run {correlation_id!r} of tenant {tenant_id!r} in topic {self.topics.ledger}")
        return report

    def all(self, progress: Progress = lambda done, total: None) -> Report:
        """Every run of every partition."""
        return self._verify(None, progress)

    def _verify(self, only: tuple[str, str] | None, progress: Progress) -> Report:
        started = time.monotonic()
        report = Report()
        partitions = self._partitions()
        chosen = range(partitions) if only is None else [partition_of(message_key(*only), partitions)]
        consumer = reader(self.kafka, self.sink_group or READER_GROUP)
        try:
            with BlobCheck(self.blobs) as blobs:
                for done, partition in enumerate(chosen):
                    progress(done, len(chosen))
                    self._partition(consumer, PartitionCheck(partition, partitions, only), blobs, report)
                for finding in blobs.finish():
                    report.add(finding)
            report.blobs = blobs.checked
            for partition in range(partitions):  # a misrouted event is refused where it arrived
                for finding in quarantine_findings(consumer, self.kafka, self.topics, partition, self.framing, only):
                    report.add(finding)
        finally:
            consumer.close()
        progress(len(chosen), len(chosen))
        report.seconds = time.monotonic() - started
        return report

    def _partition(self, consumer: Consumer, check: PartitionCheck, blobs: BlobCheck, report: Report) -> None:
        end = bounds(consumer, self.kafka, self.topics.ledger, check.partition).end
        for finding in self._records(consumer, check, blobs, report):
            report.add(finding)
        report.runs += len(check.runs)
        for run in check.runs.values():
            for finding in run.finish():
                report.add(finding)
        for finding in held_findings(consumer, self.kafka, self.topics, check.partition, check.only):
            report.add(finding)
        if self.tables is not None:
            for finding in self._compare(self.tables, consumer, check, end):
                report.add(finding)

    def _records(
        self, consumer: Consumer, check: PartitionCheck, blobs: BlobCheck, report: Report
    ) -> Iterator[Finding]:
        key = message_key(*check.only) if check.only else None
        for message in read_partition(consumer, self.kafka, self.topics.ledger, check.partition):
            if key is not None and message.key() != key:
                continue
            report.records += 1
            value: Any = message.value()
            try:
                body = self.framing.ledger_body(value)
            except InvalidEvent as error:
                yield Finding(Kind.UNREADABLE, f"{self.topics.ledger}/{check.partition}@{message.offset()}: {error}")
                continue
            yield from check.feed(body)
            while check.stored:
                yield from blobs.begin(check.stored.pop())

    def _compare(self, tables: LedgerTables, consumer: Consumer, check: PartitionCheck, end: int) -> Iterator[Finding]:
        if self.sink_group and not self._sink_reached(consumer, check.partition, end):
            yield Finding(Kind.TABLES_BEHIND, f"the sink has not reached offset {end} of partition {check.partition}")
            return
        surplus = []
        for finding in _table_findings(tables, check):
            if finding.kind is Kind.TABLE_SURPLUS:
                surplus.append(finding)
            else:
                yield finding
        if surplus:  # or recorded, and inserted, since the topic was read
            since = self._recorded_since(consumer, check.partition, end)
            yield from (
                each for each in surplus if (each.tenant_id, each.correlation_id, each.sequence_no) not in since
            )
        for run in check.runs.values():
            yield from _external_findings(tables, run)

    def _recorded_since(self, consumer: Consumer, partition: int, end: int) -> set[tuple[str, str, int | None]]:
        """(tenant, correlation, sequence_no) of the ledger's records from offset `end` on."""
        since: set[tuple[str, str, int | None]] = set()
        for message in read_partition(consumer, self.kafka, self.topics.ledger, partition, end):
            value: Any = message.value()
            plain = decode_ledger_plain(self.framing.ledger_body(value))
            envelope = plain["envelope"]
            since.add((envelope["tenant_id"], envelope["correlation_id"], plain["sequence_no"]))
        return since

    def _sink_reached(self, consumer: Consumer, partition: int, end: int) -> bool:
        deadline = time.monotonic() + self.tables_wait_s
        while end > 0:
            (position,) = consumer.committed([TopicPartition(self.topics.ledger, partition)], timeout=ANSWER_TIMEOUT_S)
            if position.offset >= end:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(SINK_POLL_S)
        return True

    def _partitions(self) -> int:
        return partition_count(self.kafka, self.topics.ledger)


def _table_findings(tables: LedgerTables, check: PartitionCheck) -> Iterator[Finding]:
    if check.only is None:
        return tables.partition_findings(check.partition, check.runs)
    return tables.run_findings(check.runs.get(check.only) or RunCheck(*check.only))


def _external_findings(tables: LedgerTables, run: RunCheck) -> Iterator[Finding]:
    if not run.externals:
        return
    pairs = {(cause.causation_correlation_id, cause.causation_id) for cause in run.externals}
    found = tables.recorded(run.tenant_id, pairs)
    for cause in run.externals:
        if (cause.causation_correlation_id, cause.causation_id) not in found:
            yield Finding(
                Kind.UNRESOLVED_CAUSE,
                f"cause {cause.causation_id} is not recorded in run {cause.causation_correlation_id}",
                run.tenant_id,
                run.correlation_id,
                cause.sequence_no,
                cause.event_id,
            )
