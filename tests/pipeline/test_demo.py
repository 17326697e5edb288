"""`chatsnapshot demo --once` as a person calls it: a stack of its own, the story, the proof, nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

WITHIN_S = 240.0
"""A loaded machine; usually it takes a tenth."""


def test_the_demo_ends_by_itself_with_exactly_the_planted_faults(kafka_jars: Path, tmp_path: Path) -> None:
    home = tmp_path / "ledger"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
    ended = subprocess.run(
        [sys.executable, "-m", "chatsnapshot", "demo", "--once", "--data-dir", str(home)],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        env=environment | {"COLUMNS": "160"},
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = ended.stdout
    assert "Where is my money?" in said  # the transcript
    assert "check-claim" in said  # the graph
    assert "demo-model" in said  # the cost
    assert "intact, but open" in said
    assert said.count("planted by the demo") >= 2
    assert "UNEXPECTED" not in said
    assert "What to try next" in said
    left = [p.info for p in psutil.process_iter(["pid", "cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
    assert left == []
    assert not (home / "endpoints.json").exists()
