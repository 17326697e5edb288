import socket
from pathlib import Path

import pytest

from chatsnapshot.embedded.background import start_in_background, stop_running
from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot_schemas.errors import AlreadyRunning, StackFailed, StackNotRunning


def test_a_start_that_gives_up_says_the_supervisors_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setenv("CHATSNAPSHOT_HTTP_PORT", str(port))
        with pytest.raises(StackFailed, match=f"port {port} for http"):
            start_in_background(DataFolder(tmp_path), PlainProgress())
    assert not DataFolder(tmp_path).is_owned()


def test_a_wrong_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_PARTITIONS", "many")
    with pytest.raises(StackFailed, match="CHATSNAPSHOT_PARTITIONS"):
        start_in_background(DataFolder(tmp_path), PlainProgress())


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.owned(), pytest.raises(AlreadyRunning):
        start_in_background(folder, PlainProgress())


def test_nothing_to_stop_is_said(tmp_path: Path) -> None:
    with pytest.raises(StackNotRunning, match=str(tmp_path)):
        stop_running(DataFolder(tmp_path), PlainProgress())
