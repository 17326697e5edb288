import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from chatsnapshot.embedded.log_file import last_lines
from chatsnapshot.embedded.process import ChildProcess, Command, describe_exit
from chatsnapshot.embedded.process_identity import find_process, identify, memory_bytes
from chatsnapshot_schemas.errors import StackFailed

WITH_GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def child(tmp_path: Path, code: str) -> ChildProcess:
    return ChildProcess(Command((sys.executable, "-c", code), dict(os.environ), tmp_path / "child.log"))


def wait_for_line(log: Path) -> str:
    deadline = time.monotonic() + 30
    while not last_lines(log, 1):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return last_lines(log, 1)[0]


def test_output_goes_to_the_log_and_the_status_is_kept(tmp_path: Path) -> None:
    process = child(tmp_path, "import sys; print('out', flush=True); sys.exit('err')")
    wait_for_line(tmp_path / "child.log")
    while process.poll() is None:
        time.sleep(0.02)
    assert process.poll() == 1
    assert last_lines(tmp_path / "child.log", 2) == ["out", "err"]


def test_stop_says_whether_the_child_ended_by_itself(tmp_path: Path) -> None:
    polite = child(tmp_path, "print('up', flush=True); import time; time.sleep(600)")
    wait_for_line(tmp_path / "child.log")
    assert polite.stop(within_s=30.0)
    assert polite.poll() == -signal.SIGTERM


def test_a_deaf_child_is_killed_at_the_bound_and_at_once_in_a_hurry(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    for within_s, hurried in ((0.1, False), (600.0, True)):
        (tmp_path / "child.log").unlink(missing_ok=True)
        process = child(tmp_path, deaf)
        wait_for_line(tmp_path / "child.log")
        assert not process.stop(within_s, lambda answer=hurried: answer)
        assert process.poll() == -signal.SIGKILL


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    process = child(tmp_path, WITH_GRANDCHILD)
    grandchild = psutil.Process(int(wait_for_line(tmp_path / "child.log")))
    process.stop(within_s=30.0)
    deadline = time.monotonic() + 30
    while grandchild.is_running() and grandchild.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_program_that_is_not_there_ends_with_its_reason_in_the_log(tmp_path: Path) -> None:
    process = ChildProcess(Command(("/no/such/program",), dict(os.environ), tmp_path / "child.log"))
    assert "No such file" in wait_for_line(tmp_path / "child.log")
    process.kill()
    assert process.poll() not in (None, 0)


def test_a_working_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", ""), dict(os.environ), tmp_path / "child.log", cwd=tmp_path / "absent")
    with pytest.raises(StackFailed):
        ChildProcess(command)


def test_a_process_is_known_by_id_and_start_time() -> None:
    here = identify(os.getpid())
    assert find_process(here) is not None
    assert (memory_bytes(here) or 0) > 1_000_000
    assert find_process(here.model_copy(update={"create_time": here.create_time - 60})) is None
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert find_process(identify(gone.pid)) is None
    assert memory_bytes(identify(gone.pid)) is None


def test_exits_are_described() -> None:
    assert describe_exit(3) == "exit 3"
    assert describe_exit(-9) == "ended by SIGKILL"
