"""`python -m benchmarks`: measure, print, and write the report when asked to."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.failing import BenchmarkFailed
from benchmarks.machine import describe
from benchmarks.measures import PartResult, Run, merged, run_from_json
from benchmarks.options import PEERS_PYTHON, REPOSITORY, Options
from benchmarks.profiles import PROFILES, profile
from benchmarks.progress import say
from benchmarks.report import markdown, plain

PARTS = ("sequencer", "sink", "backlog", "sustained", "latency", "record", "memory", "reading")
PICTURE_WITHIN_S = 120
EPILOG = """\
examples:
  python -m benchmarks --only sink --scale 0.1 --repeat 1
  python -m benchmarks --json benchmarks/results/latest.json --out docs/benchmarks.md
  python -m benchmarks --only sink --json benchmarks/results/latest.json --out docs/benchmarks.md
  python -m benchmarks --render benchmarks/results/latest.json --out docs/benchmarks.md
  python -m benchmarks --profile sequencer
"""


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What ChatSnapshot does in numbers, beside its peers. At scale 1 with 3 repeats: below 30 minutes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        type=_names,
        default=PARTS,
        help=f"parts, by comma, of {','.join(PARTS)}; the others are kept as --json has them",
    )
    parser.add_argument("--scale", type=_positive, default=1.0, help="counts and durations times this (rates stay)")
    parser.add_argument("--repeat", type=int, default=3, help="how often each figure is measured")
    parser.add_argument("--json", type=Path, help="write the results there")
    parser.add_argument("--out", type=Path, help="write the report there, its picture to pictures/ beside it")
    parser.add_argument("--minutes", type=_positive, default=30.0, help="no part begins after so many")
    parser.add_argument("--render", type=Path, metavar="JSON", help="measure nothing: report on these results")
    parser.add_argument("--folder", type=Path, help="where temporary data folders go (default: the system's)")
    parser.add_argument("--profile", choices=PROFILES, help="say where the time goes instead of how much it is")
    parser.add_argument("--peers-python", type=Path, default=PEERS_PYTHON, help="Python of the peers' environment")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    """0: everything was measured; 1: a part failed."""
    chosen = arguments(given)
    _forget_own_settings()
    options = Options(chosen.scale, max(1, chosen.repeat), chosen.folder, chosen.peers_python.absolute())
    if chosen.profile:
        print(profile(chosen.profile, options))
        return 0
    run = _read(chosen.render) if chosen.render else _measured(options, chosen)
    print(plain(run))
    if chosen.json and not chosen.render:
        _write(chosen.json, json.dumps(run.to_json(), indent=1) + "\n")
    if chosen.out:
        picture = chosen.out.parent / "pictures" / f"{chosen.out.stem}.svg"
        drawn = _draw(run, options, picture)
        _write(chosen.out, markdown(run, str(picture.relative_to(chosen.out.parent)) if drawn else None))
    return 1 if any(part.failed for part in run.parts) else 0


def _measured(options: Options, chosen: argparse.Namespace) -> Run:
    machine = describe(options)
    for name, value in machine.items():
        say(f"{name}: {value}")
    earlier = _read(chosen.json).parts if chosen.json and chosen.json.exists() else []
    last_begin = time.monotonic() + chosen.minutes * 60
    now = [_part(name, options, last_begin) for name in PARTS if name in chosen.only]
    return Run(machine, merged(earlier, now, PARTS))


def _part(name: str, options: Options, last_begin: float) -> PartResult:
    """One part; what goes wrong in it is said, and the others go on."""
    part: Any = import_module(f"benchmarks.parts.{name}")
    say(f"{name}: {part.TITLE}")
    began = time.monotonic()
    try:
        if began > last_begin:
            raise BenchmarkFailed("the time was over before it began (--minutes)")
        result: PartResult = part.run(options)
    except Exception as error:  # the other parts can be measured all the same
        say(f"{name} failed: {error}")
        result = PartResult(name, part.TITLE, failed=f"{type(error).__name__}: {error}")
    result.seconds = time.monotonic() - began
    result.measured_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    result.scale, result.repeat = options.scale, result.repeat or options.repeat
    return result


def _draw(run: Run, options: Options, target: Path) -> bool:
    """Whether there is a picture: it needs the peers' environment."""
    if not options.has_peers:
        say(f"no picture: {options.peers_python} is not there (make bench makes it)")
        return False
    with tempfile.NamedTemporaryFile("w", suffix=".json") as results:
        json.dump(run.to_json(), results)
        results.flush()
        command = (options.peers_python, "-m", "benchmarks.picture", results.name, target.absolute())
        done = subprocess.run(command, cwd=REPOSITORY, timeout=PICTURE_WITHIN_S, check=False)
    return done.returncode == 0


def _read(path: Path) -> Run:
    return run_from_json(json.loads(path.read_text("utf-8")))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    say(f"wrote {path}")


def _forget_own_settings() -> None:
    """What is measured is what is shipped, whatever the person who measures has set."""
    for name in [name for name in os.environ if name.startswith(("CHATSNAPSHOT_", "OTEL_"))]:
        del os.environ[name]


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if wrong := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {wrong[0]!r}; there are {', '.join(PARTS)}")
    return names


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes are stopped and folders removed
    sys.exit(main(sys.argv[1:]))
