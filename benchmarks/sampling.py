"""A sampling profiler inside the process: whose processor time is spent where, by thread.

`python -m benchmarks.sampling STACKS.json MODULE ARGUMENT...` runs MODULE and writes STACKS.json when it ends.

A hundred times a second the processor time that each Python thread has used since the last look (Linux: its schedstat)
is put down to the calls that it is in. So waiting costs nothing, work in C libraries is put down to the Python function
that called them, and threads of C libraries (librdkafka, RocksDB) are listed by the name the kernel knows. The sampler
itself needs the interpreter's lock, so what happens between two places where it is given up counts for one of them.
"""

import json
import runpy
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType

INTERVAL_S = 0.01
FRAMES_MAX = 60
"""Deeper stacks are cut at their outer end."""
TASKS = Path("/proc/self/task")


class Sampler(threading.Thread):
    """Samples until `finish`."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self._over = threading.Event()
        self._stacks: dict[str, Counter[str]] = defaultdict(Counter)
        self._before: dict[int, int] = {}
        self._python_threads: set[int] = set()
        self._native_before = native_times()

    def run(self) -> None:
        """Sample."""
        while not self._over.wait(INTERVAL_S):
            self._sample()

    def finish(self, target: Path) -> None:
        """Stop, and write nanoseconds by thread and stack."""
        self._over.set()
        self.join(1.0)
        native: Counter[str] = Counter()
        for task, (name, spent) in native_times().items():
            if task not in self._python_threads:
                native[name] += spent - self._native_before.get(task, (name, 0))[1]
        found = {"threads": {name: dict(stacks) for name, stacks in self._stacks.items()}, "native": dict(native)}
        target.write_text(json.dumps(found), "utf-8")

    def _sample(self) -> None:
        frames = sys._current_frames()
        for thread in threading.enumerate():
            if thread.native_id is None or thread.ident not in frames:
                continue
            self._python_threads.add(thread.native_id)
            spent = processor_ns(thread.native_id)
            new = spent - self._before.get(thread.native_id, spent)
            self._before[thread.native_id] = spent
            if new and thread is not self:
                self._stacks[thread.name][stack_of(frames[thread.ident])] += new


def processor_ns(task: int) -> int:
    """Nanoseconds that a thread was on a processor; 0 when it has ended."""
    try:
        return int((TASKS / str(task) / "schedstat").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def native_times() -> dict[int, tuple[str, int]]:
    """(name, nanoseconds) of every thread of this process."""
    found = {}
    for task in TASKS.iterdir():
        try:
            name = (task / "comm").read_text("utf-8").strip()
        except OSError:
            continue
        found[int(task.name)] = (name, processor_ns(int(task.name)))
    return found


def stack_of(frame: FrameType | None) -> str:
    """Outermost first, `;` between: `module.function`."""
    calls: list[str] = []
    while frame is not None and len(calls) < FRAMES_MAX:
        module = frame.f_globals.get("__name__", "?")
        calls.append(f"{module}.{frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name}")
        frame = frame.f_back
    return ";".join(reversed(calls))


def main(target: Path, module: str, arguments: list[str]) -> None:
    sampler = Sampler()
    sampler.start()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sampler.finish(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
