"""A lane that fails again and again: it waits longer each time, and gives up at its bound."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from chatsnapshot_processors import lane as lanes
from chatsnapshot_processors.config import LaneLimits
from chatsnapshot_processors.lane import Lane
from chatsnapshot_schemas.errors import BrokerUnavailable, FatalError
from tests.pipeline.lane_drill import brokerless_config, lane_context, no_membership

FAILURES_MAX = 9
WITHIN_S = 30.0


def failing(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Exception, list[float]]:
    """What a lane that cannot be opened ends with, and how long it waited each time."""

    def open_lane(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(lanes, "open_lane", open_lane)
    config = brokerless_config(tmp_path, LaneLimits(failures_max=FAILURES_MAX))
    ended: list[Exception] = []
    lane = Lane(lane_context(config), 0, no_membership(config), ended.append)
    waited: list[float] = []
    lane._stopping = Stopping(waited)
    lane.start()
    assert lane.join(WITHIN_S)
    (last,) = ended
    return last, waited


class Stopping(Event):
    """Notes the waits and does not wait."""

    def __init__(self, waited: list[float]) -> None:
        super().__init__()
        self._waited = waited

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._waited.append(timeout)
        return self.is_set()


def test_trouble_with_the_broker_is_waited_out_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, waited = failing(KafkaException(KafkaError(KafkaError._TRANSPORT)), tmp_path, monkeypatch)
    assert isinstance(ended, BrokerUnavailable)
    assert f"failed {FAILURES_MAX} times in a row" in str(ended)
    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


def test_a_defect_is_tried_as_often_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, waited = failing(ZeroDivisionError("a defect"), tmp_path, monkeypatch)
    assert isinstance(ended, FatalError)
    assert "a defect" in str(ended)
    assert len(waited) == FAILURES_MAX - 1
