"""The RocksDB folder is a cache: whatever is in it, the ledger decides."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.workload import Workload
from tests.pipeline.sequencer_installation import eventually

EVENTS = 900
PORTION = 200
CACHE_FILES = ("*.sst", "*.log", "MANIFEST*", "CURRENT", "OPTIONS*")
Damage = Callable[[random.Random, Path, Path], None]
"""Of the folder of the caches; the second folder holds a copy of an earlier time."""


def deleted(_: random.Random, cache: Path, __: Path) -> None:
    shutil.rmtree(cache)


def older_than_the_ledger(_: random.Random, cache: Path, older: Path) -> None:
    shutil.rmtree(cache)
    shutil.copytree(older, cache)


def bytes_flipped(choices: random.Random, cache: Path, _: Path) -> None:
    """In some of the files of every store, whichever they are."""
    for path in chosen_files(choices, cache):
        content = bytearray(path.read_bytes())
        for _ in range(min(20, len(content))):
            content[choices.randrange(len(content))] ^= 1 << choices.randrange(8)
        path.write_bytes(content)


def files_cut_short(choices: random.Random, cache: Path, _: Path) -> None:
    for path in chosen_files(choices, cache):
        path.write_bytes(path.read_bytes()[: choices.randrange(path.stat().st_size)])


def files_missing(choices: random.Random, cache: Path, _: Path) -> None:
    for path in chosen_files(choices, cache):
        path.unlink()


def chosen_files(choices: random.Random, cache: Path) -> Iterator[Path]:
    for store in sorted(cache.glob("ledger-*")):
        files = sorted(path for name in CACHE_FILES for path in store.glob(name) if path.stat().st_size)
        yield from choices.sample(files, choices.randrange(1, len(files) + 1))


@pytest.mark.slow_fault
def test_rocksdb_deleted_or_older_than_the_ledger(lab: Lab) -> None:
    _damage(lab, (deleted, older_than_the_ledger))


@pytest.mark.slow_fault
def test_rocksdb_corrupted(lab: Lab) -> None:
    _damage(lab, (bytes_flipped, files_cut_short, files_missing))


def _damage(lab: Lab, damages: tuple[Damage, ...]) -> None:
    workload, older = lab.workload(), lab.folder / "older"
    lab.send(workload.inputs(EVENTS))
    _sequence(lab)
    cache = lab.folder / "data" / "worker-0" / "cache"
    shutil.copytree(cache, older)
    for damage in damages:
        lab.send(workload.inputs(PORTION))
        _sequence(lab)
        damage(lab.choices, cache, older)
        lab.send(_with_duplicates(workload, lab))
        _sequence(lab)
        examine(lab, tables=False)
    with lab.running():
        lab.send(workload.inputs(PORTION))
        lab.settle()
    examine(lab)


def _with_duplicates(workload: Workload, lab: Lab) -> list[tuple[bytes | None, bytes | None]]:
    """New events and ones that were recorded long ago: only a state that is right tells them apart."""
    known = [(sent.key, sent.value) for sent in lab.choices.sample(lab.acknowledged, PORTION)]
    return [*workload.inputs(PORTION), *known]


def _sequence(lab: Lab) -> None:
    worker = lab.sequencer().start()
    eventually(lambda: lab.sequenced() or None)
    assert worker.stop() == 0, worker.said()


@pytest.mark.slow_fault
def test_rocksdb_of_another_cluster_and_ahead_of_the_ledger(lab: Lab, tmp_path: Path) -> None:
    """The folder of another installation; and one whose ledger is further on than the one it is used with."""
    workload = lab.workload()
    lab.send(workload.inputs(EVENTS))
    _sequence(lab)
    cache = lab.folder / "data" / "worker-0" / "cache"
    (other_folder := tmp_path / "other").mkdir()
    with Lab.created(lab.bootstrap, lab.url, other_folder, lab.choices) as other:
        other.send(other.workload().inputs(3 * EVENTS))
        _sequence(other)
        shutil.rmtree(cache)
        shutil.copytree(other.folder / "data" / "worker-0" / "cache", cache)
    lab.send(_with_duplicates(workload, lab))
    _sequence(lab)
    examine(lab, tables=False)
    _put_ahead(lab, cache)
    lab.send(_with_duplicates(workload, lab))
    with lab.running():
        lab.settle()
    examine(lab)


def _put_ahead(lab: Lab, cache: Path) -> None:
    """As if the ledger had lost its end: the marks say more than there is, and heads and numbers too."""
    from chatsnapshot.kafka.admin import admin_client
    from chatsnapshot_processors.core.recorded_state import Changes, Head, KnownEvent
    from chatsnapshot_processors.input_topic import describe
    from chatsnapshot_processors.rocks_keys import CacheOwner, LedgerMark
    from chatsnapshot_processors.rocks_state import RocksState

    topic = describe(admin_client(lab.kafka), lab.topics)
    for partition in range(lab.partitions):
        owner = CacheOwner(topic.cluster_id, topic.ledger_topic_id, partition)
        state = RocksState(cache / f"ledger-{partition}", owner)
        assert state.mark is not None
        keys = {sent.key or b"" for sent in lab.acknowledged if sent.partition == partition}
        made_up = Changes(
            heads={key: Head(10**6, bytes(32)) for key in keys},
            known={(key, f"{lab.choices.getrandbits(128):032x}"): KnownEvent(1, 0, bytes(16)) for key in keys},
        )
        state.apply(made_up, LedgerMark(state.mark.ledger_offset + 1_000, bytes(32), 1, 10**6, 0))
        state.close()
