import threading
import time
import uuid

import pytest

from chatsnapshot_producers.event_ids import natural_event_id, new_event_id


def test_new_ids_are_version_7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_event_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert 0 <= (made.int >> 80) - before < 60_000


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = [new_event_id() for _ in range(20_000)]  # more than a millisecond's counter holds
    assert ids == sorted(set(ids))


def test_ids_are_unique_over_threads() -> None:
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.extend([new_event_id() for _ in range(2_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 8_000


def test_a_clock_that_steps_back_does_not_step_ids_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_event_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_event_id() > first


def test_a_natural_key_gives_the_same_id_in_every_version() -> None:
    assert natural_event_id("acme", "run-1", "ag2", "call-7") == "ee08c618-9602-53d6-8bed-1bcc075cb6f8"


def test_each_part_of_a_natural_key_counts() -> None:
    parts = [
        ("a", "r", "x", "k"),
        ("b", "r", "x", "k"),
        ("a", "s", "x", "k"),
        ("a", "r", "y", "k"),
        ("a", "r", "x", "l"),
    ]
    assert len({natural_event_id(*part) for part in parts}) == 5
