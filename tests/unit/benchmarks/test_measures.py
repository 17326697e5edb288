import json

import pytest
from benchmarks.measures import merged, run_from_json

from tests.unit.benchmarks.results import memory, run, sequencer


def test_results_survive_json():
    before = run(sequencer(), memory())
    after = run_from_json(json.loads(json.dumps(before.to_json())))
    assert after == before


def test_results_of_another_version_are_refused():
    with pytest.raises(ValueError, match="version 7"):
        run_from_json({**run().to_json(), "version": 7})


def test_values_of_one_key_gather():
    part = sequencer(ours=(1, 5, 3))
    assert part.measures[0].values == [1, 5, 3]
    assert part.measures[0].median == 3


def test_a_measure_without_values_is_not_found():
    part = sequencer()
    part.measure("sequencer.empty", "empty", "s")
    assert run(part).find("sequencer.empty") is None
    assert run(part).find("sequencer.ours") is part.measures[0]


def test_merging_takes_the_later_and_keeps_the_order():
    old, kept, new = sequencer(ours=(1,)), memory(), sequencer(ours=(2,))
    assert merged([kept, old], [new], ("sequencer", "memory")) == [new, kept]
