"""Which process uses the processors, and how much memory each holds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ProcessorTime:
    """A moment: processor seconds by process."""

    at: float
    seconds: dict[str, float]

    def cores_since(self, before: "ProcessorTime") -> dict[str, float]:
        """Cores that each process kept busy since then, on average."""
        took = self.at - before.at
        return {
            name: (now - before.seconds[name]) / took for name, now in self.seconds.items() if name in before.seconds
        }


def processor_time(pids: Mapping[str, int]) -> ProcessorTime:
    """User and system time of those that still run."""
    seconds: dict[str, float] = {}
    for name, pid in pids.items():
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        seconds[name] = times.user + times.system
    return ProcessorTime(time.monotonic(), seconds)


def memory_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """Resident memory of those that still run, in MiB."""
    found: dict[str, float] = {}
    for name, pid in pids.items():
        try:
            held = psutil.Process(pid).memory_info().rss / MEGABYTE
        except psutil.Error:
            continue
        if held > 0:  # else it has ended, and nobody has asked how
            found[name] = held
    return found
