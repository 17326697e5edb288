"""What producers reported, from topic `sources`: the latest of each sender, bounded."""

from dataclasses import dataclass, field
from functools import reduce

from chatsnapshot.completeness.reconciliation import Source
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.kafka.admin import partition_count
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import InvalidEvent, TopicMismatch
from chatsnapshot_schemas.source_reports import InstanceReport, RunReport, decode_report, merged

RUNS_MAX = 200_000
"""Runs whose reports are kept, about 120 MB; of those beyond them the ones reported longest ago are left out."""
INSTANCES_MAX = 50_000

Instance = tuple[str, str]
"""Tenant and instance."""


@dataclass(slots=True)
class Reported:
    """Reports by source and by instance."""

    instances: dict[Instance, InstanceReport] = field(default_factory=dict)
    left_out: int = 0
    """Runs beyond RUNS_MAX: of these only what was recorded is known."""
    unreadable: int = 0
    """Of another version, or not ours."""
    is_there: bool = True
    """Whether there is a topic at all."""
    _runs: dict[Source, dict[str, RunReport]] = field(default_factory=dict)

    def add(self, report: RunReport | InstanceReport) -> None:
        """One report more; a later one of the same sender replaces an earlier one."""
        if isinstance(report, InstanceReport):
            self.instances.pop((report.tenant_id, report.instance), None)  # a change counts as new
            self.instances[report.tenant_id, report.instance] = report
            _drop_oldest(self.instances, INSTANCES_MAX)
            return
        source = Source(report.tenant_id, report.instance, report.correlation_id)
        self._runs[source] = {**self._runs.pop(source, {}), report.sender: report}
        self.left_out += _drop_oldest(self._runs, RUNS_MAX)

    def sources(self) -> list[Source]:
        """Those that a report was found of."""
        return list(self._runs)

    def of(self, source: Source) -> RunReport | None:
        """What all senders say together."""
        found = self._runs.get(source)
        return reduce(merged, found.values()) if found else None


def read_reports(kafka: KafkaConnection, topic: str, scope: Scope) -> Reported:
    """Read the whole topic; a missing one gives no reports. Raises BrokerUnavailable, AccessRefused."""
    reported = Reported()
    try:
        partitions = partition_count(kafka, topic)
    except TopicMismatch:
        reported.is_there = False
        return reported
    consumer = reader(kafka)
    try:
        for partition in range(partitions):
            for message in read_partition(consumer, kafka, topic, partition):
                value = message.value()
                if isinstance(value, bytes):
                    _take(reported, value, scope)
    finally:
        consumer.close()
    return reported


def _take(reported: Reported, value: bytes, scope: Scope) -> None:
    try:
        report = decode_report(value)
    except InvalidEvent:
        reported.unreadable += 1
        return
    run = report.correlation_id if isinstance(report, RunReport) else scope.run
    if scope.has(report.tenant_id, run, report.instance):
        reported.add(report)


def _drop_oldest(reports: dict[Source, dict[str, RunReport]] | dict[Instance, InstanceReport], at_most: int) -> int:
    if len(reports) <= at_most:
        return 0
    del reports[next(iter(reports))]  # type: ignore[arg-type]
    return 1
