"""Parts of the tables that are compared at once."""

from typing import Any

from chatsnapshot.verification.run_range import RunRange, run_ranges


def test_a_range_has_the_ends_it_is_given() -> None:
    assert RunRange().condition == "true"
    some = RunRange(some=((("t", "c"), None), (("t", "d"), 5)))
    assert some.parameters == {"t0": "t", "c0": "c", "t1": "t", "c1": "d", "n1": 5}
    assert some.condition.endswith("correlation_id = {c1:String} AND sequence_no <= {n1:Int64}))")
    assert "n0" not in some.condition
    both = RunRange(("a", "b"), ("c", "d"))
    assert both.parameters == {"ta": "a", "ca": "b", "tl": "c", "cl": "d"}
    assert "ca" in both.condition
    assert "cl" in both.condition
    assert "cl" not in RunRange(("a", "b")).condition


def test_ranges_follow_each_other_to_the_end() -> None:
    ends = [[("t", "f")], [("t", "m")], []]
    asked: list[Any] = []

    def ask(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        asked.append((name, parameters["ta"], parameters["ca"]))
        return ends[len(asked) - 1]

    assert list(run_ranges(ask, 10)) == [
        RunRange(None, ("t", "f")),
        RunRange(("t", "f"), ("t", "m")),
        RunRange(("t", "m"), None),
    ]
    assert asked == [("range_end", "", ""), ("range_end", "t", "f"), ("range_end", "t", "m")]
