from pathlib import Path

import pytest

from chatsnapshot.exporting.target_file import whole_file
from chatsnapshot_schemas.errors import ConfigurationError


def test_the_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with whole_file(path, replace=False) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("replace", [False, True])
def test_a_failure_leaves_what_was_there(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "x.jsonl"
    if replace:
        path.write_bytes(b"old")

    def write() -> None:
        with whole_file(path, replace=replace) as file:
            file.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([b"old"] if replace else [])


def test_a_file_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(ConfigurationError, match="--force"), whole_file(path, replace=False):
        pass
    with whole_file(path, replace=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_somebody_who_was_faster_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"

    def write() -> None:
        with whole_file(path, replace=False) as file:
            file.write(b"ours")
            path.write_bytes(b"theirs")

    with pytest.raises(ConfigurationError, match="meanwhile"):
        write()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"theirs"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"), whole_file(tmp_path / "no" / "x", replace=False):
        pass
    with pytest.raises(ConfigurationError, match="no file"), whole_file(tmp_path, replace=True):
        pass
