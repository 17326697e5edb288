"""What a price is for: buckets, and the one name that each provider has in the price list."""

from collections.abc import Iterable

from chatsnapshot_projections.event_type_sql import quoted

BUCKETS = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "input_audio",
    "output_text",
    "output_reasoning",
    "output_audio",
)
"""Token buckets of PAYLOADS `usage`; disjoint."""

OWN_VERSION_MIN = 1_000_000_000_000
"""Versions from here on are milliseconds since 1970 and belong to prices that a person set; below are shipped lists."""

PROVIDER_ALIASES = {
    "gemini": "google",
    "gcp.gemini": "google",
    "google_genai": "google",
    "google-genai": "google",
    "google-gla": "google",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
}
"""What libraries and OpenTelemetry call a provider. Clouds that set prices of their own are not here."""

MODEL_PREFIXES = ("models", "openai", "anthropic", "google", "gemini", "mistral", "mistralai")
"""Paths that libraries put before a model's name, as in `models/gemini-2.5-pro`."""

STANDARD_TIERS = ("default", "standard", "on_demand")
"""What providers call the tier of the list price; `batch` is the batch price, any other needs a price of its own."""


def provider_name(provider: str) -> str:
    """The name under which a provider is in the price list."""
    name = provider.strip().lower()
    return PROVIDER_ALIASES.get(name, name)


def model_name(model: str) -> str:
    """The name under which a model is in the price list."""
    name = model.strip().lower()
    first, _, rest = name.partition("/")
    return rest if rest and first in MODEL_PREFIXES else name


def tier_name(tier: str) -> str:
    """The name of a service tier in the price list; '' is the list price."""
    name = tier.strip().lower()
    return "" if name in STANDARD_TIERS else name


def price_key_sql() -> dict[str, str]:
    """The rules above for view `charges`, by placeholder."""
    return {
        "own_version_min": str(OWN_VERSION_MIN),
        "provider_aliases": f"[{_list(PROVIDER_ALIASES)}], [{_list(PROVIDER_ALIASES.values())}]",
        "model_prefixes": "|".join(MODEL_PREFIXES),
        "standard_tiers": _list(STANDARD_TIERS),
    }


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))
