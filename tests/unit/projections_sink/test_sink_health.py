import time
from dataclasses import dataclass, field
from typing import cast

import pytest

from chatsnapshot_projections import sink_health
from chatsnapshot_projections.sink_health import ClickHouseReachable, SinkHealth
from chatsnapshot_projections.sink_worker import WorkerThread
from chatsnapshot_schemas.connections import ClickHouseConnection

NOBODY = "http://127.0.0.1:1"


@dataclass
class Work:
    joined: bool = True
    stepped_at: float = field(default_factory=time.monotonic)


@dataclass
class Running:
    worker: Work = field(default_factory=Work)
    error: Exception | None = None
    alive: bool = True

    def is_alive(self) -> bool:
        return self.alive


def health(ledger: Running, away: str | None = None) -> SinkHealth:
    threads = cast("dict[str, WorkerThread]", {"ledger": ledger, "upserts": Running()})
    return SinkHealth(threads, lambda: away, 300.0)


def test_both_in_their_groups_and_clickhouse_answers() -> None:
    assert health(Running()).ready() is None
    assert health(Running()).healthy() is None


def test_clickhouse_away_is_not_ready_and_no_reason_to_start_anew() -> None:
    away = health(Running(), "nobody answers")
    assert away.ready() == "nobody answers"
    assert away.healthy() is None


def test_a_worker_outside_its_group() -> None:
    outside = health(Running(Work(joined=False)))
    assert outside.ready() == "not in the group yet: ledger"
    assert outside.healthy() is None


@pytest.mark.parametrize(
    ("ledger", "complaint"),
    [
        (Running(alive=False), "ledger has ended"),
        (Running(error=ValueError("no")), "ledger failed: no"),
        (Running(Work(stepped_at=time.monotonic() - 10_000)), "ledger has made no step for"),
    ],
)
def test_a_worker_that_ended_failed_or_hangs(ledger: Running, complaint: str) -> None:
    assert str(health(ledger).healthy()).startswith(complaint)
    assert str(health(ledger).ready()).startswith(complaint)


def test_clickhouse_is_asked_now_and_then_and_the_answer_kept(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ClickHouseReachable(ClickHouseConnection(url=clickhouse_url))
    assert there() is None
    gone = ClickHouseReachable(ClickHouseConnection(url=NOBODY))
    complaint = gone()
    assert str(complaint).startswith(f"ClickHouse at {NOBODY}: ")
    assert "\n" not in str(complaint)
    gone._connection = there._connection
    assert gone() == complaint
    monkeypatch.setattr(sink_health, "ASK_AGAIN_AFTER_S", -1.0)
    assert gone() is None
