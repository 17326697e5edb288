"""A payload's usage report as lines, one a bucket, read plainly. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any

from chatsnapshot_projections.price_keys import BUCKETS, MODEL_PREFIXES, PROVIDER_ALIASES, STANDARD_TIERS

PROMPT_BUCKETS = frozenset(BUCKETS[:5])
UNKNOWN_BUCKET = "unknown"
TOKENS_MAX = 10**12
"""More in one bucket of one call is no count of tokens."""
ATTEMPT_MAX = 2**32 - 1
NAME_CHARS_MAX = 256
"""Names and ids are cut there."""
_TEXTS = ("provider", "model", "model_call_id", "agent", "agent_run_id")
_USAGE_TEXTS = ("scope", "counter", "series", "service_tier")
_REPORTED = ("input", "output", "total")
_PREFIX = re.compile(f"^({'|'.join(MODEL_PREFIXES)})/")
_AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?").fullmatch
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A bucket of one report. `recorded_at`: microseconds since 1970."""

    sequence_no: int
    recorded_at: int
    bucket: str
    tokens: int
    provider: str
    model: str
    model_call_id: str
    attempt: int
    agent: str
    agent_run_id: str
    scope: str
    counter: str
    series: str
    tier: str
    batch: bool

    @property
    def price_key(self) -> tuple[str, str, str, bool, str]:
        """What its price is listed under."""
        provider, tier = self.provider.lower(), self.tier.lower()
        return (
            PROVIDER_ALIASES.get(provider, provider),
            _PREFIX.sub("", self.model.lower()),
            "" if tier in (*STANDARD_TIERS, "batch") else tier,
            self.batch or tier == "batch",
            self.bucket,
        )


def usage_lines(payload: str, sequence_no: int, recorded_at: int, source_agent: str) -> list[UsageLine] | None:
    """The lines of an event, none without a report; None when the report breaks the conventions."""
    # of several equal keys the first counts, as in the tables
    said = json.loads(payload, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    usage = said.get("usage", {})
    if usage == {}:
        return []
    if not isinstance(usage, dict) or not _is_conventional(said, usage):
        return None
    buckets = [(name, usage.get(name, 0)) for name in BUCKETS]
    found = [(name, tokens) for name, tokens in buckets if 0 < tokens <= TOKENS_MAX]
    if not found and (total := _reported(usage)) is not None:
        found = [(UNKNOWN_BUCKET, total)]
    return [
        UsageLine(
            sequence_no=sequence_no,
            recorded_at=recorded_at,
            bucket=bucket,
            tokens=tokens,
            **{name: _text(said, name) for name in _TEXTS if name != "agent"},
            agent=_text(said, "agent") or source_agent,
            attempt=min(max(said.get("attempt", 1), 1), ATTEMPT_MAX),
            scope=_text(usage, "scope") or "call",
            counter="cumulative" if usage.get("counter") == "cumulative" else "delta",
            series=_text(usage, "series"),
            tier=_text(usage, "service_tier"),
            batch=usage.get("batch", False),
        )
        for bucket, tokens in found
    ]


def _reported(usage: dict[str, Any]) -> int | None:
    """The provider's own total of a report without buckets; None: it gives no line."""
    reported = usage.get("reported", {})
    figures = {name: min(max(reported.get(name, 0), 0), TOKENS_MAX) for name in _REPORTED}
    total: int = min(figures["total"] or figures["input"] + figures["output"], TOKENS_MAX)
    return total if total > 0 or _has_cost(usage) else None


def _is_conventional(said: dict[str, Any], usage: dict[str, Any]) -> bool:
    reported, cost = usage.get("reported", {}), usage.get("provider_cost", {})
    if not isinstance(reported, dict) or not isinstance(cost, dict):
        return False
    numbers = [usage[name] for name in BUCKETS if name in usage]
    numbers += [reported[name] for name in _REPORTED if name in reported]
    numbers += [said["attempt"]] if "attempt" in said else []
    texts = [said[name] for name in _TEXTS if name in said] + [usage[name] for name in _USAGE_TEXTS if name in usage]
    return (
        all(type(number) is int and abs(number) < 1 << 63 for number in numbers)
        and all(isinstance(text, str) for text in texts)
        and isinstance(usage.get("batch", False), bool)
        and _is_amount(cost.get("amount", 0))
    )


def _is_amount(amount: Any) -> bool:
    return type(amount) in (int, float) or (isinstance(amount, str) and _AMOUNT(amount) is not None)


def _has_cost(usage: dict[str, Any]) -> bool:
    return usage.get("provider_cost", {}).get("amount") is not None


def _text(said: dict[str, Any], name: str) -> str:
    text: str = said.get(name, "")
    return (text if text.isascii() else _LONE.sub("\ufffd", text))[:NAME_CHARS_MAX]
