"""Takes over the spools of processes that died."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from chatsnapshot_producers import metrics
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_folder import NEW_PREFIX, SpoolFolder

ADOPTED_MAX = 256
"""Each holds a file open for its lock; what is beyond waits for the next start."""
HALF_MADE_AGE_S = 3600.0
"""A folder that was never renamed into sight holds nothing; so old, nobody is still at it."""

log = logging.getLogger("chatsnapshot.producer")


def adopt_spools(root: Path, destination: str) -> list[Spool]:
    """The dead processes' spools that are meant for `destination`, oldest first; each is owned from now on."""
    adopted: list[Spool] = []
    foreign: set[str] = set()
    for folder in _orphans(root):
        if folder.destination == destination and len(adopted) < ADOPTED_MAX:
            adopted.append(Spool.adopted(folder))
        else:
            foreign.add(folder.destination)
            folder.close()
    for other in sorted(foreign - {destination}):
        log.info("events for %s wait in %s until a recorder sends there", other or "an unknown destination", root)
    if adopted:
        metrics.SPOOLS_ADOPTED.inc(len(adopted))
        log.info("sending what %d earlier processes left in %s", len(adopted), root)
    return adopted


def _orphans(root: Path) -> Iterator[SpoolFolder]:
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.name.startswith(NEW_PREFIX):
            _remove_half_made(path)
        elif path.is_dir() and (folder := SpoolFolder.adopt(path)) is not None:
            yield folder


def _remove_half_made(path: Path) -> None:
    try:
        if time.time() - path.stat().st_mtime > HALF_MADE_AGE_S:
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
    except OSError as error:
        log.debug("half-made spool %s: %s", path, error)
