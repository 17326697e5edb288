import json
from pathlib import Path

import pytest

from chatsnapshot.cli.app import main
from chatsnapshot.embedded.data_folder import DataFolder


def test_status_without_a_stack_says_so_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json", "--data-dir", str(tmp_path)]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["running"] is False
    assert shown["phase"] == "stopped"
    assert shown["processes"] == shown["topics"] == []
    assert main(["status", "--data-dir", str(tmp_path)]) == 1
    assert "chatsnapshot up" in capsys.readouterr().out


def test_down_without_a_stack_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--data-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: no stack runs on")


def test_logs_of_one_role_are_bare_and_of_all_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    folder.log("kafka").write_text("one\ntwo\n")
    folder.log("sink").write_text("three\n")
    assert main(["logs", "kafka", "--lines", "1", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "two\n"
    assert main(["logs", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "kafka | one\nkafka | two\nsink  | three\n"


def test_logs_that_are_not_there_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "nobody", "--data-dir", str(tmp_path)]) == 1
    assert "no log of nobody" in capsys.readouterr().err


def test_doctor_prints_every_check_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json", "--data-dir", str(tmp_path)])
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is (code == 0)
    assert {"python", "java", "kafka jars", "disk", "stack"} <= {check["name"] for check in shown["checks"]}


def test_a_wrong_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATSNAPSHOT_PARTITIONS", "many")
    assert main(["status"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: CHATSNAPSHOT_PARTITIONS")
    assert error.count("\n") == 1
