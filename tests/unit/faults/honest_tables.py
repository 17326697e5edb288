"""The tables as they are when they show what the topics hold, for tests to damage.

Made from the oracle's own expectations: that these are the engine's too is what tests/faults/test_no_fault.py shows.
"""

import json
from collections import Counter
from typing import Any

from chatsnapshot_schemas.event_types import primitive_of
from tests.faults.oracle import table_violations
from tests.faults.oracle.billing import bills_of, charges_of, lines_of
from tests.faults.oracle.edges import edges_of
from tests.faults.oracle.facts import Facts
from tests.faults.oracle.items import expected_columns
from tests.faults.oracle.payload import calls_of
from tests.faults.oracle.tables import RunNumber, Shown

ITEM_COLUMNS = (
    "role",
    "content_text",
    "tool_call_id",
    "tool_name",
    "call_arguments",
    "call_output",
    "model",
    "item_type",
)


def tables_of(facts: Facts) -> Shown:
    """What an honest sink and honest views show."""
    refused = {entry.place for entry in facts.quarantine if entry.reason}
    shown = Shown({}, {}, Counter(), {}, {}, {}, [], {}, set(facts.held), refused, 0)
    for whose, records in facts.runs.items():
        shown.runs[whose] = len(records)
        for record in records:
            place = (*whose, record.number)
            shown.hashes[place] = record.body[:32]
            calls = calls_of(record.envelope["event_type"], record.envelope["payload"]) or [None]
            shown.items[place] = [
                dict.fromkeys(ITEM_COLUMNS, "") | _texts(dict(expected_columns(record, call))) for call in calls
            ]
            shown.facts[place] = len(calls)
            is_said = primitive_of(record.envelope["event_type"]) in ("execution.message", "ui.interaction")
            shown.said += len(calls) if is_said else 0
            _bill(shown, place, lines_of(record) or [])
        lines = [line for record in records for line in lines_of(record) or []]
        charged = list(charges_of(lines))
        for line, charge in charged:
            row = {"tokens": charge.tokens, "amount": charge.amount, "currency": charge.currency}
            shown.charges[*whose, line.sequence_no, line.ordinal] = row
        for currency, (count, tokens, amount) in bills_of(charge for _, charge in charged).items():
            shown.bills[*whose, currency] = {"lines": count, "tokens": tokens, "amount": amount}
        for edge in edges_of(whose, records):
            names = ["kind", "cause", "effect", "from_sequence_no", "to_sequence_no", "from_correlation_id", "resolved"]
            ids = {"tenant_id": whose[0], "correlation_id": whose[1]}
            shown.edges.append(ids | dict(zip(names, edge, strict=True)))
    return shown


def objections(facts: Facts, shown: Shown, check: int, **options: Any) -> list[str]:
    """What one check says of these tables."""
    return [each.what for each in table_violations(facts, shown, **options) if each.check == check]


def _texts(columns: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in columns.items()}


def _bill(shown: Shown, place: RunNumber, lines: list[Any]) -> None:
    if lines:
        shown.usage[place] = [
            {
                "ordinal": line.ordinal,
                "bucket": line.bucket,
                "tokens": line.tokens,
                "provider": line.provider,
                "model": line.model,
                "model_call_id": line.model_call_id,
                "attempt": line.attempt,
                "scope": line.scope,
                "counter": line.counter,
                "series": line.series,
                "service_tier": line.tier,
                "batch": line.batch,
                "provider_cost_amount": line.cost,
            }
            for line in lines
        ]
