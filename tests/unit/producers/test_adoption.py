import os
import time
from pathlib import Path

import pytest

from chatsnapshot_producers import adoption
from chatsnapshot_producers.adoption import HALF_MADE_AGE_S, adopt_spools
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_folder import NEW_PREFIX, SpoolFolder


def dead_spool(root: Path, destination: str = "d") -> Path:
    spool = Spool.create(root, destination, b"fingerpr", 1 << 20, fsync=False)
    spool.append(b"k", b"0")
    spool.abandon()
    return spool.path


def test_spools_of_dead_processes_are_adopted_oldest_first(tmp_path: Path) -> None:
    dead = [dead_spool(tmp_path) for _ in range(5)]
    assert [spool.path for spool in adopt_spools(tmp_path, "d")] == dead


def test_a_spool_has_one_owner(tmp_path: Path) -> None:
    path = dead_spool(tmp_path)
    alive = Spool.create(tmp_path, "d", b"fingerpr", 1 << 20, fsync=False)
    first = adopt_spools(tmp_path, "d")
    assert [spool.path for spool in first] == [path]
    assert adopt_spools(tmp_path, "d") == []
    for spool in (*first, alive):
        spool.abandon()
    assert len(adopt_spools(tmp_path, "d")) == 2


def test_so_many_spools_are_adopted_at_once_and_the_rest_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "ADOPTED_MAX", 2)
    dead = [dead_spool(tmp_path) for _ in range(5)]
    first, second = adopt_spools(tmp_path, "d"), adopt_spools(tmp_path, "d")
    assert [spool.path for spool in (*first, *second)] == dead[:4]
    assert [len(first), len(second)] == [2, 2]


def test_a_spool_is_only_sent_where_it_was_meant_to_go(tmp_path: Path) -> None:
    path = dead_spool(tmp_path, "elsewhere")
    assert adopt_spools(tmp_path, "d") == []
    assert [spool.path for spool in adopt_spools(tmp_path, "elsewhere")] == [path]


def test_a_folder_that_another_adopter_removed_is_not_adopted(tmp_path: Path) -> None:
    path = dead_spool(tmp_path)
    folder = SpoolFolder.adopt(path)
    assert folder is not None
    folder.remove()
    assert SpoolFolder.adopt(path) is None
    assert adopt_spools(tmp_path, "d") == []


def test_old_half_made_folders_are_removed_and_young_ones_left(tmp_path: Path) -> None:
    old, young = tmp_path / f"{NEW_PREFIX}old", tmp_path / f"{NEW_PREFIX}young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "lock").touch()
    long_ago = time.time() - HALF_MADE_AGE_S - 1
    os.utime(old, (long_ago, long_ago))
    assert adopt_spools(tmp_path, "d") == []
    assert [path.name for path in tmp_path.iterdir()] == [young.name]


def test_a_missing_root_holds_nothing(tmp_path: Path) -> None:
    assert adopt_spools(tmp_path / "none", "d") == []
