"""Parts of the tables that are compared at once."""

from typing import Any

from chatsnapshot.verification.run_range import RunRange, run_ranges


def test_a_range_has_the_ends_it_is_given() -> None:
    assert RunRange().condition == "true"
    assert RunRange(one=("t", "c")).parameters == {"t1": "t", "c1": "c"}
    both = RunRange(("a", "b"), ("c", "d"))
    assert both.parameters == {"t0": "a", "c0": "b", "t1": "c", "c1": "d"}
    assert "c0" in both.condition
    assert "c1" in both.condition
    assert "c1" not in RunRange(("a", "b")).condition


def test_ranges_follow_each_other_to_the_end() -> None:
    ends = [[("t", "f")], [("t", "m")], []]
    asked: list[Any] = []

    def ask(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        asked.append((name, parameters["t0"], parameters["c0"]))
        return ends[len(asked) - 1]

    assert list(run_ranges(ask, 10)) == [
        RunRange(None, ("t", "f")),
        RunRange(("t", "f"), ("t", "m")),
        RunRange(("t", "m"), None),
    ]
    assert asked == [("range_end", "", ""), ("range_end", "t", "f"), ("range_end", "t", "m")]
