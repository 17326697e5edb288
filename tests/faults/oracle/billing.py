"""(8): usage lines, what of them counts, and what it costs, recomputed from the topic's payloads and the price list."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation, localcontext
from typing import Any

from tests.faults.oracle.facts import Facts, Record, Whose
from tests.faults.oracle.payload import content_of, is_whole, text_of
from tests.faults.oracle.prices import BUCKETS, key_of, price_of
from tests.faults.oracle.tables import Row, RunNumber, Shown
from tests.faults.oracle.violations import Violation

TOKENS_MAX = 10**12
"""More in one bucket of one call is no count of tokens."""
PROMPT = BUCKETS[:5]
NAME_CHARS = 256
Bill = tuple[int, int, Decimal | None]
"""Lines, tokens, amount."""
_CENT = Decimal("0.000000000001")


@dataclass(frozen=True, slots=True)
class Line:
    """A bucket of a usage report."""

    ordinal: int
    bucket: str
    tokens: int
    provider: str
    model: str
    model_call_id: str
    attempt: int
    scope: str
    counter: str
    series: str
    tier: str
    batch: bool
    agent: str
    agent_run_id: str
    sequence_no: int
    recorded_at: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a line that counts costs."""

    tokens: int
    amount: Decimal | None
    currency: str


Reports = dict[RunNumber, list[Line] | None]
"""The usage lines of every record."""


def reports_of(facts: Facts) -> Reports:
    """What every event reports."""
    return {(*record.whose, record.number): lines_of(record) for record in facts.records}


def billing_violations(facts: Facts, reports: Reports, shown: Shown) -> Iterator[Violation]:
    """Lines, charges and bills; runs with odd usage are not compared."""
    bills: dict[tuple[str, str, str], Bill] = {}
    odd: set[Whose] = set()
    seen: set[tuple[str, str, int, int]] = set()
    for whose, records in facts.runs.items():
        reported = [reports[*whose, record.number] for record in records]
        if None in reported:
            odd.add(whose)
            continue
        lines = [line for found in reported for line in found or ()]
        yield from _lines(whose, lines, shown)
        charged = list(charges_of(lines))
        bills |= {(*whose, currency): bill for currency, bill in bills_of(each for _, each in charged).items()}
        for line, charge in charged:
            seen.add((*whose, line.sequence_no, line.ordinal))
            yield from _charge(whose, line, charge, shown)
    for place in shown.charges.keys() - seen:
        if place[:2] not in odd:
            yield Violation(8, f"charges: {place} is charged, but does not count", doubled=1)
    yield from _bills(bills, odd, shown)


def lines_of(record: Record) -> list[Line] | None:
    """The usage lines of an event, one a bucket; None when its report is odd."""
    payload = content_of(record.envelope["payload"])
    usage = payload.get("usage", {})
    if usage == {}:
        return []
    if not isinstance(usage, dict) or not _is_conventional(payload, usage):
        return None
    amounts = [(at, name, usage.get(name) or 0) for at, name in enumerate(BUCKETS)]
    cost = _cost(usage)
    found = [(at, name, tokens) for at, name, tokens in amounts if 0 < tokens <= TOKENS_MAX]
    if not found:
        total = _reported(usage)
        found = [(len(BUCKETS), "unknown", total)] if total > 0 or cost is not None else []
    return [_line(record, payload, usage, *line, cost if at == 0 else None) for at, line in enumerate(found)]


def charges_of(lines: list[Line]) -> Iterator[tuple[Line, Charge]]:
    """The lines of a run that count, with their price. Lines come in order of the ledger."""
    last = {(line.model_call_id, line.attempt): line.sequence_no for line in lines if line.scope == "call"}
    highest: dict[tuple[Any, ...], int] = {}
    counted: list[Line] = []
    for line in lines:
        if line.scope != "call":
            continue
        if line.model_call_id and line.sequence_no != last[line.model_call_id, line.attempt]:
            continue
        if line.counter == "cumulative":
            unnamed = () if line.series else (line.agent, line.agent_run_id, line.provider, line.model)
            of = (line.series, unnamed, line.bucket)
            before = highest.get(of, 0)
            highest[of] = max(before, line.tokens)
            counted.append(replace(line, tokens=max(line.tokens - before, 0)))
        else:
            counted.append(line)
    prompts: dict[int, int] = defaultdict(int)
    for line in counted:
        prompts[line.sequence_no] += line.tokens if line.bucket in PROMPT else 0
    for line in counted:
        yield line, _priced(line, prompts[line.sequence_no])


def _priced(line: Line, prompt_tokens: int) -> Charge:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=line.recorded_at)
    found = price_of(key_of(line.provider, line.model, line.tier, line.batch, line.bucket), at, prompt_tokens)
    if found is None:
        return Charge(line.tokens, None, "")
    with localcontext(prec=60):
        amount = (found[0] * line.tokens / 1_000_000).quantize(_CENT, ROUND_DOWN)
    return Charge(line.tokens, amount, found[1])


