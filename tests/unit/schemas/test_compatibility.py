import copy
import json
from typing import Any

import pytest

from chatsnapshot_schemas.avro_schema import AvroSchema, envelope_schema, ledger_schema
from chatsnapshot_schemas.compatibility import incompatibilities
from chatsnapshot_schemas.ledger_head import read_recorded_at, write_head
from chatsnapshot_schemas.released_schemas import released_schemas

OLD: dict[str, Any] = json.loads(envelope_schema().text)


@pytest.mark.parametrize("schema", [envelope_schema(), ledger_schema()], ids=lambda schema: schema.name)
def test_every_released_form_can_be_read_with_the_current_schema(schema: AvroSchema) -> None:
    released = list(released_schemas(schema.name))
    assert released, "a release keeps its schemas"
    for old in released:
        assert incompatibilities(json.loads(schema.text), old.document) == [], old.version


def changed(change: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    change({field["name"]: field for field in new["fields"]}, new["fields"])
    return new


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda by, all_: all_.append({"name": "x", "type": "string"}), "x: new, without a default"),
        (lambda by, all_: by["payload"].update(type="long"), "payload: string was written, long cannot read it"),
        (lambda by, all_: by["timestamp"].update(type="int"), "timestamp: long was written, int cannot read it"),
        (
            lambda by, all_: by["subject_id"].update(type="string", default=""),
            "subject_id: null was written, string cannot read it",
        ),
        (
            lambda by, all_: by["source_seq"].update(type=["null", "int"]),
            "source_seq: long was written, and no branch of the union reads it",
        ),
        (
            lambda by, all_: by["source"]["type"]["fields"][0]["type"]["symbols"].remove("ui"),
            "source.origin: symbol ui is gone",
        ),
        (lambda by, all_: by["headers"].update(type={"type": "map", "values": "long"}, default={}), "headers[]: "),
    ],
)
def test_a_change_that_breaks_readers_is_named_with_its_place(change: Any, problem: str) -> None:
    (found,) = incompatibilities(changed(change), OLD)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "change",
    [
        lambda by, all_: all_.append({"name": "x", "type": ["null", "string"], "default": None}),
        lambda by, all_: all_.remove(by["subject_id"]),
        lambda by, all_: by["timestamp"].update(type="double"),
        lambda by, all_: by["tenant_id"].update(type=["null", "string"]),
        lambda by, all_: by["source"]["type"]["fields"][0]["type"]["symbols"].append("robot"),
        lambda by, all_: by["payload"].update(doc="in other words"),
    ],
)
def test_a_change_that_readers_survive_is_fine(change: Any) -> None:
    assert incompatibilities(changed(change), OLD) == []


@pytest.mark.parametrize("recorded_at", [0, -1, 1_700_000_000_123_456, -(2**62)])
def test_the_time_is_read_without_decoding_the_rest(recorded_at: int) -> None:
    head = {
        "prev_hash": b"p" * 32,
        "sequence_no": 123_456_789,
        "recorded_at": recorded_at,
        "input_epoch": 1,
        "input_partition": 2,
        "input_offset": 3,
        "gap_before": 0,
        "late": False,
        "cause": "root",
    }
    assert read_recorded_at(b"h" * 32 + write_head(head) + b"rest") == recorded_at
