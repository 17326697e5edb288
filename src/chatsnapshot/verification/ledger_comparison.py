"""Table `ledger` and the views of what waits, compared with the topics once the sink has come that far."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, TopicPartition

from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S
from chatsnapshot.kafka.partition_log import bounds, read_partition, reader
from chatsnapshot.verification.chain_check import PartitionCheck, RunCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.tables import LedgerTables
from chatsnapshot.verification.waiting import Waiting
from chatsnapshot.verification.waiting_tables import waiting_table_findings
from chatsnapshot_schemas.codec import decode_ledger_plain

if TYPE_CHECKING:
    from chatsnapshot.verification.verifier import Verifier

SINK_POLL_S = 0.2
"""How often is looked whether the sink has caught up."""


class LedgerComparison:
    """Compares one partition at a time."""

    def __init__(self, where: "Verifier", tables: LedgerTables, consumer: Consumer) -> None:
        self._where = where
        self._tables = tables
        self._consumer = consumer
        self._kafka, self._topics = where.kafka, where.topics

    def findings(self, check: PartitionCheck, end: int, waiting: Waiting) -> Iterator[Finding]:
        """`end`: where the ledger topic ended when `check` was fed."""
        ledger, partition = self._topics.ledger, check.partition
        position = self._reached(self._where.sink_group, ledger, partition, end)
        if position is not None and position < end:
            yield Finding(Kind.TABLES_BEHIND, f"the sink has not reached offset {end} of partition {partition}")
            return
        if position is not None and position > (now := bounds(self._consumer, self._kafka, ledger, partition).end):
            detail = f"{ledger}-{partition} ends at offset {now}, but everything below {position} is in the tables"
            yield Finding(Kind.OFFSET_BEYOND_END, detail)
        yield from self._rows(check, end)
        if check.only is None:
            yield from self._waiting(partition, waiting)

    def _rows(self, check: PartitionCheck, end: int) -> Iterator[Finding]:
        surplus = []
        for finding in _table_findings(self._tables, check):
            if finding.kind is Kind.TABLE_SURPLUS:
                surplus.append(finding)
            else:
                yield finding
        if surplus:  # or recorded, and inserted, since the topic was read
            since = self._recorded_since(check.partition, end)
            yield from (
                each for each in surplus if (each.tenant_id, each.correlation_id, each.sequence_no) not in since
            )
        for run in check.runs.values():
            yield from _external_findings(self._tables, run)

    def _waiting(self, partition: int, waiting: Waiting) -> Iterator[Finding]:
        group, ends = f"{self._where.sink_group}-upserts", ((self._topics.state, waiting.state_end),)
        for topic, end in (*ends, (self._topics.quarantine, waiting.quarantine_end)):
            position = self._reached(group, topic, partition, end)
            if position is not None and position < end:
                yield Finding(Kind.TABLES_BEHIND, f"the sink has not reached offset {end} of {topic}-{partition}")
                return
        yield from waiting_table_findings(
            self._tables.queries, self._consumer, self._kafka, self._topics, partition, waiting
        )

    def _reached(self, group: str, topic: str, partition: int, end: int) -> int | None:
        """The offset that the group has committed once it is `end`, or when the wait is over; None: nobody to ask."""
        if not self._where.sink_group or end == 0:
            return None
        consumer = reader(self._kafka, group)
        deadline = time.monotonic() + self._where.tables_wait_s
        try:
            while True:
                (position,) = consumer.committed([TopicPartition(topic, partition)], timeout=ANSWER_TIMEOUT_S)
                offset: int = position.offset
                if offset >= end or time.monotonic() > deadline:
                    return offset
                time.sleep(SINK_POLL_S)
        finally:
            consumer.close()

    def is_settled(self, partitions: int) -> bool:
        """Wait until everything that the ledger topic holds now is in the tables; False: it took too long."""
        ledger = self._topics.ledger
        for partition in range(partitions):
            end = bounds(self._consumer, self._kafka, ledger, partition).end
            position = self._reached(self._where.sink_group, ledger, partition, end)
            if position is not None and position < end:
                return False
        return True

    def _recorded_since(self, partition: int, end: int) -> set[tuple[str, str, int | None]]:
        """(tenant, correlation, sequence_no) of the ledger's records from offset `end` on."""
        since: set[tuple[str, str, int | None]] = set()
        for message in read_partition(self._consumer, self._kafka, self._topics.ledger, partition, end):
            value: Any = message.value()
            plain = decode_ledger_plain(self._where.framing.ledger_body(value))
            envelope = plain["envelope"]
            since.add((envelope["tenant_id"], envelope["correlation_id"], plain["sequence_no"]))
        return since


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
