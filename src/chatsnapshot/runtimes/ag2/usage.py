"""AG2's `Usage` as disjoint buckets (PAYLOADS: usage). What a figure includes differs by provider."""

from dataclasses import asdict
from typing import Any

from ag2.events import Usage

CACHE_BESIDE_PROMPT = frozenset({"anthropic", "bedrock"})
"""Their input figure leaves out tokens read from and written to the cache; everyone else's includes them."""
REASONING_BESIDE_COMPLETION = frozenset({"gemini", "vertexai", "xai"})
"""Their output figure leaves out reasoning ("thoughts"); elsewhere reasoning is a part of it."""


def provider_name(provider: Any) -> str | None:
    """A provider as text: AG2 passes a string or a member of `ModelProvider`."""
    name = getattr(provider, "value", provider)
    return None if name is None else str(name)


def usage_buckets(usage: Usage, provider: Any = None, *, scope: str = "call") -> dict[str, Any]:
    """The `usage` object of a payload; figures that the provider did not give are left out."""
    name = provider_name(provider)
    prompt, completion = _whole(usage.prompt_tokens), _whole(usage.completion_tokens)
    read, written = _whole(usage.cache_read_input_tokens), _whole(usage.cache_creation_input_tokens)
    thought, total = _whole(usage.thinking_tokens), _whole(usage.total_tokens)
    cache_beside = name in CACHE_BESIDE_PROMPT
    reasoning_beside = _reasoning_beside(name, usage)
    buckets = {
        "input_uncached": prompt if cache_beside else _less(prompt, (read or 0) + (written or 0)),
        "cache_read": read,
        "cache_write_5m": written,
        "output_text": completion if reasoning_beside else _less(completion, thought or 0),
        "output_reasoning": thought,
    }
    return {
        **{bucket: count for bucket, count in buckets.items() if count is not None},
        "reported": _given({"input": prompt, "output": completion, "total": total}),
        "basis": _basis(name, cache_beside, reasoning_beside, written),
        "scope": scope,
        "counter": "delta",
        "raw": _given(asdict(usage)),
    }


def _reasoning_beside(provider: str | None, usage: Usage) -> bool:
    if provider in REASONING_BESIDE_COMPLETION:
        return True
    if provider is not None or not usage.thinking_tokens or usage.total_tokens is None:
        return False
    apart = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) + usage.thinking_tokens
    return apart == usage.total_tokens  # nobody named the provider: its own sum decides


def _basis(provider: str | None, cache_beside: bool, reasoning_beside: bool, written: int | None) -> str:
    cache = "beside" if cache_beside else "inside"
    reasoning = "beside" if reasoning_beside else "inside"
    text = f"ag2 usage of {provider or 'an unnamed provider'}: cache {cache} prompt, reasoning {reasoning} completion"
    return text + ("; cache writes of unknown lifetime counted as 5m" if written else "")


def _whole(tokens: float | None) -> int | None:
    return None if tokens is None else int(tokens)


def _less(tokens: int | None, part: int) -> int | None:
    return None if tokens is None else max(0, tokens - part)


def _given(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in figures.items() if figure is not None}
