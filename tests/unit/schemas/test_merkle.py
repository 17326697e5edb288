"""The tree against RFC 6962 as it is written: recursive, without buckets kept from before."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_schemas.merkle import (
    BUCKETS,
    EMPTY,
    LEVELS,
    BucketTree,
    HeadProof,
    HeadTree,
    audit_path,
    bucket_of,
    leaf_hash,
    node_hash,
    path_hash,
    tree_hash,
)

HEAD = bytes(range(32))
leaves_of = st.lists(st.binary(min_size=32, max_size=32), max_size=40)


def written_tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, over leaf hashes."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\1" + written_tree_hash(leaves[:k]) + written_tree_hash(leaves[k:])).digest()


def written_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*written_path(m, leaves[:k]), written_tree_hash(leaves[k:])]
    return [*written_path(m - k, leaves[k:]), written_tree_hash(leaves[:k])]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def written_root(heads: dict[bytes, tuple[int, bytes]]) -> bytes:
    """The module's docstring, word by word."""
    buckets: dict[int, list[bytes]] = {}
    for key in sorted(heads):
        count, head = heads[key]
        leaf = sha256(b"\0" + count.to_bytes(8, "big") + head + key).digest()
        buckets.setdefault(int.from_bytes(sha256(key).digest()[:2], "big"), []).append(leaf)
    level = [written_tree_hash(buckets.get(number, [])) for number in range(65_536)]
    for _ in range(16):
        level = [sha256(b"\1" + level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    return level[0]


@given(leaves_of)
def test_a_tree_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert tree_hash(leaves) == written_tree_hash(leaves)


@given(leaves_of.filter(bool), st.data())
def test_a_path_is_that_of_the_rfc_and_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = audit_path(index, leaves)
    assert path == written_path(index, leaves)
    assert path_hash(leaves[index], index, len(leaves), path) == tree_hash(leaves)
    assert path_hash(leaves[index], index, len(leaves), [*path, HEAD]) is None
    if path:
        assert path_hash(leaves[index], index, len(leaves), path[:-1]) is None
        assert path_hash(leaves[index], index, len(leaves), [bytes(32), *path[1:]]) != tree_hash(leaves)
    assert path_hash(leaves[index], len(leaves), len(leaves), path) is None


def test_leaves_and_nodes_cannot_pass_for_each_other() -> None:
    left, right = bytes(32), bytes([1]) * 32
    assert leaf_hash(b"k", 1, HEAD) == sha256(b"\0" + bytes(7) + b"\1" + HEAD + b"k").digest()
    assert node_hash(left, right) == sha256(b"\1" + left + right).digest()
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_root_is_as_documented_whatever_the_order_of_changes() -> None:
    choices = random.Random(6962)
    heads: dict[bytes, tuple[int, bytes]] = {}
    tree = HeadTree()
    for _ in range(3):
        for _ in range(400):
            key = f"tenant-{choices.randrange(3)}/run-{choices.randrange(500)}".encode()
            heads[key] = (heads.get(key, (0, b""))[0] + 1, choices.randbytes(32))
            tree.put(key, *heads[key])
        assert tree.root() == written_root(heads)
    assert (tree.heads, tree.records) == (len(heads), sum(count for count, _ in heads.values()))
    again = HeadTree()
    for key in sorted(heads, reverse=True):
        again.put(key, *heads[key])
    assert again.root() == tree.root()
    assert [key for key, _, _ in again] == sorted(heads, key=lambda key: (bucket_of(key), key))


def test_every_head_is_proven_and_no_other_passes() -> None:
    tree, keys = HeadTree(), [f"default/run-{number}".encode() for number in range(2_000)]
    full = next(key for key in keys if sum(bucket_of(other) == bucket_of(key) for other in keys) > 1)
    for number, key in enumerate(keys, start=1):
        tree.put(key, number, sha256(key).digest())
    root = tree.root()
    for key in (full, *keys[:50]):
        proof, head = tree.prove(key), tree.head(key)
        assert head is not None
        assert proof.root(key, *head) == root
        assert proof.root(key, head[0] + 1, head[1]) != root
        assert proof.root(key, head[0], HEAD) != root
        assert proof.root(b"default/another", *head) != root
    with pytest.raises(KeyError):
        tree.prove(b"default/never")


def test_a_proof_that_fits_no_tree_leads_nowhere() -> None:
    path = (bytes(32),) * LEVELS
    assert HeadProof(0, 1, path).root(b"k", 1, HEAD) is not None
    for wrong in (
        HeadProof(0, 1, path[1:]),
        HeadProof(0, 1, (*path, bytes(32))),
        HeadProof(1, 1, path),
        HeadProof(-1, 1, path),
        HeadProof(0, 0, path),
        HeadProof(0, 2, path),
        HeadProof(0, 1, (*path[1:], bytes(31))),
    ):
        assert wrong.root(b"k", 1, HEAD) is None


def test_buckets_set_in_parts_give_what_they_give_together() -> None:
    choices = random.Random(1)
    hashes = {choices.randrange(BUCKETS): choices.randbytes(32) for _ in range(300)}
    together, apart = BucketTree(), BucketTree()
    together.set(hashes)
    for number, value in hashes.items():
        apart.set({number: bytes(32)})
        apart.set({number: value})
    assert together.root == apart.root
    assert BucketTree().root != together.root
