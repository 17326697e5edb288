import re
from importlib.resources import files
from io import BytesIO
from typing import Any

import fastavro
import pytest
from confluent_kafka import Message

from chatsnapshot_projections.sink_batch import Insert, Source
from chatsnapshot_projections.topic_upserts import (
    ROWS_MAX,
    SOLVED_VERSION,
    HeldRows,
    QuarantineRows,
    UpsertBatch,
    UpsertRows,
)
from chatsnapshot_schemas import headers
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.framing import SINGLE_OBJECT, Framing
from chatsnapshot_schemas.quarantine_entries import Identity, InputPlace, Solution, SolvedMark, mark_headers
from chatsnapshot_schemas.state_entries import HeldEvent, encode_held, epoch_key, held_key
from tests.unit.projections_sink.recorded import envelope

SOURCE = Source("x.state", "topic-id", 2)
HELD = HeldEvent(
    input_epoch=1,
    input_partition=2,
    input_offset=30,
    appended_at=1_777_000_000_000_000,
    deadline=1_777_000_030_000_000,
    key=b"default/run",
    value=b"\xff\x00bytes",
    headers=(),
    tenant_id="default",
    correlation_id="run",
    event_id="0190d1e5-0000-7000-8000-000000000001",
    event_type="execution.message",
    waiting_for="cause x",
)


def rows_in(insert: Insert) -> list[dict[str, Any]]:
    statement, data = insert.body.split(b"\n", 1)
    assert statement.startswith(b"INSERT INTO ")
    return list(fastavro.reader(BytesIO(data)))


def held_message(offset: int, value: bytes | None, input_offset: int = 30) -> Message:
    return Message(topic="x.state", partition=2, offset=offset, key=held_key(1, input_offset), value=value)


def quarantine_message(offset: int, value: bytes | None, key: bytes | None = b"default/run", **changes: str) -> Message:
    texts = {
        headers.QUARANTINE_REASON: "too_large",
        headers.QUARANTINE_DETAIL: "payload: größer",
        headers.QUARANTINE_INPUT_EPOCH: "1",
        headers.QUARANTINE_INPUT_PARTITION: "2",
        headers.QUARANTINE_INPUT_OFFSET: "30",
        headers.QUARANTINE_FIRST_SEEN: "1777000000000000",
    }
    chosen = {name: text for name, text in (texts | changes).items() if text}
    return Message(
        topic="x.quarantine",
        partition=2,
        offset=offset,
        key=key,
        value=value,
        headers=[(name, text.encode()) for name, text in chosen.items()],
    )


def test_a_held_event_is_a_row_with_the_offset_as_version() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    batch.take([held_message(77, encode_held(HELD))], 0)
    (insert,) = batch.inserts()
    (row,) = rows_in(insert)
    assert insert.table == "held_versions"
    assert (row["input_epoch"], row["input_partition"], row["input_offset"]) == (1, 2, 30)
    assert (row["correlation_id"], row["event_id"], row["waiting_for"]) == ("run", HELD.event_id, "cause x")
    assert (row["deadline"] - row["appended_at"]).total_seconds() == 30
    assert (row["version"], row["deleted"]) == (77, 0)


def test_a_release_replaces_the_row_of_the_same_position() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    batch.take([held_message(77, encode_held(HELD)), held_message(78, None), held_message(79, None, 31)], 0)
    (insert,) = batch.inserts()
    rows = rows_in(insert)
    assert [(row["input_offset"], row["version"], row["deleted"]) for row in rows] == [(30, 78, 1), (31, 79, 1)]
    assert {row["input_partition"] for row in rows} == {2}
    assert {row["event_id"] for row in rows} == {""}
    assert (batch.first, batch.last, batch.records) == (77, 79, 3)


def test_other_entries_of_the_state_topic_pass_without_a_row() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    assert batch.take([Message(topic="x", partition=2, offset=5, key=epoch_key(1), value=b"{}")], 0) == 1
    assert batch.inserts() == ()
    assert (batch.first, batch.last) == (5, 5)


def test_an_unreadable_entry_stops_there() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    assert batch.take([held_message(1, None), held_message(2, b"\x00"), held_message(3, None)], 0) == 1
    assert batch.unreadable is not None
    assert "offset 2" in batch.unreadable


def test_it_takes_no_more_rows_than_it_may() -> None:
    batch = UpsertBatch(SOURCE, HeldRows())
    records = [held_message(offset, None, offset) for offset in range(ROWS_MAX + 5)]
    assert batch.take(records, 0) == ROWS_MAX
    assert batch.is_full


def quarantined(*messages: Message) -> list[dict[str, Any]]:
    batch = UpsertBatch(SOURCE, QuarantineRows(Framing()))
    assert batch.take(list(messages), 0) == len(messages), batch.unreadable
    (insert,) = batch.inserts()
    assert insert.table == "quarantine_versions"
    return rows_in(insert)


