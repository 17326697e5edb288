"""What is asked for wrongly is one clear line, before anything is contacted."""

import pytest

from chatsnapshot.cli.app import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["redrive", "--payload", "-", "1-0-1", "1-0-2"], "are for one record"),
        (["redrive", "--all", "--envelope", "-"], "are for one record"),
        (["redrive", "1-0-1", "--set", "payload.amount"], "NAME=VALUE is needed"),
        (["redrive", "1-0-1", "--by", ""], "by: a name"),
        (["discard", "1-0-1", "--because", " "], "because: a reason is needed"),
        (["show", "1-0"], "is not epoch-partition-offset"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("error: ")


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "redrive", "1-0-1", "--payload", "/nowhere/x.json"]) == 1
    assert "/nowhere/x.json" in capsys.readouterr().err
