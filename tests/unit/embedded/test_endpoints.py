import json
import os
import subprocess
import sys
from pathlib import Path

from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import (
    ClickHouseEndpoint,
    Endpoints,
    HttpEndpoint,
    KafkaEndpoint,
    read_endpoints,
    remove_endpoints,
    write_endpoints,
)


def endpoints(pid: int) -> Endpoints:
    return Endpoints(
        pid=pid,
        started_at="2026-01-31T00:00:00Z",
        kafka=KafkaEndpoint(bootstrap_servers="127.0.0.1:19092"),
        clickhouse=ClickHouseEndpoint(url="http://127.0.0.1:18123", database="chatsnapshot"),
        http=HttpEndpoint(url="http://127.0.0.1:8180"),
    )


def test_are_read_while_the_supervisor_owns_the_folder_and_not_after(tmp_path: Path) -> None:
    folder, written = DataFolder(tmp_path), endpoints(os.getpid())
    with folder.owned():
        assert read_endpoints(tmp_path) is None
        write_endpoints(tmp_path, written)
        assert read_endpoints(tmp_path) == written
    assert read_endpoints(tmp_path) is None


def test_of_a_dead_supervisor_are_not_read_though_another_owns_the_folder(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_endpoints(tmp_path, endpoints(gone.pid))
    with DataFolder(tmp_path).owned():
        assert read_endpoints(tmp_path) is None


def test_a_file_that_is_no_endpoints_is_none(tmp_path: Path) -> None:
    with DataFolder(tmp_path).owned():
        (tmp_path / "endpoints.json").write_text('{"version": 1}')
        assert read_endpoints(tmp_path) is None


def test_have_the_documented_form(tmp_path: Path) -> None:
    write_endpoints(tmp_path, endpoints(7))
    assert json.loads((tmp_path / "endpoints.json").read_text()) == {
        "version": 1,
        "pid": 7,
        "started_at": "2026-01-31T00:00:00Z",
        "kafka": {"bootstrap_servers": "127.0.0.1:19092"},
        "clickhouse": {"url": "http://127.0.0.1:18123", "database": "chatsnapshot"},
        "http": {"url": "http://127.0.0.1:8180"},
    }
    remove_endpoints(tmp_path)
    remove_endpoints(tmp_path)
    assert not list(tmp_path.iterdir())


def test_need_no_folder(tmp_path: Path) -> None:
    assert read_endpoints(tmp_path / "absent") is None
