"""Recorded text cannot steer the terminal it is shown on."""

from datetime import UTC, datetime, timedelta

import pytest

from chatsnapshot.rendering.printable import count_text, duration_text, one_line, printable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_control_sequences_are_shown_not_sent() -> None:
    shown = printable("\x1b[2Jgone\x07\x9b31m\u202eevil\r\nnext\tend")
    assert shown == "␛[2Jgone␇<U+009B>31m<U+202E>evil\nnext\tend"


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 200, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0 ms"), (0.85, "850 ms"), (3.21, "3.2 s"), (250, "4 min 10 s"), (7_500, "2 h 5 min"), (-1, "0 ms")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration_text(NOW, NOW + timedelta(seconds=seconds)) == text


def test_counts_agree_with_their_noun() -> None:
    assert [count_text(number, "event") for number in (0, 1, 1_234)] == ["0 events", "1 event", "1,234 events"]
