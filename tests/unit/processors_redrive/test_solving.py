"""What one decision writes: mark and fact."""

import json
from typing import Any

import pytest

from chatsnapshot_processors.redrive.edit import Edit
from chatsnapshot_processors.redrive.plan import Target, planned
from chatsnapshot_processors.redrive.solving import Decision, Solving
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.event_types import event_types
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.quarantine_entries import InputPlace, QuarantinedInput, Solution, identity_of
from tests.pipeline.sequencer_installation import event, event_id, input_record

TARGET = Target("events", 3, Framing())
DECISION = Decision("alice", 1_777_000_000_000_000, "wrong partitioner", "a1")
FOUND = QuarantinedInput(InputPlace(1, 2, 30), 9, "misrouted", "elsewhere", 4, *input_record(event("run", 3)))


def solving(chosen: Solution, edit: Edit | None = None, found: QuarantinedInput = FOUND) -> Solving:
    new = None if chosen is Solution.DISCARDED else planned(found, edit or Edit(), TARGET)
    return Solving(found, identity_of(TARGET.framing, found.key, found.value, found.reason), chosen, DECISION, new)


def fact_of_run(each: Solving, offset: int) -> tuple[Any, dict[str, Any], Any]:
    mark, record = each.with_fact(each.mark(offset), TARGET)
    assert record is not None
    plain = decode_plain(TARGET.framing.envelope_body(record.value))
    assert mark.fact_event_id == plain["event_id"]
    assert (record.key, record.partition) == (b"default/run", partition_of(b"default/run", 3))
    return mark, plain, json.loads(plain["payload"])


def test_a_redriven_event_says_where_it_went() -> None:
    mark, plain, payload = fact_of_run(solving(Solution.REDRIVEN), 7)
    place = (mark.sent_partition, mark.sent_offset, mark.sent_event_id)
    assert place == (partition_of(b"default/run", 3), 7, event_id("run", 3))
    assert (plain["event_type"], plain["causation_id"], plain["source_seq"]) == ("system.event_redriven", None, None)
    assert payload == {
        "name": "redrive execution.message",
        "status": "sent",
        "arguments": {
            "by": "alice",
            "because": "wrong partitioner",
            "quarantine_id": "1-2-30",
            "reason": "misrouted",
            "event_id": event_id("run", 3),
            "event_type": "execution.message",
            "input": {"partition": mark.sent_partition, "offset": 7},
        },
    }


def test_an_edited_one_says_what_was_changed_and_which_id_it_had() -> None:
    _, _, payload = fact_of_run(solving(Solution.REDRIVEN, Edit(payload="{}", new_id=True)), 7)
    arguments = payload["arguments"]
    assert (arguments["edited"], arguments["original_event_id"]) == (["event_id", "payload"], event_id("run", 3))


@pytest.mark.parametrize(
    ("chosen", "kind", "status"),
    [
        (Solution.DUPLICATE, "system.event_redriven", "duplicate"),
        (Solution.DISCARDED, "system.event_discarded", "discarded"),
    ],
)
def test_what_is_not_sent_leaves_mark_and_fact_too(chosen: Solution, kind: str, status: str) -> None:
    each = solving(chosen)
    mark, plain, payload = fact_of_run(each, -1)
    assert each.sends is None
    assert (mark.solution, mark.sent_offset, mark.sent_event_id) == (chosen, -1, "")
    assert (plain["event_type"], payload["status"], "input" in payload["arguments"]) == (kind, status, False)


def test_both_types_are_listed_and_name_no_entity() -> None:
    """Or they would change what the run's status and graph say."""
    for name in ("system.event_redriven", "system.event_discarded"):
        assert (event_types()[name].entity, event_types()[name].phase) == ("", "")


def test_the_fact_of_one_record_has_one_id() -> None:
    _, first, _ = fact_of_run(solving(Solution.REDRIVEN), 7)
    _, again, _ = fact_of_run(solving(Solution.REDRIVEN), 8)
    assert first["event_id"] == again["event_id"]


@pytest.mark.parametrize("key", [None, b"default/run"])
def test_what_nobody_can_read_leaves_a_mark_only(key: bytes | None) -> None:
    """A key alone does not say that a run is there."""
    found = QuarantinedInput(InputPlace(1, 2, 30), 9, "undecodable", "", 4, key, b"garbage")
    each = solving(Solution.DISCARDED, found=found)
    mark, record = each.with_fact(each.mark(-1), TARGET)
    assert (record, mark.fact_event_id) == (None, "")
