"""SIGTERM to a container's first process: the kernel has no default for it, so ours has a handler from the start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WITHIN_S = 60
PROGRAM = """
import sys, time
from chatsnapshot.cli.first_process import end_on_sigterm
end_on_sigterm({pid})
print("ready", flush=True)
time.sleep(600)
"""
NAMESPACE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]


def ended(pid: str) -> int:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.format(pid=pid)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    try:
        return process.wait(WITHIN_S)
    finally:
        process.kill()


def test_process_one_ends_in_order() -> None:
    assert ended("1") == 128 + signal.SIGTERM


def test_any_other_process_is_left_as_it_is() -> None:
    assert ended("None") == -signal.SIGTERM


def test_a_role_that_is_process_one_of_a_namespace_ends(tmp_path: Path) -> None:
    can = subprocess.run([*NAMESPACE, "true"], capture_output=True, timeout=WITHIN_S, check=False)
    if can.returncode != 0:
        pytest.skip(f"process namespaces cannot be made here: {can.stderr.decode().strip()}")
    told = {"CHATSNAPSHOT_DATA_DIR": str(tmp_path), "CHATSNAPSHOT_CLICKHOUSE_URL": "http://127.0.0.1:1"}
    code = "import os; assert os.getpid() == 1; from chatsnapshot.cli.app import main; raise SystemExit(main())"
    role = [sys.executable, "-X", "importtime", "-c", code, "serve", "http", "--roles", "read", "--port", "0"]
    process = subprocess.Popen([*NAMESPACE, *role], env={**os.environ, **told}, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        # it is loading: no daemon's own handler is in place yet, ours is
        while "chatsnapshot.cli.app" not in (line := process.stderr.readline()):
            assert line, "ended by itself"
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        while "uvicorn" not in (line := process.stderr.readline()):
            assert line, "ended by itself"
        os.kill(first, signal.SIGTERM)
        process.stderr.read()
        assert process.wait(WITHIN_S) in (0, 128 + signal.SIGTERM)
    finally:
        process.kill()
