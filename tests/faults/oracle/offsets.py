"""(11): no committed offset lies beyond an event that is in none of the places."""

from collections.abc import Iterator

from tests.faults.oracle.facts import Facts, shown
from tests.faults.oracle.places import Places
from tests.faults.oracle.seen import Committed
from tests.faults.oracle.violations import Violation


def sequencer_offset_violations(facts: Facts, places: Places) -> Iterator[Violation]:
    """Inputs below what the sequencers committed are somewhere, and nothing was committed beyond a topic's end."""
    names = facts.seen.topics
    committed = {each.partition: each.offset for each in facts.seen.committed if each.topic == names.events}
    for each in facts.inputs:
        if each.raw.offset < committed.get(each.raw.partition, 0) and not places.of[each.place]:
            offset = committed[each.raw.partition]
            yield Violation(11, f"{shown(each.place)} is nowhere, yet {offset} is committed for its partition")
    for found in facts.seen.committed:
        if found.offset > found.end:
            yield Violation(11, f"{_said(found)}, beyond the end {found.end}")


def sink_offset_violations(facts: Facts, in_table: set[tuple[str, str, int]]) -> Iterator[Violation]:
    """Ledger records below what the sinks committed are in table `ledger` (tenant, correlation, number)."""
    names = facts.seen.topics
    committed = {each.partition: each for each in facts.seen.committed if each.topic == names.ledger}
    for record in facts.records:
        found = committed.get(record.raw.partition)
        if found is None or record.raw.offset >= found.offset or (*record.whose, record.number) in in_table:
            continue
        yield Violation(11, f"{record.whose} #{record.number} is not in the table, yet {_said(found)}")


def _said(found: Committed) -> str:
    return f"{found.group} committed {found.offset} of {found.topic}-{found.partition}"
