"""What is to be reached, and whether it was."""

from dataclasses import dataclass

from benchmarks.measures import Measure, Run


@dataclass(frozen=True)
class Goal:
    """A bound on a measure, or on its ratio to a peer's of the same run."""

    text: str
    key: str
    bound: float
    at_least: bool = True
    beside: str = ""
    """Key of the peer's measure; the bound is then a ratio."""
    is_aim: bool = False
    """Not a promise, but where it shall go."""


GOALS = (
    Goal("sequencer at least 2x Quix Streams exactly-once", "sequencer.ours", 2, beside="sequencer.quix_eos"),
    Goal("sequencer at least 8x a plain Faust agent", "sequencer.ours", 8, beside="sequencer.faust"),
    Goal("sink, every projection live: at least 40,000 rows/s", "sink.ours", 40_000),
    Goal("whole path: at least 10,000 events/s sustained", "sustained.rate", 10_000),
    Goal("whole path: 20,000 events/s", "sustained.rate", 20_000, is_aim=True),
    Goal("record() to queryable at 2,000 events/s: p99 under 2 s", "latency.2000.p99", 2.0, at_least=False),
    Goal("record(): p99 under 50 us", "record.live.p99", 50.0, at_least=False),
    Goal("a run of 10,000 events opens: its first 1,000 in under 1 s (p99)", "reading.open.p99", 1.0, at_least=False),
    Goal("all of its 10,000 in under 1 s (p99)", "reading.pages.p99", 1.0, at_least=False, is_aim=True),
    Goal("memory over a million events: the end at most 1.25 times the half", "memory.growth", 1.25, at_least=False),
)


@dataclass(frozen=True)
class Verdict:
    """A goal and what was found; `value` None: not measured."""

    goal: Goal
    measure: Measure | None
    value: float | None

    @property
    def is_hit(self) -> bool:
        """Whether the median reaches the bound."""
        if self.value is None:
            return False
        return self.value >= self.goal.bound if self.goal.at_least else self.value <= self.goal.bound

    @property
    def word(self) -> str:
        """For the table."""
        if self.value is None:
            return "not measured"
        if self.goal.is_aim:
            return "reached" if self.is_hit else "aim, not reached"
        return "hit" if self.is_hit else "**missed**"


def verdicts(run: Run) -> list[Verdict]:
    """Every goal."""
    return [_verdict(run, goal) for goal in GOALS]


def _verdict(run: Run, goal: Goal) -> Verdict:
    measure = run.find(goal.key)
    if measure is None:
        return Verdict(goal, None, None)
    if not goal.beside:
        return Verdict(goal, measure, measure.median)
    peer = run.find(goal.beside)
    return Verdict(goal, measure, measure.median / peer.median if peer else None)
