"""One answer about the topic's id serves all lanes that asked before it was asked for."""

from typing import Any

import pytest

from chatsnapshot_processors import input_identity
from chatsnapshot_processors.input_identity import InputIdentity
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import TopicMismatch
from chatsnapshot_schemas.kafka_admin import LastingAdmin


def asked(monkeypatch: pytest.MonkeyPatch, ids: list[str]) -> tuple[InputIdentity, list[float]]:
    """An identity whose broker gives these ids in turn, at the times 10, 20, ...; and the times of the questions."""
    clock = iter(float(10 * n) for n in range(1, 100))
    times: list[float] = []

    def answer(*_: Any) -> str:
        return ids[len(times) - 1]

    def now() -> float:
        times.append(next(clock))
        return times[-1]

    monkeypatch.setattr(input_identity, "monotonic", now)
    monkeypatch.setattr(input_identity, "topic_id", answer)
    return InputIdentity(LastingAdmin(KafkaConnection(bootstrap_servers="127.0.0.1:1")), "events"), times


def test_a_question_is_asked_again_only_for_what_was_fetched_later(monkeypatch: pytest.MonkeyPatch) -> None:
    identity, times = asked(monkeypatch, ["a", "a"])
    identity.confirm("a", since=5)
    identity.confirm("a", since=9)
    identity.confirm("a", since=10)
    assert times == [10.0]
    identity.confirm("a", since=11)
    assert times == [10.0, 20.0]


def test_another_id_is_refused_for_every_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    identity, times = asked(monkeypatch, ["a", "b"])
    identity.confirm("a", since=5)
    for since in (15, 16):
        with pytest.raises(TopicMismatch, match=r"id b, was a.*migrate"):
            identity.confirm("a", since=since)
    assert len(times) == 2
