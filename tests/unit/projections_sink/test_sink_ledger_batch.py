import pytest

from chatsnapshot_projections.avro_block import container, container_header
from chatsnapshot_projections.ledger_block_schema import LEDGER_BLOCK_SCHEMA
from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_ledger_batch import STATEMENT, LedgerBatch
from chatsnapshot_schemas.avro_schema import AvroSchema, ledger_schema
from chatsnapshot_schemas.errors import RegistryUnavailable
from chatsnapshot_schemas.framing import CONFLUENT, Framing
from tests.unit.projections_sink.recorded import FRAME, ledger_values, message

SOURCE = Source("x.ledger", "topic-id", 7)
VALUES = [value for _key, value in ledger_values(20)]


class Registry:
    def __init__(self, fingerprint: bytes | None) -> None:
        self.fingerprint = fingerprint

    def id_of(self, subject: str, schema: AvroSchema) -> int:
        raise NotImplementedError

    def fingerprint_of(self, schema_id: int) -> bytes | None:
        if schema_id == 99:
            raise RegistryUnavailable("silent")
        return self.fingerprint


def batch(records_max: int = 100, size_max: int = 1 << 20, registry: Registry | None = None) -> LedgerBatch:
    return LedgerBatch(SOURCE, Framing(registry), records_max, size_max)


def messages(values: list[bytes], first: int = 10, step: int = 1) -> list:
    return [message(first + at * step, value) for at, value in enumerate(values)]


def test_one_block_without_framing_under_a_token_that_names_the_range() -> None:
    open_batch = batch()
    assert open_batch.take(messages(VALUES, first=10, step=2), 0) == len(VALUES)
    (insert,) = open_batch.inserts()
    assert (open_batch.first, open_batch.last, open_batch.records) == (10, 48, 20)
    assert insert.token == f"ledger:topic-id:7:10-48:{ledger_schema().fingerprint.hex()}"
    assert insert.rows == 20
    bodies = b"".join(value[len(FRAME) :] for value in VALUES)
    assert insert.body == container(STATEMENT, container_header(LEDGER_BLOCK_SCHEMA), 20, bodies)


def test_taken_in_pieces_it_is_the_same_insert() -> None:
    whole, pieces = batch(), batch()
    records = messages(VALUES)
    whole.take(records, 0)
    for record in records:
        pieces.take([record], 0)
    assert whole.inserts() == pieces.inserts()


def test_it_takes_no_more_records_than_it_may() -> None:
    open_batch = batch(records_max=8)
    records = messages(VALUES)
    assert open_batch.take(records, 0) == 8
    assert open_batch.is_full
    assert open_batch.take(records, 8) == 8
    assert open_batch.records == 8


def test_it_is_closed_by_the_record_that_reaches_the_size() -> None:
    size = len(VALUES[0]) - len(FRAME)
    open_batch = batch(size_max=size + 1)
    assert open_batch.take(messages(VALUES), 0) == 2
    assert open_batch.is_full


def test_an_announced_range_is_taken_whatever_the_limits_are_now() -> None:
    open_batch = batch(records_max=2, size_max=10)
    assert open_batch.take(messages(VALUES), 0, unbounded=True) == len(VALUES)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "empty"),
        (None, "empty"),
        (b"{}", "framing"),
        (b"\xc3\x01" + b"\x00" * 8 + b"body", "not a ledger schema of this version"),
        (CONFLUENT + b"\x00\x00\x00\x05body", "no registry is set"),
    ],
)
def test_an_unreadable_record_is_named_and_nothing_behind_it_is_taken(value: bytes | None, why: str) -> None:
    open_batch = batch()
    records = [*messages(VALUES[:3]), message(13, value), message(14, VALUES[3])]
    assert open_batch.take(records, 0) == 3
    assert open_batch.unreadable is not None
    assert "x.ledger/7 offset 13" in open_batch.unreadable
    assert why in open_batch.unreadable
    assert (open_batch.records, open_batch.last) == (3, 12)


def test_both_framings_end_in_one_block() -> None:
    body = VALUES[0][len(FRAME) :]
    open_batch = batch(registry=Registry(ledger_schema().fingerprint))
    open_batch.take([message(0, VALUES[0]), message(1, CONFLUENT + b"\x00\x00\x00\x05" + body)], 0)
    (insert,) = open_batch.inserts()
    assert insert.rows == 2
    assert insert.body.count(body) == 2


def test_a_silent_registry_says_nothing_about_the_record() -> None:
    with pytest.raises(RegistryUnavailable):
        batch(registry=Registry(None)).take([message(0, CONFLUENT + (99).to_bytes(4, "big") + b"body")], 0)
