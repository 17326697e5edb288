"""Bills computed once more, by other code: from payloads as they were recorded and the prices of their time.

Counts by the conventions of payloads: disjoint buckets; a repeated (model_call_id, attempt) once, as last reported;
roll-ups not; of a running total what it rises. A run with a report that breaks the conventions is left out: what views
make of such values is theirs.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from functools import cached_property
from itertools import groupby
from typing import Any

from chatsnapshot.verification.run_range import Run, RunRange
from chatsnapshot.verification.table_queries import TableQueries
from chatsnapshot.verification.usage_report import PROMPT_BUCKETS, UsageLine, usage_lines

Bill = dict[str, tuple[int, int, Decimal | None]]
"""By currency ('': without a price): lines, tokens, amount."""
_CENT = Decimal("0.000000000001")
"""Amounts have twelve decimals; what is beyond is cut."""
_DIGITS = 60


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """For a million tokens, from a moment on (microseconds since 1970)."""

    since: int
    price: Decimal
    currency: str
    long_over: int
    long_price: Decimal | None

    def of(self, prompt_tokens: int) -> Decimal | None:
        """What holds for a prompt of that length; None: not known."""
        return self.long_price if self.long_over and prompt_tokens > self.long_over else self.price


class BillCheck:
    """Compares view `billing_by_run`. In memory: the bills of a range, and one run's reports at a time."""

    def __init__(self, tables: TableQueries) -> None:
        self._tables = tables
        self.left_out = 0
        """Runs that were not compared."""

    def differing(self, part: RunRange) -> Iterator[Run]:
        """Runs of a range whose bill is another one."""
        shown: dict[Run, Bill] = defaultdict(dict)
        for tenant, correlation, currency, lines, tokens, amount in self._tables.ask_filled("bills_shown", {}, part):
            shown[str(tenant), str(correlation)][str(currency)] = (lines, tokens, amount)
        reports = self._tables.stream("usage_reports", part)
        for run, rows in groupby(reports, key=lambda row: (str(row[0]), str(row[1]))):
            lines = list(_lines(rows))
            bill = shown.pop(run, {})
            if None in lines:
                self.left_out += 1
            elif bill_of((line for found in lines for line in found or ()), self._prices) != bill:
                yield run
        yield from shown

    @cached_property
    def _prices(self) -> "PriceTable":
        prices: PriceTable = defaultdict(list)
        for provider, model, tier, batch, bucket, since, price, currency, over, long in self._tables.ask("prices"):
            key = (str(provider), str(model), str(tier), bool(batch), str(bucket))
            prices[key].append(KnownPrice(int(since), price, str(currency), int(over), long))
        return prices


PriceTable = dict[tuple[str, str, str, bool, str], list[KnownPrice]]
"""By provider, model, tier, batch and bucket; ascending."""


def bill_of(lines: Iterable[UsageLine], prices: PriceTable) -> Bill:
    """The bill of one run; lines come in the order of the ledger."""
    counted = list(counted_lines(list(lines)))
    prompts: dict[int, int] = defaultdict(int)
    for line in counted:
        prompts[line.sequence_no] += line.tokens if line.bucket in PROMPT_BUCKETS else 0
    bill: Bill = {}
    with localcontext(prec=_DIGITS):
        for line in counted:
            currency, amount = _charge(line, prompts[line.sequence_no], prices)
            number, tokens, before = bill.get(currency, (0, 0, None))
            total = before if amount is None else (before or Decimal(0)) + amount
            bill[currency] = (number + 1, tokens + line.tokens, total)
    return bill


def counted_lines(lines: list[UsageLine]) -> Iterator[UsageLine]:
    """Those that count, with the tokens that count."""
    calls = [line for line in lines if line.scope == "call"]
    last = {(line.model_call_id, line.attempt): line.sequence_no for line in calls}
    highest: dict[tuple[Any, ...], int] = {}
    for line in calls:
        if line.model_call_id and line.sequence_no != last[line.model_call_id, line.attempt]:
            continue
        if line.counter != "cumulative":
            yield line
            continue
        unnamed = () if line.series else (line.agent, line.agent_run_id, line.provider, line.model)
        series = (line.series, unnamed, line.bucket)
        before = highest.get(series, 0)
        highest[series] = max(before, line.tokens)
        yield replace(line, tokens=max(line.tokens - before, 0))


def _charge(line: UsageLine, prompt_tokens: int, prices: PriceTable) -> tuple[str, Decimal | None]:
    known = prices.get(line.price_key, [])
    at = bisect_right(known, line.recorded_at, key=lambda price: price.since) - 1
    price = known[at].of(prompt_tokens) if at >= 0 else None
    if price is None:
        return "", None
    return known[at].currency, (price * line.tokens / 1_000_000).quantize(_CENT, ROUND_DOWN)


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[UsageLine] | None]:
    for _, _, sequence_no, recorded_at, agent, payload in rows:
        yield usage_lines(payload, sequence_no, recorded_at, agent)
