"""(7): the tables count what the topics hold, and `ledger` shows the very records."""

from collections import Counter
from collections.abc import Iterator

from chatsnapshot_schemas.event_types import primitive_of
from tests.faults.oracle.billing import Reports
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.payload import calls_of
from tests.faults.oracle.tables import RunNumber, Shown
from tests.faults.oracle.violations import Violation

SAID = ("execution.message", "ui.interaction")


def count_violations(
    facts: Facts, reports: Reports, shown: Shown, *, without_final: bool = False
) -> Iterator[Violation]:
    """Table by table. `without_final`: rows that never change are there once, not only read once."""
    expected = {(*record.whose, record.number): record for record in facts.records}
    for place, record in expected.items():
        if place not in shown.hashes:
            yield Violation(7, f"{place} is in the topic, not in table ledger", lost=1)
        elif shown.hashes[place] != record.body[:32]:
            yield Violation(7, f"{place} is another record in table ledger")
    for surplus in shown.hashes.keys() - expected.keys():
        yield Violation(7, f"{surplus} is in table ledger, not in the topic", doubled=1)
    rows = Counter({place: max(1, len(_calls(record.envelope))) for place, record in expected.items()})
    yield from _same("run_items", rows, Counter({place: len(found) for place, found in shown.items.items()}))
    yield from _same("workflow_facts", rows, shown.facts)
    lines = Counter({place: len(found) for place, found in reports.items() if found is not None})
    odd = {place for place, found in reports.items() if found is None}
    there = Counter({place: len(found) for place, found in shown.usage.items() if place not in odd})
    yield from _same("usage_lines", lines, there)
    yield from _runs(facts, shown)
    yield from _waiting(facts, shown)
    said = sum(rows[place] for place, each in expected.items() if primitive_of(each.envelope["event_type"]) in SAID)
    if said != shown.said:
        yield Violation(7, f"transcript has {shown.said} rows, {said} were said")
    for table, copies in shown.copies.items() if without_final else ():
        if copies:
            yield Violation(7, f"{table} has {copies} rows more than with FINAL", doubled=copies)


def _calls(envelope: dict[str, str]) -> list[object]:
    return calls_of(envelope["event_type"], envelope["payload"])


def _same(table: str, expected: Counter[RunNumber], there: Counter[RunNumber]) -> Iterator[Violation]:
    for place in expected.keys() | there.keys():
        if expected[place] != there[place]:
            what = f"{table}: {there[place]} rows of {place}, {expected[place]} are right"
            yield Violation(7, what, doubled=max(0, there[place] - expected[place]))


def _runs(facts: Facts, shown: Shown) -> Iterator[Violation]:
    expected = {whose: len(records) for whose, records in facts.runs.items()}
    for whose in expected.keys() | shown.runs.keys():
        if expected.get(whose) != shown.runs.get(whose):
            yield Violation(7, f"runs: {whose} has {shown.runs.get(whose)} events, {expected.get(whose)} are right")


def _waiting(facts: Facts, shown: Shown) -> Iterator[Violation]:
    refused = {entry.place for entry in facts.quarantine if entry.reason}
    unsolved = refused - {entry.place for entry in facts.quarantine if not entry.reason}
    for name, expected, there in (
        ("quarantine", unsolved, shown.quarantine),
        ("held", set(facts.held), shown.held),
    ):
        for place in expected ^ there:
            yield Violation(7, f"{name}: {place} is {'missing' if place in expected else 'too many'}")
