import errno
import os
from pathlib import Path

import pytest

from chatsnapshot_producers import segment_reader
from chatsnapshot_producers.segment_reader import Batch
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_folder import SpoolFolder

FINGERPRINT = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def spool_in(root: Path, bytes_max: int = 1 << 20) -> Spool:
    return Spool.create(root, "d", FINGERPRINT, bytes_max, fsync=False)


def bodies(batch: Batch | None) -> list[bytes]:
    return [event.body for event in batch.events] if batch else []


def drain(spool: Spool) -> list[bytes]:
    read: list[bytes] = []
    while (batch := spool.next_batch()) is not None:
        read += bodies(batch)
        spool.settle(batch)
    return read


def left_behind(spool: Spool) -> Path:
    """As if its process had died: the lock is gone, the files are there."""
    spool.abandon()
    return spool.path


def adopted(path: Path) -> Spool:
    folder = SpoolFolder.adopt(path)
    assert folder is not None
    return Spool.adopted(folder)


def test_events_come_out_in_order_until_they_are_settled(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for number in range(3):
        spool.append(b"k", b"%d" % number)
    assert bodies(spool.next_batch()) == [b"0", b"1", b"2"]
    batch = spool.next_batch()
    assert batch is not None
    assert batch.events[0] == (b"k", b"0", FINGERPRINT, b"")
    spool.settle(batch)
    assert spool.next_batch() is None
    spool.append(b"k", b"3")
    assert bodies(spool.next_batch()) == [b"3"]
    assert spool.pending_events == 1


def test_settled_segments_are_deleted_and_pending_bytes_fall(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, bytes_max=8_000)  # segments of 1,000 bytes
    for number in range(50):
        spool.append(b"k", b"%03d" % number * 30)
    files = sorted(spool.path.glob("*.events"))
    assert len(files) > 3
    assert spool.pending_bytes > 4_500
    assert drain(spool) == [b"%03d" % number * 30 for number in range(50)]
    assert sorted(spool.path.glob("*.events")) == files[-1:]
    assert spool.pending_bytes == 0


@pytest.mark.parametrize(("bound", "at_once"), [({"BATCH_EVENTS_MAX": 3}, 3), ({"BATCH_BYTES_MAX": 150}, 2)])
def test_a_batch_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int], at_once: int
) -> None:
    for name, value in bound.items():
        monkeypatch.setattr(segment_reader, name, value)
    spool = spool_in(tmp_path)
    for number in range(8):
        spool.append(b"k", b"%d" % number * 100)
    assert len(bodies(spool.next_batch())) == at_once
    assert len(drain(spool)) == 8


def test_what_is_settled_is_not_sent_again_after_a_crash(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for number in range(4):
        spool.append(b"k", b"%d" % number)
        if number == 1:
            batch = spool.next_batch()
            assert batch is not None
            spool.settle(batch)
    assert drain(adopted(left_behind(spool))) == [b"2", b"3"]


def test_a_torn_position_only_means_sending_again(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(b"k", b"0")
    assert drain(spool) == [b"0"]
    position = left_behind(spool) / "position"
    position.write_bytes(position.read_bytes()[:-1] + b"?")
    assert drain(adopted(spool.path)) == [b"0"]


def test_a_torn_tail_is_cut(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(b"k", b"whole")
    spool.append(b"k", b"torn")
    segment = left_behind(spool) / "000001.events"
    segment.write_bytes(segment.read_bytes()[:-2])
    found = adopted(spool.path)
    batch = found.next_batch()
    assert batch is not None
    assert bodies(batch) == [b"whole"]
    assert [(damage.torn, damage.data[-2:]) for damage in batch.damages] == [(True, b"to")]
    found.settle(batch)
    assert found.next_batch() is None


def test_a_damaged_last_event_is_no_torn_end(tmp_path: Path) -> None:
    """It was written whole, so somebody was told that it was recorded."""
    spool = spool_in(tmp_path)
    for body in (b"first", b"last"):
        spool.append(b"k", body)
    segment = left_behind(spool) / "000001.events"
    segment.write_bytes(segment.read_bytes().replace(b"last", b"l*st"))
    batch = adopted(spool.path).next_batch()
    assert batch is not None
    assert bodies(batch) == [b"first"]
    assert [(damage.torn, damage.data[-4:]) for damage in batch.damages] == [(False, b"l*st")]


def test_damage_in_the_middle_is_stepped_over_and_told(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for body in (b"first", b"second", b"third"):
        spool.append(b"k", body)
    segment = left_behind(spool) / "000001.events"
    data = segment.read_bytes()
    segment.write_bytes(data.replace(b"second", b"sec0nd"))
    batch = adopted(spool.path).next_batch()
    assert batch is not None
    assert bodies(batch) == [b"first", b"third"]
    assert [damage.torn for damage in batch.damages] == [False]
    assert b"sec0nd" in batch.damages[0].data


def test_a_segment_without_its_header_is_given_up_and_the_next_one_read(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, bytes_max=8_000)
    for number in range(20):
        spool.append(b"k", b"%02d" % number * 40)
    path = left_behind(spool)
    first = path / "000001.events"
    held = first.read_bytes().count(b"\xc5\xe7")
    first.write_bytes(b"x" * first.stat().st_size)
    assert drain(adopted(path)) == [b"%02d" % number * 40 for number in range(held, 20)]


def test_a_failed_write_leaves_the_spool_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spool_in(tmp_path)
    spool.append(b"k", b"before")
    real = os.pwrite

    def full_disk(file: int, data: bytes, offset: int) -> int:
        real(file, data[:5], offset)  # some of it gets through
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full_disk)
        with pytest.raises(OSError, match="No space left"):
            spool.append(b"k", b"lost")
    assert bodies(spool.next_batch()) == [b"before"]
    spool.append(b"k", b"after")
    assert drain(adopted(left_behind(spool))) == [b"before", b"after"]


def test_a_segment_that_could_not_be_begun_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spool_in(tmp_path, bytes_max=8_000)
    spool.append(b"k", b"a" * 900)
    real, calls = os.pwrite, 0

    def second_write_fails(file: int, data: bytes, offset: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:  # the header went, the frame does not
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data, offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", second_write_fails)
        with pytest.raises(OSError, match="No space left"):
            spool.append(b"k", b"b" * 900)
    spool.append(b"k", b"c")  # would fit into the first segment, whose file is closed by now
    assert drain(spool) == [b"a" * 900, b"c"]
    assert drain(adopted(left_behind(spool))) == []


def test_a_drained_spool_goes_and_a_filled_one_stays(tmp_path: Path) -> None:
    drained, filled = spool_in(tmp_path), spool_in(tmp_path)
    filled.append(b"k", b"0")
    drained.finish()
    filled.finish()
    assert [path.name for path in tmp_path.iterdir()] == [filled.path.name]
    assert drain(adopted(filled.path)) == [b"0"]


def test_fsync_writes_the_same(tmp_path: Path) -> None:
    spool = Spool.create(tmp_path, "d", FINGERPRINT, 1 << 20, fsync=True)
    spool.append(b"k", b"0")
    assert drain(spool) == [b"0"]
