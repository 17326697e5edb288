import json

import pytest
from benchmarks.__main__ import PARTS, arguments, main

from tests.unit.benchmarks.results import memory, run, sequencer


def test_everything_is_measured_unless_told_otherwise():
    chosen = arguments([])
    assert (chosen.only, chosen.scale, chosen.repeat, chosen.out) == (PARTS, 1.0, 3, None)


def test_parts_by_comma():
    assert arguments(["--only", "sink,record"]).only == ("sink", "record")


@pytest.mark.parametrize("wrong", [["--only", "sinks"], ["--scale", "0"], ["--profile", "kafka"]])
def test_what_does_not_exist_is_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        arguments(wrong)
    assert "error" in capsys.readouterr().err


def test_a_report_can_be_made_again_from_results(tmp_path, capsys):
    results, page = tmp_path / "r.json", tmp_path / "page.md"
    results.write_text(json.dumps(run(sequencer(), memory()).to_json()))
    nowhere = str(tmp_path / "python")
    assert main(["--render", str(results), "--out", str(page), "--peers-python", nowhere]) == 0
    assert "## Sequencer" in page.read_text()
    assert "no picture" in capsys.readouterr().err


def test_a_failed_part_shows_in_the_exit_code(tmp_path):
    failed = sequencer()
    failed.failed = "no"
    results = tmp_path / "r.json"
    results.write_text(json.dumps(run(failed).to_json()))
    assert main(["--render", str(results)]) == 1
