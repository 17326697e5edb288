"""A folder of its own for each worker on a machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chatsnapshot_schemas.errors import AlreadyRunning, ConfigurationError

WORKERS_MAX = 64
"""Workers that share one data folder on one machine."""


@contextmanager
def worker_folder(data_dir: Path) -> Iterator[Path]:
    """`data_dir/worker-<n>` with the smallest free n, held until the end; the kernel frees it when the process dies.

    Raises ConfigurationError when the folder cannot be made, AlreadyRunning when all are taken.
    """
    lock, folder = _first_free(data_dir)
    with lock:
        yield folder


def _first_free(data_dir: Path) -> tuple[IO[str], Path]:
    for number in range(WORKERS_MAX):
        folder = data_dir / f"worker-{number}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("w")
        except OSError as error:
            raise ConfigurationError(f"data folder {folder} cannot be used: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return lock, folder
    raise AlreadyRunning(f"{WORKERS_MAX} workers use {data_dir} already")
