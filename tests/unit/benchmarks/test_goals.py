import pytest
from benchmarks.__main__ import PARTS
from benchmarks.goals import GOALS, verdicts

from tests.unit.benchmarks.results import memory, run, sequencer


def verdict(of_run, key, beside=""):
    return next(each for each in verdicts(of_run) if (each.goal.key, each.goal.beside) == (key, beside))


def test_a_ratio_is_of_the_medians():
    found = verdict(run(sequencer(ours=(30, 90, 60), quix=(20, 30, 40))), "sequencer.ours", "sequencer.quix_eos")
    assert found.value == 2.0
    assert (found.is_hit, found.word) == (True, "hit")


def test_a_ratio_without_the_peer_is_not_measured():
    found = verdict(run(sequencer(quix=())), "sequencer.ours", "sequencer.quix_eos")
    assert (found.value, found.word) == (None, "not measured")


@pytest.mark.parametrize(("growth", "word"), [(1.25, "hit"), (1.26, "**missed**")])
def test_an_upper_bound(growth, word):
    assert verdict(run(memory(growth)), "memory.growth").word == word


def test_an_aim_is_never_missed():
    part = sequencer()
    part.add("sustained.rate", "rate", "events/s", 12_000)
    words = [each.word for each in verdicts(run(part)) if each.goal.key == "sustained.rate"]
    assert words == ["hit", "aim, not reached"]


def test_every_goal_is_about_a_part_that_exists():
    assert {goal.key.split(".")[0] for goal in GOALS} <= set(PARTS)
