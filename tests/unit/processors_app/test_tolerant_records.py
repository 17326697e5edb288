import pytest
from aiokafka.record.memory_records import MemoryRecords

from chatsnapshot_processors.tolerant_records import TolerantRecords
from tests.faults.raw_produce import GZIP, Record, raw_batch

GOOD: Record = (b"k", b"v", [(b"name", b"1"), ("nüme".encode(), None)])
BAD: Record = (None, b"poison", [(b"a\xff\xfeb", b"2"), (b"after", b"\xff")])


def read(fetched: bytes) -> list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]:
    records, found = TolerantRecords(fetched), []
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        assert not batch.is_control_batch
        found += [(record.offset, record.key, record.value, list(record.headers)) for record in batch]
        assert batch.next_offset == found[-1][0] + 1
    return found


def test_what_aiokafka_reads_is_read_as_it_does() -> None:
    fetched = raw_batch([GOOD, GOOD]) + raw_batch([GOOD])
    assert read(fetched) == [
        (offset, b"k", b"v", [("name", b"1"), ("nüme", None)]) for offset in (0, 1, 0)
    ]  # fmt: skip


@pytest.mark.parametrize("compression", [0, GZIP])
@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_name_that_is_not_utf8_is_written_out_and_nothing_is_missed_or_doubled(compression: int, at: int) -> None:
    records = [GOOD] * 5
    records[at] = BAD
    fetched = raw_batch(records, compression) + raw_batch([GOOD])
    found = read(fetched)
    assert [offset for offset, *_ in found] == [0, 1, 2, 3, 4, 0]
    assert found[at] == (at, None, b"poison", [("a\\xff\\xfeb", b"2"), ("after", b"\xff")])
    assert [one[2] for one in found].count(b"v") == 5


def test_aiokafka_itself_raises_in_the_middle() -> None:
    """Once it does not, this module is no longer needed."""
    batch = MemoryRecords(raw_batch([GOOD, BAD])).next_batch()
    with pytest.raises(UnicodeDecodeError):
        list(batch)


def test_a_fetch_that_ends_in_the_middle_of_a_batch() -> None:
    whole = raw_batch([BAD])
    assert [one[2] for one in read(whole + whole[:-1])] == [b"poison"]
    assert not TolerantRecords(whole[:-1]).has_next()