def test_a_readable_envelope_names_its_event() -> None:
    event = envelope("run", 3)
    value = SINGLE_OBJECT + envelope_schema().fingerprint + encode_envelope(event)
    (row,) = quarantined(quarantine_message(9, value))
    assert (row["reason"], row["detail"]) == ("too_large", "payload: größer")
    assert (row["tenant_id"], row["correlation_id"], row["event_id"]) == ("default", "run", event.event_id)
    assert row["event_type"] == "execution.message"
    assert (row["source_instance"], row["source_seq"]) == ("i1", 3)
    assert row["original"] == value
    assert row["first_seen"].timestamp() == 1_777_000_000
    assert (row["version"], row["deleted"]) == (9, 0)


@pytest.mark.parametrize("reason", ["misrouted", "source_seq_jump"])
def test_some_reasons_use_up_no_number(reason: str) -> None:
    value = SINGLE_OBJECT + envelope_schema().fingerprint + encode_envelope(envelope("run", 3))
    (row,) = quarantined(quarantine_message(9, value, **{headers.QUARANTINE_REASON: reason}))
    assert (row["source_instance"], row["source_seq"]) == ("", 0)
    assert row["correlation_id"] == "run"


@pytest.mark.parametrize(
    ("key", "expected"),
    [(b"acme/a/b", ("acme", "a/b")), (b"acme/\xff", ("acme", "�")), (b"nothing", ("", "")), (None, ("", ""))],
)
def test_of_an_unreadable_one_the_key_tells_the_run(key: bytes | None, expected: tuple[str, str]) -> None:
    (row,) = quarantined(quarantine_message(9, b"\xff\x00garbage", key))
    assert (row["tenant_id"], row["correlation_id"]) == expected
    assert row["event_id"] == ""
    assert row["original"] == b"\xff\x00garbage"
    assert row["message_key"] == (key or b"")


def test_an_input_without_value_is_a_row_and_no_tombstone() -> None:
    (row,) = quarantined(quarantine_message(9, None))
    assert (row["reason"], row["original"], row["deleted"]) == ("too_large", b"", 0)


@pytest.mark.parametrize("value", [None, b"by whom"])
def test_a_record_without_a_reason_means_solved(value: bytes | None) -> None:
    solved = quarantine_message(10, value, **{headers.QUARANTINE_REASON: "", headers.QUARANTINE_FIRST_SEEN: ""})
    (row,) = quarantined(quarantine_message(9, b"x"), solved)
    assert (row["version"], row["deleted"], row["original"]) == (10 + SOLVED_VERSION, 1, b"")


def mark_message(offset: int, mark: SolvedMark) -> Message:
    pairs = [(name, text.encode()) for name, text in mark_headers(InputPlace(1, 2, 30), mark)]
    topic, key = "x.quarantine", b"default/run"
    return Message(topic=topic, partition=2, offset=offset, key=key, value=mark.to_json(), headers=pairs)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_mark_says_who_solved_it_wherever_it_lies(order: tuple[int, int]) -> None:
    """A refused input that is written once more, behind its mark, does not open it again."""
    mark = SolvedMark(
        solution=Solution.REDRIVEN,
        by="alice",
        at=1_777_000_000_500_000,
        because="größer",
        sent_event_id="e2",
        sent_partition=1,
        sent_offset=7,
        edited=("payload", "event_id"),
        fact_event_id="f",
        quarantine_offset=9,
        reason="too_large",
        detail="payload: größer",
        first_seen=1_777_000_000_000_000,
        identity=Identity("default", "run", "e1", "execution.message", "i1", 3),
    )
    messages = (quarantine_message(9, b"x"), mark_message(10, mark))
    again = quarantine_message(11, b"x")
    (row,) = quarantined(*(messages[at] for at in order), again)
    assert (row["version"], row["deleted"], row["original"]) == (10 + SOLVED_VERSION, 0, b"")
    assert (row["solution"], row["solved_by"], row["because"]) == ("redriven", "alice", "größer")
    assert (row["sent_event_id"], row["sent_partition"], row["sent_offset"]) == ("e2", 1, 7)
    assert (row["edited"], row["fact_event_id"], row["quarantine_offset"]) == ("payload, event_id", "f", 9)
    assert (row["event_id"], row["source_instance"], row["source_seq"]) == ("e1", "i1", 3)
    assert (row["reason"], row["detail"]) == ("too_large", "payload: größer")
    assert row["solved_at"].timestamp() == 1_777_000_000.5


@pytest.mark.parametrize("rows", [HeldRows(), QuarantineRows(Framing())])
def test_every_field_has_its_column_and_every_column_its_field(rows: UpsertRows) -> None:
    """ClickHouse drops a field that no column has, and says nothing."""
    text = files("chatsnapshot_projections").joinpath(f"sql/tables/{rows.table}.sql").read_text()
    body = text[text.index("\n(") : text.index("\n)")]
    assert re.findall(r"^    (\w+) [A-Z]", body, re.MULTILINE) == list(rows.columns)


def test_a_record_without_its_position_stops_there() -> None:
    batch = UpsertBatch(SOURCE, QuarantineRows(Framing()))
    assert batch.take([quarantine_message(9, b"x", **{headers.QUARANTINE_INPUT_OFFSET: ""})], 0) == 0
    assert batch.unreadable is not None
    assert headers.QUARANTINE_INPUT_OFFSET in batch.unreadable
