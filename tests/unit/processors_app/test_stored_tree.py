"""The tree that a lane keeps between roots is that over the heads of its cache, whenever it was opened or killed."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsnapshot_processors import rocks_keys as keys
from chatsnapshot_processors.core.recorded_state import Changes, Head
from chatsnapshot_processors.head_snapshot import HeadSnapshot
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.stored_tree import StoredTree
from chatsnapshot_processors.touched_buckets import TouchedBuckets
from chatsnapshot_schemas.merkle import HeadTree, bucket_bytes

OWNER = keys.CacheOwner("cluster", "topic", 3)


class Cache:
    """A cache and what its tree should be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.choices = random.Random(str(folder.name))
        self.expected = HeadTree()
        self.offset = 0
        self.open()

    def open(self) -> None:
        self.state = RocksState(self.folder, OWNER)
        self.tree = StoredTree()
        self.loaded = False

    def reopen(self) -> None:
        """As after a kill: what is in memory is gone."""
        self.state.close()
        self.open()

    def record(self, count: int, runs: int = 500) -> None:
        """One batch."""
        heads = {}
        for _ in range(count):
            key = f"default/run-{self.choices.randrange(runs)}".encode()
            heads[key] = Head((self.expected.head(key) or (0, b""))[0] + 1, self.choices.randbytes(32))
            self.expected.put(key, *heads[key])
        self.offset += count
        self.state.apply(Changes(heads=heads), keys.LedgerMark(self.offset, bytes(32), 1, self.offset, 1))

    def compute(self) -> HeadSnapshot:
        snapshot = self.state.snapshot()
        if not self.loaded:
            self.loaded = True
            list(self.tree.load(snapshot.pages()))
        list(self.tree.bring_up_to(snapshot))
        return snapshot

    def store(self, snapshot: HeadSnapshot) -> None:
        pages = {number >> 8 for number in snapshot.touched.numbers()}
        self.state.store_tree({page: self.tree.page(page) for page in pages}, snapshot.touched)

    def assert_right(self) -> None:
        totals, expected = self.tree.totals(), self.expected
        assert totals.root == expected.root()
        assert (totals.correlations, totals.records) == (expected.heads, expected.records)


def test_it_follows_the_heads_and_computes_only_what_was_touched(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "s")
    cache.record(300)
    cache.store(cache.compute())
    cache.assert_right()
    cache.record(5)
    snapshot = cache.compute()
    assert len(snapshot.touched.numbers()) <= 5
    cache.store(snapshot)
    cache.assert_right()
    assert cache.state.snapshot().touched.numbers() == []
    cache.state.close()


def test_a_stored_tree_is_taken_over_by_the_next_opening(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "s")
    cache.record(300)
    cache.store(cache.compute())
    cache.record(5)
    cache.reopen()
    snapshot = cache.compute()
    assert 0 < len(snapshot.touched.numbers()) <= 5 * 256, "pages, not everything"
    cache.assert_right()
    cache.store(snapshot)
    cache.reopen()
    assert cache.compute().touched.numbers() == []
    cache.assert_right()
    cache.state.close()


def test_what_comes_while_a_tree_is_computed_is_the_next_ones(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "s")
    cache.record(300)
    before = cache.expected.root()
    snapshot = cache.state.snapshot()
    cache.record(300, runs=900)
    cache.loaded = True
    list(cache.tree.bring_up_to(snapshot))
    assert cache.tree.totals().root == before
    assert snapshot.mark.ledger_offset == 300
    cache.store(snapshot)
    cache.reopen()
    cache.compute()
    cache.assert_right()
    cache.state.close()


def test_another_owner_begins_with_an_empty_tree(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "s")
    cache.record(50)
    cache.store(cache.compute())
    cache.state.close()
    state = RocksState(tmp_path / "s", keys.CacheOwner("other", "topic", 3))
    state.apply(Changes(heads={b"default/a": Head(1, bytes(32))}), keys.LedgerMark(1, bytes(32), 1, 1, 1))
    snapshot = state.snapshot()
    assert list(snapshot.pages()) == []
    assert len(snapshot.touched.numbers()) == 1
    state.close()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["record", "compute", "store", "reopen"]), max_size=25))
def test_any_order_of_batches_roots_and_kills(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """A root that was computed and not stored is computed again, and nothing is left out."""
    folder = tmp_path_factory.mktemp("any")
    cache = Cache(folder / "s")
    cache.record(20, runs=40)
    computed = None
    for step in steps:
        if step == "record":
            cache.record(7, runs=40)
        elif step == "reopen":
            cache.reopen()
            computed = None
        elif step == "compute" and computed is None:
            computed = cache.compute()
        elif step == "store" and computed is not None:
            cache.store(computed)
            computed = None
    if computed is not None:
        cache.store(computed)
    cache.compute()
    cache.assert_right()
    cache.state.close()


def test_touched_pages_are_marked_once_and_settled_when_quiet() -> None:
    touched = TouchedBuckets([7])
    assert touched.note(b"\1\2")
    assert not touched.note(b"\1\2")
    assert not touched.note(b"\1\3"), "the page is marked already"
    taken = touched.take()
    assert taken.numbers() == [0x0102, 0x0103, *range(7 * 256, 8 * 256)]
    assert touched.note(b"\1\2"), "marked anew: it came after what was taken"
    assert touched.settled(taken) == {7}


def test_a_heads_key_begins_with_its_bucket() -> None:
    key = keys.head_key(b"default/run")
    assert keys.bucket_in(key) == bucket_bytes(b"default/run")
    assert key.startswith(keys.bucket_key(int.from_bytes(bucket_bytes(b"default/run"), "big")))


def test_a_closed_store_can_be_opened_though_its_snapshot_was_being_read(tmp_path: Path) -> None:
    """As when a lane fails in the middle of a root: the exception still names what was going on."""
    cache = Cache(tmp_path / "s")
    cache.record(50)
    snapshot = cache.state.snapshot()
    going_on = cache.tree.bring_up_to(snapshot)
    next(going_on)
    cache.reopen()
    assert snapshot.mark == cache.state.mark
    cache.state.close()
