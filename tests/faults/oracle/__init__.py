"""The oracle: asked after every fault, it judges from the raw topics and tables alone (see violations.CHECKS)."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.lab import Examined, Lab
from tests.faults.oracle.billing import billing_violations, reports_of
from tests.faults.oracle.chains import chain_violations
from tests.faults.oracle.counts import count_violations
from tests.faults.oracle.edges import edge_violations
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.items import item_violations
from tests.faults.oracle.offsets import sequencer_offset_violations, sink_offset_violations
from tests.faults.oracle.places import Places, place_violations, places_of
from tests.faults.oracle.reprocessing import reprocessing_violations
from tests.faults.oracle.seen import seen_by
from tests.faults.oracle.source_order import source_violations
from tests.faults.oracle.tables import Shown, shown_by
from tests.faults.oracle.violations import Violation, verdict

__all__ = ["Violation", "examine", "table_violations", "topic_violations"]


def examine(lab: Lab, *, tables: bool = True, without_final: bool = False) -> Examined:
    """Check everything; the counts.

    `tables=False`: topics only, without (7) to (10). `without_final`: tables of rows that never change hold each once
    even when read without FINAL (only within the window of insert tokens).

    Raises AssertionError that names every violated check by its number, with the first examples. What was counted is in
    `lab.examined` either way.
    """
    with _without_garbage_collection():
        facts = Facts(seen_by(lab))
        places = places_of(facts)
        violations = list(topic_violations(facts, places))
        if tables:
            violations += table_violations(facts, shown_by(lab), without_final=without_final)
    lab.examined = _examined(facts, places, violations)
    assert not violations, f"the oracle objects:\n{verdict(violations)}"
    return lab.examined


def topic_violations(facts: Facts, places: Places) -> Iterator[Violation]:
    """(1) to (6), and (11) of the sequencers."""
    yield from place_violations(facts, places)
    yield from chain_violations(facts)
    yield from source_violations(facts)
    yield from reprocessing_violations(facts)
    yield from sequencer_offset_violations(facts, places)


def table_violations(facts: Facts, shown: Shown, *, without_final: bool = False) -> Iterator[Violation]:
    """(7) to (10), and (11) of the sinks."""
    reports = reports_of(facts)
    yield from count_violations(facts, reports, shown, without_final=without_final)
    yield from billing_violations(facts, reports, shown)
    yield from edge_violations(facts, shown)
    yield from item_violations(facts, shown)
    yield from sink_offset_violations(facts, set(shown.hashes))


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Millions of objects that all stay: looking through them again and again takes longer than making them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _examined(facts: Facts, places: Places, violations: list[Violation]) -> Examined:
    return Examined(
        inputs=len(facts.inputs),
        recorded=len(facts.records),
        quarantined=places.count("quarantined"),
        duplicates=places.count("duplicate"),
        lost=sum(each.lost for each in violations),
        doubled=sum(each.doubled for each in violations),
    )
