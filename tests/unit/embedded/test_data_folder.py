import subprocess
import sys
from pathlib import Path

import pytest

from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot_schemas.errors import AlreadyRunning, ConfigurationError, DiskFull

HOLD = """
import sys
from pathlib import Path
from chatsnapshot.embedded.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).owned():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_prepares_a_private_folder_twice(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    folder.prepare()
    folder.prepare()
    assert folder.logs.is_dir()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_refuses_a_folder_of_a_later_layout(tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text('{"version": 99}')
    with pytest.raises(ConfigurationError, match="layout 99"):
        DataFolder(tmp_path).prepare()


def test_refuses_what_is_no_layout_file(tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text("?")
    with pytest.raises(ConfigurationError, match="not a layout file"):
        DataFolder(tmp_path).prepare()


def test_refuses_a_path_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        DataFolder(tmp_path / "file").prepare()


def test_one_process_owns_it_until_it_dies(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert folder.is_owned()
    with pytest.raises(AlreadyRunning), folder.owned():
        pass
    holder.kill()
    holder.wait()
    assert not folder.is_owned()
    with folder.owned():
        assert folder.is_owned()


def test_says_how_much_room_is_missing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.check_room(1)
    with pytest.raises(DiskFull, match=r"MB free, .* MB are needed"):
        folder.check_room(2**60)
