from pathlib import Path

import pytest

from chatsnapshot_processors.worker_folder import worker_folder
from chatsnapshot_schemas.errors import ConfigurationError


def test_each_worker_has_its_own_and_a_free_one_is_taken_again(tmp_path: Path) -> None:
    with worker_folder(tmp_path) as first, worker_folder(tmp_path) as second:
        assert (first.name, second.name) == ("worker-0", "worker-1")
    with worker_folder(tmp_path) as again:
        assert again == first


def test_an_error_inside_is_not_taken_for_the_folders(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="inside"), worker_folder(tmp_path):
        raise OSError("inside")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file/worker-0"), worker_folder(tmp_path / "file"):
        pass
