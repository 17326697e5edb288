"""Forks, `multiprocessing` children and the end of a process: numbers, spool and connection are a process's own."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.line_transport import arrived, recorder_to, stop_taking, take_again

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(work: Callable[[], None]) -> int:
    """Fork, run there, and return the exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child_records_under_its_own_instance_and_spool(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path)
    run = recorder.run("r")
    run.record("execution.message")
    before = recorder.status()

    def work() -> None:
        assert recorder.status().spool is None
        assert run.record("execution.message").source_seq == 0
        after = recorder.status()
        assert after.instance != before.instance
        assert after.spool != before.spool
        assert after.recorded == 1
        take_again(tmp_path)
        recorder.close()

    assert in_child(work) == 0
    assert run.record("execution.message").source_seq == 1
    recorder.close()
    events = arrived(tmp_path)
    own = [(event["seq"], event["instance"] == before.instance) for event in events if event["pid"] == os.getpid()]
    assert own == [(0, True), (1, True)]
    assert [event["seq"] for event in events if event["instance"] != before.instance] == [0]
    assert len(events) == 3
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_child_that_dies_does_not_take_the_parents_spool_along(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    recorder = recorder_to(tmp_path)
    recorder.run("r").record("execution.message")
    assert in_child(recorder.close) == 0
    take_again(tmp_path)
    recorder.close()
    assert [event["seq"] for event in arrived(tmp_path)] == [0]


def test_a_fork_while_another_thread_records_leaves_a_usable_child(tmp_path: Path) -> None:
    recorder = recorder_to(tmp_path)
    stop = threading.Event()

    def busy() -> None:
        run = recorder.run("busy")
        while not stop.is_set():
            run.record("execution.message")

    thread = threading.Thread(target=busy)
    thread.start()

    def work() -> None:
        recorder.run("child").record("execution.message")
        recorder.close()

    try:
        codes = [in_child(work) for _ in range(10)]
    finally:
        stop.set()
        thread.join()
    recorder.close()
    assert codes == [0] * 10
    events = arrived(tmp_path)
    assert len({event["instance"] for event in events if event["run"] == "child"}) == 10
    busy_numbers = [event["seq"] for event in events if event["run"] == "busy"]
    assert busy_numbers == list(range(len(busy_numbers)))


def record_in_child(folder: Path) -> None:
    recorder_to(folder).run("r").record("execution.message")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_multiprocessing_child_flushes_at_its_end(tmp_path: Path, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    child = context.Process(target=record_in_child, args=(tmp_path,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert [event["run"] for event in arrived(tmp_path)] == ["r"]


SCRIPT = """
    import sys
    from pathlib import Path
    from tests.unit.producers.line_transport import recorder_to

    recorder = recorder_to(Path(sys.argv[1]), flush_at_exit_s=float(sys.argv[2]))
    recorder.run("r").record("execution.message")
"""


def run_script(folder: Path, flush_at_exit_s: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(flush_at_exit_s)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


def test_the_end_of_a_process_flushes(tmp_path: Path) -> None:
    assert run_script(tmp_path, 20).stderr == ""
    assert [event["run"] for event in arrived(tmp_path)] == ["r"]
    assert list((tmp_path / "spool").iterdir()) == []


def test_the_end_of_a_process_says_what_is_left_and_the_next_start_sends_it(tmp_path: Path) -> None:
    stop_taking(tmp_path)
    said = run_script(tmp_path, 0.3).stderr.splitlines()
    assert [line for line in said if line.startswith("1 event is not acknowledged yet")] == said[-1:]
    assert str(tmp_path / "spool") in said[-1]
    take_again(tmp_path)
    with recorder_to(tmp_path) as recorder:
        recorder.adopt()
    assert [event["run"] for event in arrived(tmp_path)] == ["r"]
