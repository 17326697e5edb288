"""The stack without a terminal: started in the background, and stopped, from another process."""

import os
import signal
import subprocess
import time

from chatsnapshot.embedded.data_folder import SUPERVISOR_LOG, DataFolder
from chatsnapshot.embedded.leftovers import end_leftovers
from chatsnapshot.embedded.log_file import LogReader, without_time
from chatsnapshot.embedded.process_identity import find_process
from chatsnapshot.embedded.progress import ERROR_MARK, Progress
from chatsnapshot.embedded.stack_plan import python_environment, python_module
from chatsnapshot.embedded.supervision_state import SupervisionRecord, read_record
from chatsnapshot_schemas.errors import AlreadyRunning, StackFailed, StackNotRunning

START_WITHIN_S = 1800.0
"""The first start downloads; each later part of it has a bound of its own."""
STOP_WITHIN_S = 60.0
"""More than all that the supervisor gives its children one after the other."""
POLL_S = 0.1


def start_in_background(folder: DataFolder, progress: Progress) -> SupervisionRecord:
    """Start a supervisor of its own session and wait until the stack is up, passing on what it says.

    Raises AlreadyRunning, and StackFailed with the supervisor's reason when it gave up.
    """
    folder.prepare()
    if folder.is_owned():
        raise AlreadyRunning(f"a stack already runs on {folder.path}: `chatsnapshot status` shows it")
    said = LogReader(folder.log(SUPERVISOR_LOG))
    supervisor = _spawn(folder)
    try:
        return _wait_until_up(folder, supervisor, said, progress)
    except KeyboardInterrupt:
        supervisor.terminate()
        raise


def stop_running(folder: DataFolder, progress: Progress) -> None:
    """Ask the supervisor to stop and wait until it and its children are gone.

    Raises StackNotRunning when none runs (children of a killed one are ended first), StackFailed when it does not stop.
    """
    if not folder.is_owned():
        ended = end_leftovers(folder.state_file)
        left = f"; ended what a killed one had left: {', '.join(ended)}" if ended else ""
        raise StackNotRunning(f"no stack runs on {folder.path}{left}")
    said = LogReader(folder.log(SUPERVISOR_LOG))
    record = read_record(folder.state_file)
    pid = _supervisor_pid(folder, record)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    progress.busy("stopping")
    while folder.is_owned():
        if time.monotonic() > deadline:
            raise StackFailed(f"the supervisor did not stop in {STOP_WITHIN_S:.0f} s; `kill -9 {pid}` ends all at once")
        _pass_on(said, progress)
        time.sleep(POLL_S)
    progress.busy("")
    _pass_on(said, progress)


def _spawn(folder: DataFolder) -> subprocess.Popen[bytes]:
    command = python_module("chatsnapshot.embedded", "--data-dir", str(folder.path.absolute()))
    with folder.log(SUPERVISOR_LOG).open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=python_environment(),
            start_new_session=True,
        )


def _wait_until_up(
    folder: DataFolder, supervisor: subprocess.Popen[bytes], said: LogReader, progress: Progress
) -> SupervisionRecord:
    deadline = time.monotonic() + START_WITHIN_S
    last_words = "the supervisor ended without a word"
    progress.busy("starting")
    while True:
        ended = supervisor.poll() is not None or time.monotonic() > deadline
        record = read_record(folder.state_file)
        last_words = _pass_on(said, progress) or last_words
        if ended:
            break
        if record is not None and record.supervisor.pid == supervisor.pid and record.phase == "up":
            progress.busy("")
            return record
        time.sleep(POLL_S)
    progress.busy("")
    supervisor.terminate()
    raise StackFailed(last_words.removeprefix(ERROR_MARK))


def _pass_on(said: LogReader, progress: Progress) -> str | None:
    """Say the new lines, but for an error, which the caller raises; returns the last line, if any."""
    last = None
    for last in filter(None, map(without_time, said.lines())):
        if not last.startswith(ERROR_MARK):
            progress.say(last)
    return last


def _supervisor_pid(folder: DataFolder, record: SupervisionRecord | None) -> int:
    """The process that holds the folder, by its record. Raises StackFailed when the record is not its own."""
    if record is None or find_process(record.supervisor) is None:
        raise StackFailed(f"the stack on {folder.path} is just starting or stopping: try again in a moment")
    return record.supervisor.pid
