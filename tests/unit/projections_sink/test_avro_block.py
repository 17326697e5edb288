from io import BytesIO

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_projections.avro_block import container, container_header
from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_SCHEMA
from chatsnapshot_schemas.avro_long import encode_long
from chatsnapshot_schemas.codec import decode_ledger_plain
from tests.unit.projections_sink.recorded import FRAME, ledger_values


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_long_is_what_avro_writes(number: int) -> None:
    out = BytesIO()
    fastavro.schemaless_writer(out, "long", number)
    assert encode_long(number) == out.getvalue()


@pytest.mark.parametrize("count", [1, 63, 64, 500])
def test_bodies_behind_a_header_are_a_container_that_reads_back_field_by_field(count: int) -> None:
    bodies = [value[len(FRAME) :] for _key, value in ledger_values(count)]
    data = container(b"", container_header(LEDGER_BLOCK_SCHEMA), count, bytearray(b"".join(bodies)))
    rows = list(fastavro.reader(BytesIO(data)))
    assert len(rows) == count
    for row, body in zip(rows, bodies, strict=True):
        plain = decode_ledger_plain(body)
        envelope = plain.pop("envelope")
        source = envelope.pop("source")
        assert row["hash"] == plain["hash"]
        assert row["sequence_no"] == plain["sequence_no"]
        assert row["payload"] == envelope["payload"]
        assert row["payload_ref"] == envelope["payload_ref"]
        assert row["headers"] == envelope["headers"]
        assert row["source_instance"] == source["instance"]
        assert str(row["event_id"]) == envelope["event_id"]
        assert row.keys() == plain.keys() | envelope.keys() | {f"source_{name}" for name in source}


def test_the_same_records_are_the_same_bytes() -> None:
    bodies = b"".join(value[len(FRAME) :] for _key, value in ledger_values(10))
    header = container_header(LEDGER_BLOCK_SCHEMA)
    assert container(b"x", header, 10, bodies) == container(b"x", container_header(LEDGER_BLOCK_SCHEMA), 10, bodies)


def test_what_stands_in_front_stays_in_front() -> None:
    assert container(b"INSERT INTO t FORMAT Avro\n", b"H", 1, b"body").startswith(b"INSERT INTO t FORMAT Avro\nH")
