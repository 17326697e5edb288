"""Ports that stacks of this user have chosen: two that start at once never choose the same.

A port is chosen seconds before its server binds it; until then only a claim says that it is spoken for. A claim is a
lock on a file in the cache folder, which the kernel gives back when the supervisor dies, however it dies.
"""

import fcntl
import os
from pathlib import Path


class PortClaims:
    """The claims of one supervisor; they last as long as it does, or until `release`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptors: dict[int, int] = {}

    def take(self, port: int) -> bool:
        """Claim a port; False when another supervisor has it."""
        if port in self._descriptors:
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f"{port}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptors[port] = descriptor
        return True

    def release(self) -> None:
        """Give every port back."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
