"""(9): every cause that an event names is an edge of its run's graph, and no other edge of a cause is drawn."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.oracle.facts import Facts, Record, Whose
from tests.faults.oracle.payload import calls_of
from tests.faults.oracle.tables import Row, Shown
from tests.faults.oracle.violations import Violation

Edge = tuple[str, str, str, int, int, str, bool]
"""Kind, cause, effect, their numbers, run of the cause, and whether the cause is there."""


def edge_violations(facts: Facts, shown: Shown) -> Iterator[Violation]:
    """Run by run."""
    drawn: dict[Whose, Counter[Edge]] = defaultdict(Counter)
    for row in shown.edges:
        drawn[row["tenant_id"], row["correlation_id"]][_edge(row)] += 1
    for whose in drawn.keys() | facts.runs.keys():
        records = facts.runs.get(whose, [])
        expected = edges_of(whose, records)
        batches = {record.number for record in records if len(_calls(record)) > 1}
        for edge in expected.keys() - drawn[whose].keys():
            yield Violation(9, f"{whose}: no edge {edge}", lost=1)
        for edge, times in drawn[whose].items():
            if edge not in expected:
                yield Violation(9, f"{whose}: edge {edge} without a cause")
            elif times > expected[edge] and not batches & {edge[3], edge[4]}:
                yield Violation(9, f"{whose}: edge {edge} is drawn {times} times", doubled=1)


def _edge(row: Row) -> Edge:
    return (
        row["kind"],
        row["cause"],
        row["effect"],
        row["from_sequence_no"],
        row["to_sequence_no"],
        row["from_correlation_id"],
        bool(row["resolved"]),
    )


def edges_of(whose: Whose, records: list[Record]) -> Counter[Edge]:
    """The edges that the records of a run name."""
    numbers = {record.envelope["event_id"]: record.number for record in records}
    found: Counter[Edge] = Counter()
    for record in records:
        envelope, run = record.envelope, whose[1]
        effect, elsewhere = envelope["event_id"], envelope["causation_correlation_id"]
        links = [("caused_by", cause) for cause in envelope["caused_by"]]
        if elsewhere not in (None, run):
            found["external", envelope["causation_id"], effect, 0, record.number, elsewhere, True] += 1
        elif envelope["causation_id"] is not None:
            links.append(("cause", envelope["causation_id"]))
        for kind, cause in links:
            found[kind, cause, effect, numbers.get(cause, 0), record.number, run, cause in numbers] += 1
    return found


def _calls(record: Record) -> list[object]:
    return calls_of(record.envelope["event_type"], record.envelope["payload"])
