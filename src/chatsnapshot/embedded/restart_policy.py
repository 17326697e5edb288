"""When a child that died is started again: pure, no clock."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RestartPolicy:
    """Delays double from `first_delay_s` to `delay_max_s`; a child that ran `stable_after_s` starts from the first."""

    first_delay_s: float = 0.5
    delay_max_s: float = 30.0
    stable_after_s: float = 30.0
    failing_after: int = 5
    """So many quick deaths in a row (about 16 s) are no accident any more: said loudly, retried at the slow rate."""

    def failures_after(self, failures: int, uptime_s: float) -> int:
        """Quick deaths in a row, this death included; a death after a stable time is the first of a new row."""
        return 1 if uptime_s >= self.stable_after_s else failures + 1

    def delay_s(self, failures: int) -> float:
        """How long to wait before the next start, after so many quick deaths in a row (from 1)."""
        doublings = min(failures - 1, 30)  # a float's range is not the question, the cap is reached long before
        return min(self.first_delay_s * float(2**doublings), self.delay_max_s)

    def is_failing(self, failures: int) -> bool:
        """Whether a person has to look."""
        return failures >= self.failing_after
