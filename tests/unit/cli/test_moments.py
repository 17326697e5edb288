from datetime import UTC, datetime, timedelta

import pytest

from chatsnapshot.cli.moments import moment_of
from chatsnapshot_schemas.errors import ConfigurationError

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00+02:00", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        (" 2026-01-31T12:30:00.000001Z ", datetime(2026, 1, 31, 12, 30, 0, 1, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
    ],
)
def test_times_as_people_write_them(text: str, moment: datetime) -> None:
    assert moment_of(text, "--from", NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "5", "5w", "-5m", "2026-13-01", "9999999d", "999999d"])
def test_anything_else_is_one_line_that_names_the_option(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--until"):
        moment_of(text, "--until", NOW)
