"""The cache answers as the dict does, and forgets what is not its own."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_processors import rocks_keys as keys
from chatsnapshot_processors import rocks_state
from chatsnapshot_processors.core.recorded_state import Changes, Head, KnownEvent, MemoryState, SourceNumbers
from chatsnapshot_processors.rocks_state import CacheBroken, RocksState, open_cache
from chatsnapshot_schemas.errors import AlreadyRunning

OWNER = keys.CacheOwner("cluster", "topic", 3)
MARK = keys.LedgerMark(41, bytes(range(32)), 2, 17, 1_700_000_000_000_000)
CORRELATION, EVENT = b"default/run", "0188b1f2-0000-7000-8000-000000000001"


def changes() -> Changes:
    return Changes(
        heads={CORRELATION: Head(7, bytes(32)), "default/ä/b".encode(): Head(1, b"\xff" * 32)},
        known={(CORRELATION, EVENT): KnownEvent(2, 17, b"digest-16-bytes!")},
        numbers={(CORRELATION, "i"): SourceNumbers(9, ((1, 2), (5, 5))), (CORRELATION, "j"): SourceNumbers(0, ())},
    )


def assert_like_a_dict(state: RocksState, memory: MemoryState) -> None:
    for correlation in (CORRELATION, "default/ä/b".encode(), b"default/other"):
        assert state.head(correlation) == memory.head(correlation)
        assert state.known(correlation, EVENT) == memory.known(correlation, EVENT)
        for instance in ("i", "j", "k"):
            assert state.numbers(correlation, instance) == memory.numbers(correlation, instance)


def test_it_answers_as_the_dict_does_before_and_after_opening_again(tmp_path: Path) -> None:
    memory = MemoryState()
    memory.apply(changes())
    state = RocksState(tmp_path / "s", OWNER)
    assert_like_a_dict(state, MemoryState())
    state.apply(changes(), MARK)
    assert_like_a_dict(state, memory)
    state.close()
    state = RocksState(tmp_path / "s", OWNER)
    assert state.mark == MARK
    assert_like_a_dict(state, memory)
    state.close()


def test_what_falls_out_of_the_recent_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rocks_state, "RECENT_MAX", 1)
    memory = MemoryState()
    memory.apply(changes())
    state = RocksState(tmp_path / "s", OWNER)
    state.apply(changes(), MARK)
    assert_like_a_dict(state, memory)
    state.close()


@pytest.mark.parametrize(
    "other",
    [
        replace(OWNER, cluster_id="x"),
        replace(OWNER, ledger_topic_id="x"),
        replace(OWNER, partition=4),
        replace(OWNER, layout=99),
    ],
)
def test_another_owners_store_is_emptied(tmp_path: Path, other: keys.CacheOwner) -> None:
    state = RocksState(tmp_path / "s", OWNER)
    state.apply(changes(), MARK)
    state.close()
    state = RocksState(tmp_path / "s", other)
    assert state.mark is None
    assert_like_a_dict(state, MemoryState())
    state.close()


def test_a_store_in_use_is_left_alone(tmp_path: Path) -> None:
    state = RocksState(tmp_path / "s", OWNER)
    state.apply(changes(), MARK)
    with pytest.raises(AlreadyRunning):
        open_cache(tmp_path / "s", OWNER)
    state.close()
    state, broken = open_cache(tmp_path / "s", OWNER)
    assert (state.mark, broken) == (MARK, "")
    state.close()


def test_a_broken_store_is_emptied(tmp_path: Path) -> None:
    state = RocksState(tmp_path / "s", OWNER)
    state.apply(changes(), MARK)
    state.close()
    (tmp_path / "s" / "CURRENT").write_bytes(b"nonsense")
    with pytest.raises(CacheBroken):
        RocksState(tmp_path / "s", OWNER)
    state, broken = open_cache(tmp_path / "s", OWNER)
    assert state.mark is None
    assert broken
    state.close()


def test_a_store_whose_mark_cannot_be_read_is_emptied(tmp_path: Path) -> None:
    """It can be opened: the damage shows with the first value, when the folder is locked already."""
    state = RocksState(tmp_path / "s", OWNER)
    state.apply(changes(), MARK)
    state.close()
    for table in (tmp_path / "s").glob("*.sst"):
        content = bytearray(table.read_bytes())
        content[:64] = bytes(64)
        table.write_bytes(content)
    state, broken = open_cache(tmp_path / "s", OWNER)
    assert state.mark is None
    assert "orruption" in broken
    state.close()


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)), max_size=5),
)
def test_numbers_keep_their_value(following: int, gaps: list[tuple[int, int]]) -> None:
    numbers = SourceNumbers(following, tuple(gaps))
    assert keys.decode_numbers(keys.encode_numbers(numbers)) == numbers


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.binary(min_size=16, max_size=16))
def test_known_events_keep_their_value(epoch: int, offset: int, digest: bytes) -> None:
    known = KnownEvent(epoch, offset, digest)
    assert keys.decode_known(keys.encode_known(known)) == known


def test_keys_of_different_things_differ() -> None:
    made = [
        keys.MARK_KEY,
        keys.head_key(b"default/a"),
        keys.head_key(b"default/ab"),
        keys.numbers_key(b"default/a", "b"),
        keys.numbers_key(b"default/ab", ""),
        keys.known_key(b"default/a", EVENT),
    ]
    assert len(set(made)) == len(made)
