import os
import threading

import pytest

from chatsnapshot_producers.forking import unforked
from tests.pipeline.worker_process import WITHIN_S

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def fork_and_look(made: list[str]) -> tuple[list[str], int]:
    """What a child sees of `made`, as (parent's, child's exit code): 0 when it is whole."""
    child = os.fork()
    if child == 0:
        os._exit(0 if made == ["begun", "done"] else 1)
    return list(made), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_waits_for_what_another_thread_is_making() -> None:
    made: list[str] = []
    begun, forking = threading.Event(), threading.Event()

    def make() -> None:
        with unforked():
            made.append("begun")
            begun.set()
            forking.wait(WITHIN_S)
            threading.Event().wait(0.2)  # by now the fork has begun
            made.append("done")

    thread = threading.Thread(target=make)
    thread.start()
    assert begun.wait(WITHIN_S)
    forking.set()
    assert fork_and_look(made) == (["begun", "done"], 0)
    thread.join()


def test_the_thread_that_makes_something_may_fork_itself_and_child_and_parent_go_on() -> None:
    with unforked():
        child = os.fork()
        if child == 0:
            with unforked():
                os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with unforked():
        assert fork_and_look(["begun", "done"])[1] == 0


def test_a_fork_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsnapshot_producers.forking.FORK_WAITS_S", 0.05)
    begun, over = threading.Event(), threading.Event()

    def hang() -> None:
        with unforked():
            begun.set()
            over.wait(WITHIN_S)

    thread = threading.Thread(target=hang)
    thread.start()
    assert begun.wait(WITHIN_S)
    assert fork_and_look(["begun", "done"])[1] == 0
    over.set()
    thread.join()
    assert fork_and_look(["begun", "done"])[1] == 0
