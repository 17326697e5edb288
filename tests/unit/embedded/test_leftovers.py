import subprocess
import sys
from pathlib import Path

import psutil

from chatsnapshot.embedded.leftovers import end_leftovers
from chatsnapshot.embedded.process_identity import ProcessIdentity, identify
from chatsnapshot.embedded.supervision_state import RoleRecord, SupervisionRecord, write_record


def record(*roles: RoleRecord) -> SupervisionRecord:
    return SupervisionRecord(
        phase="up", supervisor=ProcessIdentity(pid=1, create_time=0.0), started_at="2026-01-31T00:00:00Z", roles=roles
    )


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_ends_the_recorded_children_and_no_other_process_with_the_same_id(tmp_path: Path) -> None:
    child, stranger = sleeper(), sleeper()
    try:
        known, other = identify(child.pid), identify(stranger.pid)
        write_record(
            tmp_path / "supervisor.json",
            record(
                RoleRecord(role="kafka", state="ready", process=known),
                RoleRecord(role="sink", state="ready", process=other.model_copy(update={"create_time": 1.0})),
                RoleRecord(role="http", state="backing_off"),
            ),
        )
        assert end_leftovers(tmp_path / "supervisor.json") == ["kafka"]
        assert child.poll() is not None or psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert stranger.poll() is None
    finally:
        for process in (child, stranger):
            process.kill()
            process.wait()


def test_without_a_record_there_is_nothing_to_end(tmp_path: Path) -> None:
    assert end_leftovers(tmp_path / "absent.json") == []
    (tmp_path / "broken.json").write_text("{")
    assert end_leftovers(tmp_path / "broken.json") == []
