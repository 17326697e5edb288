"""Every Python, bash and SQL snippet of README and docs, run against the running stack."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatsnapshot.cli.sql_query import reader_client
from chatsnapshot.connecting import clickhouse_connection
from chatsnapshot.embedded.endpoints import read_endpoints
from tests.fixtures.documents import ROOT, RUN, SHOWN, Block, blocks
from tests.fixtures.whole_stack import WholeStack

WITHIN_S = 120
VISIBLE_WITHIN_S = 60
NOT_RUN_MAX = 12
"""A comment that excuses a block is for what a test cannot have: another cluster, a stack of its own."""
USUAL_HTTP = "http://127.0.0.1:8180"
PREAMBLE = """
set -euo pipefail
chatsnapshot() {
    local code=0
    "$PYTHON" -m chatsnapshot "$@" || code=$?
    # intact, but open: a good answer
    if [ $code = 3 ] && [[ "$1 ${2:-}" =~ ^verify|check|completeness ]]; then return 0; fi
    return $code
}
"""


@dataclass(frozen=True)
class Recorded:
    """The stack with runs in it that every recipe finds something in."""

    stack: WholeStack
    demo_run: str
    http: str


@pytest.fixture(scope="module")
def recorded(whole_stack: WholeStack) -> Recorded:
    command = [sys.executable, "-m", "tests.fixtures.documented_runs"]
    told = subprocess.run(
        command, env=whole_stack.environment, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert told.returncode == 0, told.stderr
    demo = whole_stack.run("demo", "--once")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    found = re.search(r"recorded run (\S+):", demo.stderr)
    assert found, demo.stderr
    answering = told.stdout.strip()
    deadline = time.monotonic() + VISIBLE_WITHIN_S
    waiting = f"SELECT count() FROM unresolved_causes WHERE correlation_id = '{answering}'"
    while ask(whole_stack, waiting) != [(1,)]:
        assert time.monotonic() < deadline, "the event with an unknown cause is not recorded in time"
        time.sleep(0.2)
    endpoints = read_endpoints(whole_stack.data_dir)
    assert endpoints is not None
    return Recorded(whole_stack, found[1], endpoints.http.url)


def ask(stack: WholeStack, query: str) -> list[tuple[object, ...]]:
    """Rows, asked as the user who may only read."""
    client = reader_client(clickhouse_connection(stack.settings))
    return [tuple(row) for row in client.query(query).result_rows]


def runnable(*languages: str) -> list[Block]:
    return [block for block in blocks(*languages) if block.not_run is None]


@pytest.mark.parametrize("block", runnable("sql"), ids=str)
def test_sql(recorded: Recorded, block: Block) -> None:
    assert ask(recorded.stack, here(recorded, block).strip().rstrip(";")), "no rows"


@pytest.mark.parametrize("block", runnable("python"), ids=str)
def test_python(recorded: Recorded, block: Block, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(here(recorded, block), "utf-8")
    done = run(recorded, [sys.executable, str(script)], tmp_path)
    assert done.returncode == 0, done.stderr
    for complaint in ("Traceback", "WARNING", "could not"):
        assert complaint not in done.stderr, done.stderr


@pytest.mark.parametrize("block", runnable("bash"), ids=str)
def test_bash(recorded: Recorded, block: Block, tmp_path: Path) -> None:
    if "curl " in block.code and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    for folder in ("examples", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    text = here(recorded, block)
    done = run(recorded, ["bash", "-c", PREAMBLE + text], tmp_path)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


def here(recorded: Recorded, block: Block) -> str:
    """Its code, with this test's programs, address and run in place of those that people have."""
    code = block.code.replace(".venv/bin/", "").replace(USUAL_HTTP, recorded.http)
    return re.sub(r"\bRUN\b", recorded.demo_run, code)


def run(recorded: Recorded, command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = recorded.stack.environment | {
        "PYTHON": sys.executable,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


def test_few_blocks_are_excused_and_every_block_says_its_language() -> None:
    excused = [block for block in blocks() if block.not_run is not None]
    assert len(excused) <= NOT_RUN_MAX, [str(block) for block in excused]
    assert [str(block) for block in blocks() if block.language not in RUN | SHOWN] == []
    assert len(runnable("python")) >= 5
    assert len(runnable("sql")) >= 20
    assert len(runnable("bash")) >= 3
