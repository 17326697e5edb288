"""Times as people write them on a command line."""

import re
from datetime import UTC, datetime, timedelta

from chatsnapshot_schemas.errors import ConfigurationError

_AGO = re.compile(r"(\d{1,6})(s|m|h|d)").fullmatch
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(text: str, option: str, now: datetime) -> datetime:
    """`2026-01-31`, `2026-01-31T12:00:00Z` (without a zone: UTC), or `90s`, `30m`, `2h`, `7d` before `now`.

    Raises ConfigurationError naming the option.
    """
    ago = _AGO(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{option}: {text!r} is no time; write 2026-01-31, 2026-01-31T12:00:00Z, or 30m, 2h, 7d for so long ago"
        ) from None
