import threading
from collections.abc import Callable, Iterator

import pytest

from chatsnapshot.embedded.liveness import Liveness, LivenessPolicy
from tests.pipeline.sequencer_installation import eventually

QUICK = LivenessPolicy(ask_every_s=0.002, unanswered_max=3)


class Process:
    """Something that is asked, and answers while it is told to."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.asked = 0
        self._more = threading.Condition()

    def __call__(self) -> bool:
        with self._more:
            self.asked += 1
            self._more.notify_all()
        return self.answers

    def wait_for_questions(self, count: int) -> None:
        with self._more:
            until = self.asked + count
            assert self._more.wait_for(lambda: self.asked >= until, 60)


Begin = Callable[..., Liveness]


@pytest.fixture
def begin() -> Iterator[Begin]:
    begun: list[Liveness] = []

    def make(process: Callable[[], bool], policy: LivenessPolicy = QUICK, within_s: float = float("inf")) -> Liveness:
        liveness = Liveness(process, policy, patience=1, first_answer_within_s=within_s)
        liveness.begin()
        begun.append(liveness)
        return liveness

    yield make
    for each in begun:
        each.end()


def blamed(liveness: Liveness, process: Process) -> int:
    """After how many questions without an answer, looked at after each."""
    while (complaint := liveness.complaint()) is None:
        process.wait_for_questions(1)
    return int(complaint.split()[4])


def test_the_patience_doubles_with_every_silence_up_to_its_bound() -> None:
    policy = LivenessPolicy(unanswered_max=12, doublings_max=3)
    assert [policy.unanswered_limit(1, silences) for silences in (0, 1, 2, 3, 4, 99)] == [12, 24, 48, 96, 96, 96]
    assert policy.unanswered_limit(5, 0) == 60


def test_what_answers_is_left_alone_and_what_falls_silent_is_named_once(begin: Begin) -> None:
    process = Process(answers=True)
    liveness = begin(process)
    process.wait_for_questions(10)
    assert liveness.complaint() is None
    process.answers = False
    assert "questions in a row unanswered" in eventually(liveness.complaint)
    process.wait_for_questions(0)
    assert liveness.complaint() is None


def test_a_single_answer_begins_the_count_anew(begin: Begin) -> None:
    answers = iter([True, *([False, False, True] * 20)])
    process = Process(answers=True)

    def asked() -> bool:
        process()
        return next(answers, True)

    liveness = begin(asked)
    for _ in range(6):
        process.wait_for_questions(10)
        assert liveness.complaint() is None


def test_silence_before_the_first_answer_does_not_count_until_its_time_is_over(begin: Begin) -> None:
    process = Process(answers=False)
    patient, impatient = begin(process), begin(process, within_s=0.01)
    eventually(impatient.complaint)
    process.wait_for_questions(10)
    assert patient.complaint() is None


def test_a_new_process_is_not_blamed_for_the_last_one_and_gets_more_patience(begin: Begin) -> None:
    process = Process(answers=True)
    liveness = begin(process, LivenessPolicy(ask_every_s=0.001, unanswered_max=20))
    process.wait_for_questions(2)
    process.answers = False
    blamed(liveness, process)
    liveness.begin()
    process.wait_for_questions(10)
    assert liveness.complaint() is None  # it has not answered yet
    process.answers = True
    process.wait_for_questions(3)
    process.answers = False
    assert blamed(liveness, process) >= 40


def test_a_question_that_fails_is_one_without_an_answer(begin: Begin) -> None:
    def broken() -> bool:
        raise OSError("no route")

    assert eventually(begin(broken, within_s=0.0).complaint)
