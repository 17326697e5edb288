"""What is sent, and why it is not."""

from dataclasses import replace
from typing import Any

import pytest

from chatsnapshot_processors.core.same_fact import fact_digest
from chatsnapshot_processors.redrive.edit import Edit
from chatsnapshot_processors.redrive.plan import KnownFact, Target, fact_of, planned, solution
from chatsnapshot_schemas.errors import InvalidEvent, RedriveRefused
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.quarantine_entries import InputPlace, QuarantinedInput, Solution
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX
from tests.pipeline.sequencer_installation import event, event_id, input_record

TARGET = Target("events", 3, Framing())


def quarantined(**plain: Any) -> QuarantinedInput:
    key, value = input_record(event("run", 0, **plain))
    place = InputPlace(1, 2, 30)
    return QuarantinedInput(place, 9, "misrouted", "elsewhere", 4, key, value, (("trace", b"1"),))


def test_bytes_go_as_they_came_to_where_they_belong() -> None:
    found = quarantined()
    new = planned(found, Edit(), TARGET)
    assert (new.value, new.key, new.edited) == (found.value, b"default/run", ())
    assert new.partition == partition_of(b"default/run", 3)
    assert new.headers == (("trace", b"1"), ("chatsnapshot-redrive", b"1/2/30"))


def test_the_header_of_an_earlier_redrive_is_replaced() -> None:
    found = replace(quarantined(), headers=(("chatsnapshot-redrive", b"1/0/1"),))
    assert planned(found, Edit(), TARGET).headers == (("chatsnapshot-redrive", b"1/2/30"),)


def test_a_wrong_key_is_mended() -> None:
    assert planned(replace(quarantined(), key=b"wrong"), Edit(), TARGET).key == b"default/run"


@pytest.mark.parametrize("value", [None, b"", b"garbage", b"\xc3\x01" + b"\0" * 30])
def test_what_cannot_be_read_needs_a_whole_event(value: bytes | None) -> None:
    with pytest.raises(RedriveRefused, match="elsewhere: the bytes cannot be read, give the whole event instead"):
        planned(replace(quarantined(), value=value), Edit(payload="{}"), TARGET)


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        ({"payload": "[]"}, "payload"),
        ({"event_type": "X"}, "event_type"),
        ({"event_id": "X"}, "event_id"),
        ({"causation_id": event_id("run", 0)}, "causation_id"),
        ({"causation_id": event_id("run", 1), "caused_by": [event_id("run", 0)]}, "causation_id"),
    ],
)
def test_what_would_be_refused_again_names_its_field(plain: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent, match=f"^{field}: "):
        planned(quarantined(**plain), Edit(), TARGET)


def test_a_cause_of_that_id_in_another_run_is_another_event() -> None:
    found = quarantined(causation_id=event_id("run", 0), causation_correlation_id="other")
    assert planned(found, Edit(), TARGET).edited == ()


def test_a_new_id_mends_a_broken_one() -> None:
    assert planned(quarantined(event_id="X"), Edit(new_id=True), TARGET).edited == ("event_id",)


def test_what_the_topic_does_not_take_is_refused() -> None:
    found = replace(quarantined(), headers=(("large", b"x" * INPUT_MESSAGE_BYTES_MAX),))
    with pytest.raises(RedriveRefused, match=r"^value: "):
        planned(found, Edit(), TARGET)


def test_of_an_unknown_id_it_is_sent() -> None:
    assert solution(planned(quarantined(), Edit(), TARGET), Edit(), None) is Solution.REDRIVEN


def test_the_same_fact_is_a_duplicate_and_an_edited_one_is_not() -> None:
    new = planned(quarantined(), Edit(), TARGET)
    assert solution(new, Edit(), new.fact) is Solution.DUPLICATE
    edit = Edit(changes={"timestamp": "2026-01-01"})
    late = planned(quarantined(), edit, TARGET)
    assert late.fact == new.fact
    with pytest.raises(RedriveRefused, match="an edited event needs a new id"):
        solution(late, edit, new.fact)


@pytest.mark.parametrize(
    "other", [{"payload": "{}"}, {"event_type": "system.x"}, {"subject_id": "p"}, {"causation_id": event_id("x", 1)}]
)
def test_another_fact_is_refused(other: dict[str, Any]) -> None:
    new = planned(quarantined(), Edit(), TARGET)
    plain = event("run", 0, **other)
    assert fact_digest(plain) != fact_digest(event("run", 0))
    with pytest.raises(RedriveRefused, match="as another fact"):
        solution(new, Edit(), fact_of(plain))


def test_what_is_held_now_is_to_be_tried_again() -> None:
    new = planned(quarantined(), Edit(), TARGET)
    with pytest.raises(RedriveRefused, match="waits in `held` now"):
        solution(new, Edit(), KnownFact("execution.message", is_held=True))
