"""Prices: by tier, length and time, and those that a person sets; through the command line where people use it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chatsnapshot.cli.app import main
from chatsnapshot_projections.migrate import migrate
from tests.fixtures.ledger_blocks import NOON, SECOND, TENANT, LedgerDatabase, ledger_row

MESSAGE = "execution.message"


@pytest.fixture(scope="module")
def ledger(clickhouse_url: str) -> Iterator[LedgerDatabase]:
    database = LedgerDatabase(clickhouse_url)
    yield database
    database.drop()


@pytest.fixture
def prices(
    ledger: LedgerDatabase, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """`chatsnapshot prices ...`: exit code, standard output, standard error."""
    monkeypatch.setenv("CHATSNAPSHOT_CLICKHOUSE_URL", clickhouse_url)
    monkeypatch.setenv("CHATSNAPSHOT_CLICKHOUSE_DATABASE", ledger.name)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["prices", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def _usage(provider: str, model: str, **buckets: Any) -> dict[str, Any]:
    return {"provider": provider, "model": model, "usage": buckets}


def _charged(ledger: LedgerDatabase, run: str) -> list[tuple[Any, ...]]:
    charges = ledger.queries.charges(TENANT, run)
    return [(charge.sequence_no, charge.priced_as, charge.amount) for charge in charges]


def test_tiers_and_batch_have_prices_of_their_own(ledger: LedgerDatabase) -> None:
    million = 1_000_000
    ledger.record(
        "tiers",
        (MESSAGE, _usage("openai", "gpt-5", output_text=million)),
        (MESSAGE, _usage("OpenAI", "openai/GPT-5", output_text=million, service_tier="default")),
        (MESSAGE, _usage("openai", "gpt-5", output_text=million, batch=True)),
        (MESSAGE, _usage("openai", "gpt-5", output_text=million, service_tier="flex")),
        (MESSAGE, _usage("openai", "gpt-5", output_text=million, service_tier="priority")),
        (MESSAGE, _usage("gemini", "models/gemini-2.5-flash", input_audio=million)),
        (MESSAGE, _usage("anthropic", "claude-haiku-4-5", cache_write_1h=million, service_tier="batch")),
    )
    assert _charged(ledger, "tiers") == [
        (1, "openai/gpt-5", Decimal(10)),
        (2, "openai/gpt-5", Decimal(10)),
        (3, "openai/gpt-5/batch", Decimal(5)),
        (4, "openai/gpt-5/flex", Decimal(5)),
        (5, "openai/gpt-5/priority", None),
        (6, "google/gemini-2.5-flash", Decimal(1)),
        (7, "anthropic/claude-haiku-4-5/batch", Decimal(1)),
    ]


def test_long_prompts_cost_more_for_every_bucket_of_the_call(ledger: LedgerDatabase) -> None:
    # gemini-2.5-pro: 1.25, 0.125 and 10 up to 200,000 tokens of prompt, beyond it 2.5, 0.25 and 15
    ledger.record(
        "long",
        (MESSAGE, _usage("google", "gemini-2.5-pro", input_uncached=120_000, cache_read=80_000, output_text=1_000)),
        (MESSAGE, _usage("google", "gemini-2.5-pro", input_uncached=120_001, cache_read=80_000, output_text=1_000)),
    )
    charges = ledger.queries.charges(TENANT, "long")
    assert [charge.amount for charge in charges] == [
        Decimal("0.15"), Decimal("0.01"), Decimal("0.01"), Decimal("0.3000025"), Decimal("0.02"), Decimal("0.015"),
    ]  # fmt: skip
    assert charges[3].price_id == "google/gemini-2.5-pro/input_uncached@2025-06-17/over-200000"


def test_a_long_prompt_without_a_price_is_unpriced(ledger: LedgerDatabase) -> None:
    recorded = {"recorded_at": (int(NOON.timestamp()) + 400 * 86_400) * SECOND}  # in 2026
    ledger.insert(
        [
            ledger_row("unknown", 1, MESSAGE, _usage("openai", "gpt-6-sol", input_uncached=272_000), **recorded),
            ledger_row("unknown", 2, MESSAGE, _usage("openai", "gpt-6-sol", input_uncached=272_001), **recorded),
        ]
    )
    assert _charged(ledger, "unknown") == [(1, "openai/gpt-6-sol", Decimal("0.544")), (2, "openai/gpt-6-sol", None)]
    unpriced, _ = ledger.queries.billing_by_run(TENANT, "unknown")
    assert (unpriced.currency, unpriced.unpriced_tokens) == ("", 272_001)


def test_a_price_in_the_past_is_refused_until_it_is_confirmed(ledger: LedgerDatabase, prices: Any) -> None:
    ledger.record("past", *((MESSAGE, _usage("lab", "past-1", output_text=500)) for _ in range(3)))
    code, _, err = prices("set", "lab", "past-1", "output_text=2", "--from", "2025-11-01")
    assert code == 1
    assert "bills since then change" in err
    assert "output_text: 3 charges in 1 runs, 1,500 tokens: unpriced becomes $0.003" in err
    assert "--yes" in err
    assert _charged(ledger, "past")[0][2] is None
    code, out, _ = prices(
        "set", "lab", "past-1", "output_text=2", "--from", "2025-11-01", "--yes", "--by", "me", "--note", "deal"
    )
    assert (code, out) == (
        0,
        "lab/past-1 output_text: $2.00 for a million tokens from 2025-11-01 00:00 UTC (before: unpriced)\n",
    )
    assert [amount for _, _, amount in _charged(ledger, "past")] == [Decimal("0.001")] * 3
    columns = "changed_by, note, is_retroactive, price_per_million, replaced_price_id, replaced_price_per_million"
    assert ledger.rows(f"SELECT {columns} FROM price_changes WHERE model = 'past-1'") == [
        ("me", "deal", True, 2, "", None)
    ]


def test_a_price_from_now_on_leaves_bills_as_they_are(ledger: LedgerDatabase, prices: Any) -> None:
    ledger.record("now", (MESSAGE, _usage("openai", "gpt-4o", output_text=1_000_000)))
    code, out, err = prices("set", "openai", "gpt-4o", "output_text=8", "input_uncached=2", "--json")
    assert (code, err) == (0, "")
    changed = json.loads(out)
    assert [(one["bucket"], one["price_per_million"], one["is_retroactive"]) for one in changed] == [
        ("output_text", "8", False),
        ("input_uncached", "2", False),
    ]
    assert changed[0]["replaced"]["price_id"] == "openai/gpt-4o/output_text@2024-10-02"
    assert changed[0]["price_id"].startswith("own/openai/gpt-4o/output_text@")
    assert [amount for _, _, amount in _charged(ledger, "now")] == [Decimal(10)]
    later = int((NOON + timedelta(days=700)).timestamp()) * SECOND
    ledger.insert([ledger_row("now", 2, MESSAGE, _usage("openai", "gpt-4o", output_text=1_000_000), recorded_at=later)])
    assert [amount for _, _, amount in _charged(ledger, "now")] == [Decimal(10), Decimal(8)]
    assert migrate(ledger.client, ledger.name) == [], "an own price made the shipped list look unloaded"


def test_a_later_shipped_price_does_not_take_over_an_own_one(ledger: LedgerDatabase, prices: Any) -> None:
    # shipped: 5 from July 2026, 4 from 21 August 2026
    prices("set", "openai", "gpt-5.6-sol", "input_uncached=3", "--from", "2026-08-01", "--yes")

    def at(day: int) -> Decimal | None:
        recorded = int((NOON + timedelta(days=day)).timestamp()) * SECOND
        run = f"taken-{day}"
        ledger.insert(
            [ledger_row(run, 1, MESSAGE, _usage("openai", "gpt-5.6-sol", input_uncached=10**5), recorded_at=recorded)]
        )
        return ledger.queries.charges(TENANT, run)[0].amount

    july, september = date(2026, 7, 20) - NOON.date(), date(2026, 9, 20) - NOON.date()
    assert (at(july.days), at(september.days)) == (Decimal("0.5"), Decimal("0.3"))


def test_prices_are_listed_as_they_were_at_a_time(prices: Any) -> None:
    code, out, _ = prices("list", "--provider", "openai", "--model", "gpt-5.6-luna", "--at", "2026-07-15", "--json")
    assert code == 0
    found = {
        (row["batch"], row["bucket"]): (row["price_per_million"], row["long_prompt_price"]) for row in json.loads(out)
    }
    assert {bucket: (Decimal(base), Decimal(long)) for (batch, bucket), (base, long) in found.items() if not batch} == {
        "input_uncached": (1, 2),
        "cache_read": (Decimal("0.1"), Decimal("0.2")),
        "cache_write_5m": (Decimal("1.25"), Decimal("2.5")),
        "output_text": (6, 9),
        "output_reasoning": (6, 9),
    }
    code, out, _ = prices("list", "--model", "gpt-5.6-luna")
    assert "prompts over 272,000: input 0.4" in " ".join(out.split())
    assert prices("list", "--model", "no-such-model")[1].startswith("no price is known")
    code, out, _ = prices("list", "--provider", "openai", "--model", "gpt-5.6-luna", "--history", "--json")
    assert len({row["valid_from"] for row in json.loads(out)}) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("m", "output=1"), "'output' is no token bucket"),
        (("m", "output_text"), "BUCKET=PRICE"),
        (("m", "output_text=nan"), "BUCKET=PRICE"),
        (("m", "output_text=-1"), "a price from 0"),
        (("m", "output_text=1", "output_text=2"), "given twice"),
        (("m", "output_text=0.0000000000001"), "at most 12 decimals"),
        (("m", "output_text=1", "--from", "soon"), "--from: a date or time"),
        (("m", "output_text=1", "--currency", "dollars"), "currency: three capital letters"),
        ((" ", "output_text=1"), "provider and model"),
    ],
)
def test_what_cannot_be_a_price_is_refused(prices: Any, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = prices("set", "lab", *arguments)
    assert code == 1
    assert said in err
