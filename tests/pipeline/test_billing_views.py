"""What counts in a bill, and bills by day: on the real endpoint, worked out by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.fixtures.ledger_blocks import NOON, SECOND, TENANT, LedgerDatabase, ledger_row

MESSAGE, STATE = "execution.message", "execution.state_change"
NOON_MICROS = int(NOON.timestamp()) * SECOND


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


def test_days_are_billed_apart_and_unpriced_is_seen(ledger: LedgerDatabase) -> None:
    def usage(**buckets: Any) -> dict[str, Any]:
        return {"model": "demo-model", "provider": "demo", "usage": buckets}

    midnight = NOON_MICROS + 12 * 3600 * SECOND
    rows = [
        ledger_row("bill", 1, MESSAGE, usage(input_uncached=1_000, cache_read=500, output_text=10), tenant_id="days"),
        ledger_row("bill", 2, MESSAGE, usage(output_text=20), tenant_id="days", recorded_at=midnight - 1),
        ledger_row("bill", 3, MESSAGE, usage(output_text=30), tenant_id="days", recorded_at=midnight),
        ledger_row("bill2", 1, MESSAGE, usage(output_text=40) | {"model": "unheard-of"}, tenant_id="days"),
        ledger_row("bill2", 2, MESSAGE, usage(output_text=50, service_tier="priority"), tenant_id="days"),
        ledger_row("bill2", 3, MESSAGE, usage(output_text=60), tenant_id="days"),
    ]
    ledger.insert(rows)
    day = NOON.date()
    found = ledger.queries.billing_by_day("days", day, date(2025, 11, 30))
    assert [
        (
            row.day,
            row.model,
            row.service_tier,
            row.currency,
            row.amount,
            row.tokens,
            row.unpriced_lines,
            row.unpriced_tokens,
            row.runs,
        )
        for row in found
    ] == [
        (day, "demo-model", "", "USD", Decimal("0.00141"), 1_590, 0, 0, 2),
        (day, "demo-model", "priority", "", None, 50, 1, 50, 1),
        (day, "unheard-of", "", "", None, 40, 1, 40, 1),
        (day + timedelta(days=1), "demo-model", "", "USD", Decimal("0.00012"), 30, 0, 0, 1),
    ]
    assert (found[0].input_tokens, found[0].output_tokens, found[0].model_calls, found[0].lines) == (1_500, 90, 3, 5)
    assert len(ledger.queries.billing_by_day("days", day, day)) == 3
    (unpriced,) = [row for row in ledger.queries.billing_by_run("days", "bill2") if row.currency == ""]
    assert (unpriced.amount, unpriced.unpriced_lines, unpriced.unpriced_tokens) == (None, 2, 90)


def test_running_totals_without_a_name_are_kept_apart_by_agent_and_model(ledger: LedgerDatabase) -> None:
    def total(tokens: int, **said: Any) -> tuple[str, dict[str, Any]]:
        usage = {"output_text": tokens, "counter": "cumulative"} | said.pop("usage", {})
        return STATE, {"provider": "demo", "model": "demo-model", "agent": "a", "usage": usage} | said

    named = {"usage": {"series": "thread"}}
    ledger.record(
        "totals",
        total(100),
        total(30, agent="b"),
        total(120),
        total(40, agent="b"),
        total(50, model="other"),
        total(10, **named),
        total(25, agent="b", **named),
    )
    assert [charge.tokens for charge in ledger.queries.charges(TENANT, "totals")] == [100, 30, 20, 10, 50, 10, 15]


def test_an_attempt_counts_once_and_a_rollup_never(ledger: LedgerDatabase) -> None:
    def call(tokens: int, call_id: str, attempt: int = 1, **usage: Any) -> tuple[str, dict[str, Any]]:
        said = {"provider": "demo", "model": "demo-model", "model_call_id": call_id, "attempt": attempt}
        return MESSAGE, said | {"usage": {"output_text": tokens} | usage}

    ledger.record(
        "attempts",
        call(1, "m"),
        call(2, "m", 2),
        call(4, "m"),
        call(8, "m", scope="rollup"),
        call(16, ""),
        call(32, ""),
    )
    assert [charge.tokens for charge in ledger.queries.charges(TENANT, "attempts")] == [2, 4, 16, 32]
    (bill,) = ledger.queries.billing_by_run(TENANT, "attempts")
    assert (bill.tokens, bill.model_calls, bill.unpriced_tokens) == (54, 4, 0)
