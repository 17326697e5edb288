"""Producers that die with events nobody has: what they reported names the missing end; what is adopted is complete."""

import shutil
from collections import defaultdict

import pytest

from chatsnapshot.completeness.examination import examine as examine_completeness
from chatsnapshot.completeness.reconciliation import GapKind
from chatsnapshot.completeness.reported import Reported, read_reports
from chatsnapshot.completeness.result import Completeness
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.reading import Ledger
from chatsnapshot.settings import Settings
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.recorder_process import RecorderProcess, Recorders, assert_recorded
from tests.faults.recording_program import Options
from tests.pipeline.sequencer_installation import eventually
from tests.pipeline.worker_process import WITHIN_S

UNSENT_MIN = 2_000
"""So far ahead of what is acknowledged that a report cannot be overtaken between it and the kill."""
OFTEN = {"SOURCE_REPORT_EVERY_S": "0.2"}


def slow_producer(recorders: Recorders, name: str, **options: int) -> RecorderProcess:
    """It numbers faster than it sends, and reports often."""
    chosen = Options(seed=recorders.choices.randrange(1 << 30), name=name, runs=3, **options)  # type: ignore[arg-type]
    prefix, folder = recorders.lab.topics.prefix, recorders.lab.folder / name
    made = RecorderProcess(recorders.url, prefix, folder, chosen, OFTEN, module="tests.faults.slow_sending_program")
    recorders.made.append(made)
    return made.start()


def reports(lab: Lab) -> Reported:
    return read_reports(lab.kafka, lab.topics.sources, Scope())


def unsent(lab: Lab) -> int:
    """Events that were numbered and not acknowledged, as far as is reported."""
    found = reports(lab)
    runs = filter(None, map(found.of, found.sources()))
    return sum(report.numbered - report.settled for report in runs)


def completeness(lab: Lab, instance: str = "") -> Completeness:
    settings = Settings(
        kafka_bootstrap_servers=lab.bootstrap,
        topic_prefix=lab.topics.prefix,
        clickhouse_url=lab.url,
        clickhouse_database=lab.database,
    )
    sources = Ledger.connect(settings=settings).sources
    return examine_completeness(sources, Scope("default", instance=instance), wait_s=WITHIN_S)


def test_a_producer_killed_in_a_burst_whose_spool_is_deleted(lab: Lab) -> None:
    """Nothing of the end is left but the last report: it names each number that is missing below the reported one."""
    with Recorders(lab) as recorders, lab.running():
        victim = slow_producer(recorders, "lost")
        eventually(lambda: unsent(lab) >= UNSENT_MIN or None)
        told = victim.kill()
        shutil.rmtree(victim.spools)
        lab.settle()
        found = completeness(lab)
    recorded: dict[str, int] = defaultdict(int)
    for record in lab.installation.ledger():
        recorded[record["envelope"]["correlation_id"]] += 1
    said, (instance,) = reports(lab), {each.instance for each in told}
    ends = {source.correlation_id: report.numbered for source in said.sources() if (report := said.of(source))}
    assert {source.instance for source in said.sources()} == {instance}
    missing: dict[str, set[int]] = defaultdict(set)
    for gap in found.gaps:
        assert gap.kind in (GapKind.TAIL, GapKind.UNSENT)
        assert gap.missing == gap.last - gap.first + 1
        missing[gap.source.correlation_id] |= set(range(gap.first, gap.last + 1))
    assert missing == {run: set(range(recorded[run], end)) for run, end in ends.items() if end > recorded[run]}
    assert found.figures["missing"] == sum(map(len, missing.values())) > 0
    assert (found.verdict, found.exit_code, found.behind) == ("open", 3, [])
    examine(lab)


@pytest.mark.slow_fault
def test_a_spool_whose_heir_is_killed_too(lab: Lab) -> None:
    """Killed in its burst; who adopts its spool is killed in the middle of sending; the next one sends the rest."""
    with Recorders(lab) as recorders, lab.running():
        victim = slow_producer(recorders, "left")
        eventually(lambda: unsent(lab) >= UNSENT_MIN or None)
        instance = victim.kill()[0].instance
        before = unsent(lab)
        heir = slow_producer(recorders, "left", events=1)
        eventually(lambda: unsent(lab) < before or None)
        heir.kill()
        lab.settle()
        assert completeness(lab, instance).exit_code == 3, "the rest still lies in the spool"
        recorders.send_leftovers("left")
        lab.settle()
        assert_recorded(lab, recorders.told())
        found = completeness(lab, instance)
    assert (found.verdict, found.gaps, found.unreported_runs) == ("complete", [], 0)
    figures = found.figures
    assert figures["numbered"] == figures["acknowledged"] == figures["recorded"] == figures["projected"]
    assert figures["numbered"] >= len(victim.told())
    examine(lab)
