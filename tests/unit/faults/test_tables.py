"""(7) to (10): damage to any table or view is found by its check."""

from decimal import Decimal

import pytest

from tests.faults.oracle.facts import Facts
from tests.faults.oracle.tables import RunNumber, Shown
from tests.unit.faults.honest import honest, sequenced
from tests.unit.faults.honest_tables import objections, tables_of
from tests.unit.processors.event_values import event, value_of


@pytest.fixture
def facts() -> Facts:
    return Facts(honest(count=400))


@pytest.fixture
def shown(facts: Facts) -> Shown:
    return tables_of(facts)


def some(shown: Shown, **fields: object) -> RunNumber:
    """The first record whose first run item has these."""
    return next(
        place for place, rows in shown.items.items() if all(rows[0][name] == value for name, value in fields.items())
    )


def test_nothing_is_wrong_with_what_is_right(facts: Facts, shown: Shown) -> None:
    for check in (7, 8, 9, 10, 11):
        assert not objections(facts, shown, check, without_final=True)
    assert len(shown.charges) > 20
    assert {bool(row["amount"]) for row in shown.charges.values()} == {True, False}
    assert len(shown.edges) > 100
    assert max(shown.facts.values()) > 1


def test_a_ledger_row_that_is_gone_is_lost(facts: Facts, shown: Shown) -> None:
    shown.hashes.popitem()
    assert "not in table ledger" in objections(facts, shown, 7)[0]
    assert "is not in the table, yet" in objections(facts, shown, 11)[0]


def test_a_ledger_row_that_says_something_else_is_found(facts: Facts, shown: Shown) -> None:
    shown.hashes[next(iter(shown.hashes))] = bytes(32)
    assert "another record" in objections(facts, shown, 7)[0]


def test_a_ledger_row_too_many_is_found(facts: Facts, shown: Shown) -> None:
    shown.hashes["default", "made-up", 1] = bytes(32)
    assert "not in the topic" in objections(facts, shown, 7)[0]


@pytest.mark.parametrize(("table", "check"), [("items", 10), ("usage", 8)])
def test_projected_rows_that_are_gone_are_found(facts: Facts, shown: Shown, table: str, check: int) -> None:
    getattr(shown, table).popitem()
    assert ": 0 rows of" in objections(facts, shown, 7)[0]
    assert objections(facts, shown, check)


def test_a_fact_too_many_is_found(facts: Facts, shown: Shown) -> None:
    shown.facts[next(iter(shown.facts))] += 1
    assert "workflow_facts: 2 rows of" in objections(facts, shown, 7)[0]


def test_a_run_with_another_count_is_found(facts: Facts, shown: Shown) -> None:
    shown.runs[next(iter(shown.runs))] += 1
    assert objections(facts, shown, 7)[0].startswith("runs: ")


def test_a_run_that_is_gone_is_found(facts: Facts, shown: Shown) -> None:
    shown.runs.popitem()
    assert "has None events" in objections(facts, shown, 7)[0]


def test_a_transcript_with_a_row_less_is_found(facts: Facts, shown: Shown) -> None:
    shown.said -= 1
    assert "transcript has" in objections(facts, shown, 7)[0]


def test_copies_matter_only_where_they_are_asked_for(facts: Facts, shown: Shown) -> None:
    shown.copies["ledger"] = 3
    assert not objections(facts, shown, 7)
    assert "ledger has 3 rows more" in objections(facts, shown, 7, without_final=True)[0]


@pytest.mark.parametrize("name", ["held", "quarantine"])
def test_what_waits_is_shown_and_nothing_else(name: str) -> None:
    sent = [event("b", payload="[]"), event("c", cause="never")]
    facts = Facts(sequenced([(b"k", value_of(plain), 1_000, ()) for plain in sent]))
    shown = tables_of(facts)
    assert not objections(facts, shown, 7)
    place = getattr(shown, name).pop()
    assert objections(facts, shown, 7) == [f"{name}: {place} is missing"]
    getattr(shown, name).update({place, (1, 0, 99)})
    assert objections(facts, shown, 7) == [f"{name}: (1, 0, 99) is too many"]


def test_changed_tokens_are_found(facts: Facts, shown: Shown) -> None:
    next(iter(shown.usage.values()))[0]["tokens"] += 1
    assert objections(facts, shown, 8)[0].startswith("usage_lines of")


def test_a_changed_amount_is_found(facts: Facts, shown: Shown) -> None:
    row = next(row for row in shown.charges.values() if row["amount"])
    row["amount"] += Decimal("0.000000000001")
    assert objections(facts, shown, 8)[0].startswith("charges: ")


def test_a_charge_that_is_gone_is_lost(facts: Facts, shown: Shown) -> None:
    shown.charges.popitem()
    assert "is not charged" in objections(facts, shown, 8)[0]


def test_a_charge_that_does_not_count_is_found(facts: Facts, shown: Shown) -> None:
    shown.charges["default", "made-up", 1, 0] = {}
    assert "does not count" in objections(facts, shown, 8)[0]


def test_a_bill_that_does_not_add_up_is_found(facts: Facts, shown: Shown) -> None:
    next(row for row in shown.bills.values() if row["amount"])["amount"] += 1
    assert objections(facts, shown, 8)[0].startswith("billing_by_run: ")


def test_an_edge_that_is_not_drawn_is_found(facts: Facts, shown: Shown) -> None:
    shown.edges.pop()
    assert "no edge" in objections(facts, shown, 9)[0]


def test_an_edge_without_a_cause_is_found(facts: Facts, shown: Shown) -> None:
    shown.edges.append(shown.edges[0] | {"cause": "00000000-0000-0000-0000-000000000000"})
    assert "without a cause" in objections(facts, shown, 9)[0]


def test_an_edge_drawn_twice_is_found() -> None:
    sent = [event("a"), event("b", cause="a")]
    facts = Facts(sequenced([(b"k", value_of(plain), 1_000, ()) for plain in sent]))
    shown = tables_of(facts)
    shown.edges.append(shown.edges[0])
    assert "is drawn 2 times" in objections(facts, shown, 9)[0]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ({"item_type": "message"}, "content_text"),
        ({"item_type": "message"}, "role"),
        ({"item_type": "tool_result"}, "tool_call_id"),
        ({"item_type": "tool_call"}, "call_arguments"),
        ({"item_type": "interaction"}, "item_type"),
    ],
)
def test_an_item_that_says_something_else_is_found(
    facts: Facts, shown: Shown, kind: dict[str, str], column: str
) -> None:
    shown.items[some(shown, **kind)][0][column] = "something else"
    assert f"{column} is 'something else'" in objections(facts, shown, 10)[0]


def test_a_payload_that_breaks_conventions_is_not_compared() -> None:
    """What the views make of it is theirs; that it is there is not."""
    odd = '{"role":7,"content":{"a":1},"model_call_id":["x"],"usage":{"output_text":"many","batch":"no"}}'
    facts = Facts(sequenced([(b"k", value_of(event("a", payload=odd)), 1_000, ())]))
    shown = tables_of(facts)
    shown.items[next(iter(shown.items))][0]["content_text"] = "whatever"
    assert not any(objections(facts, shown, check) for check in (7, 8, 9, 10))
    shown.items.clear()
    assert "has no run item" in objections(facts, shown, 10)[0]
