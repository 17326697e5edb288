import socket
from pathlib import Path

import pytest

from chatsnapshot.embedded.doctor import Check, examine
from chatsnapshot.settings import Settings


def checks(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in examine(settings)}


def test_a_good_machine_without_a_stack_has_no_failure(tmp_path: Path) -> None:
    found = checks(Settings(data_dir=tmp_path / "new", http_port=0))
    assert not [check for check in found.values() if check.verdict == "fail"]
    assert found["java"].verdict == "ok"
    assert found["stack"].verdict == "warn"
    assert not (tmp_path / "new").exists()


def test_jars_that_are_not_there_are_a_warning_with_their_size(tmp_path: Path) -> None:
    found = checks(Settings(data_dir=tmp_path, cache_dir=tmp_path / "cache"))
    assert found["kafka jars"].verdict == "warn"
    assert "MB" in found["kafka jars"].text


def test_blob_storage_that_does_not_answer_fails(tmp_path: Path) -> None:
    assert checks(Settings(data_dir=tmp_path))["blob storage"].text == f"{tmp_path.as_uri()}/blobs"
    (tmp_path / "file").touch()
    found = checks(Settings(data_dir=tmp_path, blob_url=str(tmp_path / "file" / "blobs")))
    assert (found["blob storage"].verdict, found["blob storage"].fix[:25]) == ("fail", "set CHATSNAPSHOT_BLOB_URL")


def test_a_demanded_port_that_is_taken_fails_with_the_fix(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        found = checks(Settings(data_dir=tmp_path, http_port=listener.getsockname()[1]))
    assert found["port http"].verdict == "fail"
    assert "CHATSNAPSHOT_HTTP_PORT" in found["port http"].fix


def test_every_failure_and_warning_that_needs_something_has_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatsnapshot.kafka.admin.ANSWER_TIMEOUT_S", 1.0)  # nobody is there to wait for
    found = checks(
        Settings(
            data_dir=tmp_path,
            cache_dir=tmp_path,
            kafka_bootstrap_servers="127.0.0.1:1",
            clickhouse_url="http://127.0.0.1:1",
        )
    )
    assert found["broker"].verdict == "fail"
    assert found["clickhouse answers"].verdict == "fail"
    assert all(check.fix for check in found.values() if check.verdict != "ok")
