"""`verify --all` notices whatever is done to inputs, offsets, tables and views, and names the run.

One installation: every kind of damage is done to another run, then verified at once. Before that nothing is found.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from chatsnapshot.verification.findings import Finding, Report
from chatsnapshot.verification.tables import LedgerTables
from chatsnapshot.verification.verifier import Verifier
from chatsnapshot_schemas import headers as names
from chatsnapshot_schemas.framing import Framing
from tests.faults.lab import Lab
from tests.faults.workload import Workload
from tests.pipeline.sequencer_installation import event, input_record

EVENTS, RUNS = 750, 25
Found = dict[str, list[Finding]]


def verify(lab: Lab, *, tables: bool = True, wait_s: float = 30.0) -> Report:
    def no_blobs() -> Any:
        raise AssertionError("no payload is in blob storage")

    return Verifier(
        kafka=lab.kafka,
        topics=lab.topics,
        framing=Framing(),
        blobs=no_blobs,
        tables=LedgerTables(lab.client, lab.database) if tables else None,
        sink_group=lab.topics.sink_group,
        tables_wait_s=wait_s,
    ).all()


@dataclass
class Damaged:
    """The installation, and the runs that are damaged in one way each."""

    lab: Lab
    runs: list[str]
    honest: Report

    def tamper(self, statement: str, **parameters: Any) -> None:
        settings = {"mutations_sync": 1, "async_insert": 0}
        self.lab.client.command(statement, parameters=parameters, settings=settings)

    def rewrite(self, table: str, change: str, where: str, **parameters: Any) -> None:
        """Rows of a table with some columns changed, under their keys."""
        self.tamper(f"CREATE TABLE kept AS {table}")
        self.tamper(f"INSERT INTO kept SELECT * REPLACE ({change}) FROM {table} FINAL WHERE {where}", **parameters)
        self.tamper(f"ALTER TABLE {table} DELETE WHERE {where}", **parameters)
        self.tamper(f"INSERT INTO {table} SELECT * FROM kept")
        self.tamper("DROP TABLE kept SYNC")


@pytest.fixture(scope="module")
def damaged(kafka_bootstrap: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Damaged]:
    folder: Path = tmp_path_factory.mktemp("damage")
    choices = random.Random(5)
    with Lab.created(kafka_bootstrap, clickhouse_url, folder, choices, partitions=2) as lab:
        workload = Workload(choices, runs=RUNS)
        waiting = event("waits", 0, cause="00000000-0000-4000-8000-000000000000", source_seq=None)
        refused = event("refused", 0, payload="[]")
        sent = workload.inputs(EVENTS)
        lab.send([*sent, sent[-1], input_record(refused), input_record(waiting)])
        with lab.running(hold_micros=10**12):
            lab.stillness.stop()
            _until_sequenced(lab)
        honest = verify(lab)
        rows = lab.client.query(
            "SELECT correlation_id FROM usage_lines WHERE tokens > 0 GROUP BY 1 HAVING countIf(scope = 'call') > 3 "
            "AND countIf(scope = 'rollup') > 0 "
            "AND correlation_id IN (SELECT correlation_id FROM workflow_facts WHERE notEmpty(caused_by)) ORDER BY 1"
        ).result_rows
        yield Damaged(lab, [run for (run,) in rows], honest)


def _until_sequenced(lab: Lab) -> None:
    from tests.pipeline.sequencer_installation import eventually

    eventually(lambda: lab.sequenced() or None)
    eventually(lambda: lab.sunk() or None)


def found_in(report: Report) -> Found:
    kinds: Found = defaultdict(list)
    for finding in report.findings:
        kinds[str(finding.kind)].append(finding)
    return kinds


def runs_of(found: Found, kind: str) -> set[str]:
    return {finding.correlation_id for finding in found.pop(kind, [])}


def test_nothing_is_found_before_anything_is_done(damaged: Damaged) -> None:
    report = damaged.honest
    assert {str(kind): count for kind, count in report.counts.items()} == {"held": 1, "quarantined": 1}
    assert (report.intact, report.complete, report.causes_resolved, report.exit_code) == (True, False, True, 3)
    assert report.accounted is not None
    assert report.accounted.inputs == EVENTS + 3
    assert dict(report.accounted.places) == {"recorded": EVENTS, "quarantined": 1, "held": 1, "duplicate": 1}
    assert report.tables == (
        *("ledger", "held", "quarantine"),
        *("run_items", "workflow_facts", "usage_lines", "runs", "workflow_edges", "billing_by_run"),
    )
    assert report.bills_left_out == 0


def test_a_view_that_lies_about_money_is_found(damaged: Damaged) -> None:
    (view,) = damaged.lab.client.query("SHOW CREATE VIEW billing_by_run").result_rows[0]
    lie = view.replace("sum(c.tokens) AS tokens", "sum(c.tokens) + 1 AS tokens").replace(
        "CREATE", "CREATE OR REPLACE", 1
    )
    assert lie != view
    damaged.tamper(lie)
    report = verify(damaged.lab)
    damaged.tamper(view.replace("CREATE", "CREATE OR REPLACE", 1))
    assert len(runs_of(found_in(report), "bill_differs")) == RUNS


def test_damage_to_any_table_is_found_in_its_run(damaged: Damaged) -> None:
    items, usage, rollup, facts, runs, edges, ledger, old = damaged.runs[:8]
    of_run = "correlation_id = {run:String}"
    damaged.tamper(f"ALTER TABLE run_items DELETE WHERE {of_run} AND sequence_no = 2", run=items)
    counted = f"{of_run} AND scope = 'call' AND counter = 'delta'"
    damaged.rewrite("usage_lines", "tokens + 1 AS tokens", counted, run=usage)
    damaged.tamper(f"ALTER TABLE usage_lines DELETE WHERE {of_run} AND scope = 'rollup'", run=rollup)
    surplus = f"INSERT INTO workflow_facts SELECT * REPLACE (77 AS ordinal) FROM workflow_facts WHERE {of_run} LIMIT 1"
    damaged.tamper(surplus, run=facts)
    damaged.tamper(
        f"INSERT INTO runs_versions SELECT * REPLACE (events + 5 AS events) FROM runs_versions WHERE {of_run}", run=runs
    )
    damaged.rewrite("workflow_facts", "[] AS caused_by", f"{of_run} AND notEmpty(caused_by)", run=edges)
    damaged.rewrite("ledger", "concat(payload, ' ') AS payload", f"{of_run} AND sequence_no = 1", run=ledger)
    damaged.tamper(
        "INSERT INTO held_versions (input_epoch, input_partition, input_offset, event_id, version, deleted) "
        "VALUES (1, 0, 5, 'made up', 1, 0)"
    )
    damaged.tamper("ALTER TABLE quarantine_versions DELETE WHERE true")
    damaged.rewrite("usage_lines", "'other' AS agent", of_run, run=old)
    damaged.tamper(
        "INSERT INTO schema_migrations SELECT * REPLACE (now64() + INTERVAL 1 DAY AS applied_at) "
        "FROM schema_migrations WHERE name = 'projection usage_lines'"
    )
    found = found_in(verify(damaged.lab))
    (row,) = found["items_differ"]
    assert (row.detail, row.sequence_no) == ("table run_items: 1 row(s) missing, 0 too many, from #2 on", 2)
    assert all(each.detail.endswith("rebuild the projection") for each in found["projection_old"])
    assert runs_of(found, "items_differ") == {items}
    assert runs_of(found, "projection_old") == {old, usage}, "changed under an older definition, or made by one"
    assert runs_of(found, "usage_differs") == {rollup}, "a row less is no older definition"
    assert runs_of(found, "bill_differs") == {usage}
    assert runs_of(found, "facts_differ") == {facts, edges}
    assert runs_of(found, "edges_differ") == {edges}
    assert runs_of(found, "runs_differ") == {runs}
    assert [each.detail for each in found.pop("table_differs")] == [
        "table ledger shows other values than the record has"
    ]
    assert [each.detail for each in found.pop("held_differs")] == ["input 0@5 of epoch 1 is shown, but does not wait"]
    assert "is not shown" in found.pop("quarantine_differs")[0].detail
    assert set(found) == {"held", "quarantined"}


def test_without_tables_only_the_topics_are_looked_at(damaged: Damaged) -> None:
    report = verify(damaged.lab, tables=False)
    assert {str(kind) for kind in report.counts} == {"held", "quarantined"}
    assert report.tables == ()


def test_inputs_that_are_skipped_doubled_changed_or_made_up_are_found(damaged: Damaged) -> None:
    """Last: topics and offsets cannot be mended."""
    lab, topics = damaged.lab, damaged.lab.topics
    end = _end(lab, topics.events)
    tick = [(names.CONTROL, names.TICK)]
    lab.installation.send_to(0, input_record(event("lost", 0))[1])
    lab.installation.send_to(0, input_record(event("changed", 0))[1])
    lab.installation.send_to(0, b"", headers=tick)
    _commit(lab, topics.sequencer_group, TopicPartition(topics.events, 0, end + 3), metadata=True)
    lab.installation.send_to(0, input_record(event("late", 0))[1])
    _refuse(lab, 0, b"twice")
    _refuse(lab, end + 1, b"other bytes")
    _refuse(lab, end + 2, b"made up")
    found = found_in(verify(lab, tables=False, wait_s=0.5))
    assert [f"@{end} is nowhere, though {end + 3} is committed" in each.detail for each in found["input_lost"]] == [
        True
    ]
    assert found["input_lost"][0].correlation_id == "lost"
    assert [each.detail.split()[-3:] for each in found["input_doubled"]] == [["recorded", "and", "quarantined"]]
    assert [f"@{end + 1} is quarantined with other bytes" in each.detail for each in found["input_changed"]] == [True]
    assert [f"no input at offset {end + 2}" in each.detail for each in found["input_made_up"]] == [True]
    assert [each.detail.split(": ")[1] for each in found["input_waiting"]] == ["1 offsets are not sequenced yet"]


def test_offsets_beyond_the_end_are_found(damaged: Damaged) -> None:
    lab, topics = damaged.lab, damaged.lab.topics
    end = _end(lab, topics.ledger)
    _commit(lab, topics.sink_group, TopicPartition(topics.ledger, 0, end + 100))
    _commit(lab, topics.sequencer_group, TopicPartition(topics.events, 0, _end(lab, topics.events) + 7), metadata=True)
    details = [each.detail for each in found_in(verify(lab, wait_s=1.0))["offset_beyond_end"]]
    assert len(details) == 2
    assert f"everything below {end + 100} is in the tables" in details[1]


def test_what_retention_has_taken_is_said(damaged: Damaged) -> None:
    lab = damaged.lab
    admin = AdminClient({"bootstrap.servers": lab.bootstrap})
    for future in admin.delete_records([TopicPartition(lab.topics.events, 1, 40)]).values():
        future.result()
    report = verify(lab, tables=False, wait_s=0.5)
    assert report.accounted is not None
    assert report.accounted.begin == {0: 0, 1: 40}


def _refuse(lab: Lab, offset: int, value: bytes) -> None:
    """A quarantine record as a sequencer writes it."""
    producer = Producer({"bootstrap.servers": lab.bootstrap})
    headers: list[tuple[str, str | bytes | None]] = [
        (names.QUARANTINE_REASON, b"undecodable"),
        (names.QUARANTINE_DETAIL, b"forged"),
        (names.QUARANTINE_INPUT_EPOCH, b"1"),
        (names.QUARANTINE_INPUT_PARTITION, b"0"),
        (names.QUARANTINE_INPUT_OFFSET, str(offset).encode()),
        (names.QUARANTINE_FIRST_SEEN, b"0"),
    ]
    producer.produce(lab.topics.quarantine, value, b"k", 0, headers=headers)
    assert producer.flush(30) == 0


def _commit(lab: Lab, group: str, place: TopicPartition, *, metadata: bool = False) -> None:
    consumer = Consumer({"bootstrap.servers": lab.bootstrap, "group.id": group})
    said = '{"v":1,"topic_id":"x","epoch":1,"stream_time":0}' if metadata else ""
    place = TopicPartition(place.topic, place.partition, place.offset, said)
    consumer.commit(offsets=[place], asynchronous=False)
    consumer.close()


def _end(lab: Lab, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": lab.bootstrap, "group.id": "ends", "isolation.level": "read_committed"})
    end: int = consumer.get_watermark_offsets(TopicPartition(topic, 0), 30)[1]
    consumer.close()
    return end
