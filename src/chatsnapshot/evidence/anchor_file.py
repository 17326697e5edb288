"""Roots that are kept elsewhere: a file of their values, one a line, appended to and never changed."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from chatsnapshot_schemas.errors import ConfigurationError, CorruptLedger
from chatsnapshot_schemas.roots import ROOT_BYTES_MAX, MerkleRoot, decode_root

Ledger = tuple[str, str, int]
"""Cluster id, ledger topic id, partition."""


@dataclass(slots=True)
class AnchoredRoots:
    """What an anchor says of one ledger partition; about 150 bytes a root."""

    newest: MerkleRoot
    digests: dict[int, str] = field(default_factory=dict)
    """By number."""
    contradictions: list[int] = field(default_factory=list)
    """Numbers of which there are two roots: somebody signed two histories."""

    def add(self, root: MerkleRoot) -> None:
        """Take one more root into account."""
        if self.digests.setdefault(root.number, root.digest) != root.digest:
            self.contradictions.append(root.number)
        if root.number > self.newest.number:
            self.newest = root


def read_anchor(path: Path, seen: Callable[[MerkleRoot], None] = lambda root: None) -> dict[Ledger, AnchoredRoots]:
    """An anchor file; `seen` is called with every root of it. Raises ConfigurationError naming the line."""
    anchored: dict[Ledger, AnchoredRoots] = {}
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(ROOT_BYTES_MAX):
                number += 1
                if not line.strip():
                    continue
                root = decode_root(line.rstrip(b"\r\n"))
                seen(root)
                anchored.setdefault(root.ledger, AnchoredRoots(root)).add(root)
    except CorruptLedger as error:
        raise ConfigurationError(f"{path}, line {number}: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"the anchor {path} cannot be read: {error.strerror}") from None
    return anchored


def append_anchor(path: Path, roots: Iterable[MerkleRoot]) -> list[MerkleRoot]:
    """Append the roots that are not in the file yet, through to the disk; which they were.

    Raises ConfigurationError, also when the file has another root of the same number: then nothing is appended.
    """
    anchored = read_anchor(path) if path.exists() else {}
    new = []
    for root in roots:
        known = anchored.get(root.ledger)
        digest = known.digests.get(root.number) if known else None
        if digest is not None and digest != root.digest:
            raise ConfigurationError(
                f"{path} has another root {root.number} of partition {root.partition} than the topic has now: history "
                "was rewritten; keep the file and run `chatsnapshot verify --all --anchor` with it"
            )
        if digest is None:
            new.append(root)
    if new:
        _append(path, b"".join(root.value + b"\n" for root in new))
    return new


def _append(path: Path, lines: bytes) -> None:
    try:
        with path.open("a+b") as file:
            if file.seek(0, os.SEEK_END) and not _ends_with_newline(file):
                lines = b"\n" + lines
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(f"the anchor {path} cannot be written: {error.strerror}") from None


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