def _is_conventional(payload: dict[str, Any], usage: dict[str, Any]) -> bool:
    reported = usage.get("reported", {})
    numbers = [usage[name] for name in BUCKETS if name in usage]
    numbers += [payload["attempt"]] if "attempt" in payload else []
    texts = [
        payload[name] for name in ("provider", "model", "model_call_id", "agent", "agent_run_id") if name in payload
    ]
    texts += [usage[name] for name in ("scope", "counter", "series", "service_tier") if name in usage]
    if not isinstance(reported, dict) or not isinstance(usage.get("batch", False), bool):
        return False
    numbers += [reported[name] for name in ("input", "output", "total") if name in reported]
    cost = usage.get("provider_cost", {})
    is_cost = isinstance(cost, dict) and isinstance(cost.get("amount", ""), str | int)
    return is_cost and all(map(is_whole, numbers)) and all(isinstance(text, str) for text in texts)


def _reported(usage: dict[str, Any]) -> int:
    said = usage.get("reported", {})
    figures: dict[str, int] = {
        name: min(max(said.get(name, 0), 0), TOKENS_MAX) for name in ("input", "output", "total")
    }
    return min(figures["total"] or figures["input"] + figures["output"], TOKENS_MAX)


def _cost(usage: dict[str, Any]) -> Decimal | None:
    amount = usage.get("provider_cost", {}).get("amount")
    try:
        return None if amount is None else Decimal(str(amount)).quantize(_CENT, ROUND_DOWN)
    except InvalidOperation:
        return None


def _line(
    record: Record,
    payload: dict[str, Any],
    usage: dict[str, Any],
    ordinal: int,
    bucket: str,
    tokens: int,
    cost: Decimal | None,
) -> Line:
    def text(of: dict[str, Any], name: str) -> str:
        return (text_of(of.get(name, "")) or "")[:NAME_CHARS]

    return Line(
        ordinal=ordinal,
        bucket=bucket,
        tokens=tokens,
        provider=text(payload, "provider"),
        model=text(payload, "model"),
        model_call_id=text(payload, "model_call_id"),
        attempt=min(max(payload.get("attempt", 1), 1), 2**32 - 1),
        scope=text(usage, "scope") or "call",
        counter="cumulative" if usage.get("counter") == "cumulative" else "delta",
        series=text(usage, "series"),
        tier=text(usage, "service_tier"),
        batch=usage.get("batch", False),
        agent=text(payload, "agent") or record.envelope["source"]["agent"] or "",
        agent_run_id=text(payload, "agent_run_id"),
        sequence_no=record.number,
        recorded_at=record.plain["recorded_at"],
        cost=cost,
    )


def _lines(whose: Whose, lines: list[Line], shown: Shown) -> Iterator[Violation]:
    by_record: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        by_record[line.sequence_no].append(line)
    for number, expected in by_record.items():
        rows = shown.usage.get((*whose, number), [])
        mine = [_facts_of_row(row) for row in rows]
        if mine != [_facts_of_line(line) for line in expected]:
            yield Violation(8, f"usage_lines of {whose} #{number}: {_short(mine)}, not {_short(expected)}")


def _facts_of_row(row: Row) -> tuple[Any, ...]:
    names = "ordinal bucket tokens provider model model_call_id attempt scope counter series service_tier batch"
    return (*(row[name] for name in names.split()), row["provider_cost_amount"])


def _facts_of_line(line: Line) -> tuple[Any, ...]:
    about = (line.ordinal, line.bucket, line.tokens, line.provider, line.model, line.model_call_id, line.attempt)
    return (*about, line.scope, line.counter, line.series, line.tier, line.batch, line.cost)


def _charge(whose: Whose, line: Line, charge: Charge, shown: Shown) -> Iterator[Violation]:
    row = shown.charges.get((*whose, line.sequence_no, line.ordinal))
    if row is None:
        yield Violation(8, f"charges: {whose} #{line.sequence_no} {line.bucket} is not charged", lost=1)
    elif (row["tokens"], row["amount"], row["currency"]) != (charge.tokens, charge.amount, charge.currency):
        mine = (row["tokens"], row["amount"], row["currency"])
        yield Violation(8, f"charges: {whose} #{line.sequence_no} {line.bucket} is {mine}, not {charge}")


def bills_of(charges: Iterable[Charge]) -> dict[str, Bill]:
    """What a run's charges come to, by currency; '' are those without a price."""
    by_currency: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_currency[charge.currency].append(charge)
    return {currency: (len(of), sum(charge.tokens for charge in of), _sum(of)) for currency, of in by_currency.items()}


def _bills(bills: dict[tuple[str, str, str], Bill], odd: set[Whose], shown: Shown) -> Iterator[Violation]:
    for key in bills.keys() | shown.bills.keys():
        row, expected = shown.bills.get(key), bills.get(key)
        mine = None if row is None else (row["lines"], row["tokens"], row["amount"])
        if mine != expected and key[:2] not in odd:
            yield Violation(8, f"billing_by_run: {key} has lines, tokens, amount {mine}, not {expected}")


def _sum(charges: Iterable[Charge]) -> Decimal | None:
    amounts = [charge.amount for charge in charges if charge.amount is not None]
    with localcontext(prec=60):
        return sum(amounts, Decimal(0)) if amounts else None


def _short(value: object) -> str:
    return f"{value!r:.160}"
