"""The same log, cut into batches at any places and restarted at any place, gives the same bytes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatsnapshot_processors.core import sources
from tests.unit.processors.lane_in_memory import Lane
from tests.unit.processors.made_up_logs import TICKED, MadeUp, made_up_logs


def run(made_up: MadeUp, *, commits: int, restarts: int) -> Lane:
    """Sequence a log; bit n of `commits` and `restarts`: whether that is done before record n."""
    lane = Lane(policies=made_up.policies)
    for offset, entry in enumerate(made_up.entries):
        if commits >> offset & 1:
            lane.commit()
        if restarts >> offset & 1:
            lane.restart()
        lane.send(entry.value, at=entry.at, headers=entry.headers)
    return lane


@settings(max_examples=250, deadline=None)
@given(made_up_logs(), st.integers(0, 2**80), st.integers(0, 2**80))
def test_cuts_and_restarts_change_no_byte(made_up: MadeUp, commits: int, restarts: int) -> None:
    straight = run(made_up, commits=0, restarts=0)
    broken = run(made_up, commits=commits, restarts=restarts)
    assert broken.written == straight.written
    assert broken.sequencer.stream_time == straight.sequencer.stream_time
    assert broken.sequencer.earliest_deadline() == straight.sequencer.earliest_deadline()


@settings(max_examples=100, deadline=None)
@given(made_up_logs())
def test_nothing_is_left_behind(made_up: MadeUp) -> None:
    lane = run(made_up, commits=0, restarts=0)
    offsets = [plain["input_offset"] for plain in lane.records]
    offsets += [one.record.offset for one in lane.quarantine]
    offsets += [one.record.offset for one in lane.duplicates]
    ticks = [offset for offset, entry in enumerate(made_up.entries) if entry.headers == TICKED]
    assert sorted(offsets + ticks) == list(range(len(made_up.entries)))
    assert not lane.held
    assert lane.sequencer.held_count == lane.sequencer.held_bytes == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made_up=made_up_logs(), restarts=st.integers(0, 2**80))
def test_forgotten_used_numbers_do_not_come_back(
    monkeypatch: pytest.MonkeyPatch, made_up: MadeUp, restarts: int
) -> None:
    monkeypatch.setattr(sources, "USED_SOURCES_MAX", 1)
    monkeypatch.setattr(sources, "FORGOTTEN_AT_ONCE", 1)
    straight = run(made_up, commits=0, restarts=0)
    broken = run(made_up, commits=restarts, restarts=restarts)
    assert broken.written == straight.written
    assert list(broken.used) == list(straight.used)
