"""The statistics of this suite: medians over repeats, percentiles over events."""

import math
from collections.abc import Sequence
from statistics import fmean, median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank). Raises ValueError."""
    if not values:
        raise ValueError("no values")
    if not 0 < percent <= 100:
        raise ValueError(f"percent must be in (0, 100], not {percent}")
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def middle(values: Sequence[float]) -> float:
    """The median. Raises StatisticsError when there are no values."""
    return float(median(values))


def growth_per_s(samples: Sequence[tuple[float, float]]) -> float:
    """How fast a sawtooth grows: mean of its last third against that of its middle third, per second.

    `samples`: (seconds, value), in order. 0 when there are too few to say.
    """
    third = len(samples) // 3
    if third == 0:
        return 0.0
    earlier, later = samples[third : 2 * third], samples[-third:]
    apart_s = fmean(at for at, _ in later) - fmean(at for at, _ in earlier)
    if apart_s <= 0:
        return 0.0
    return (fmean(value for _, value in later) - fmean(value for _, value in earlier)) / apart_s


def steady_rate(seen: Sequence[tuple[float, int]], began: float) -> float:
    """Items per second between the first sight of any and the last sight of more.

    `seen`: (time, count so far), in order. When all came at once: since `began`. Raises ValueError when none came.
    """
    some = [(at, count) for at, count in seen if count > 0]
    if not some:
        raise ValueError("nothing was seen")
    first_at, first = some[0]
    last = some[-1][1]
    last_at = next(at for at, count in some if count == last)
    if last == first:
        return last / (last_at - began)
    return (last - first) / (last_at - first_at)
