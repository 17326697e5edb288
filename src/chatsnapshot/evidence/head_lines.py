"""Heads and proofs of heads as lines of JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from chatsnapshot_schemas.errors import CorruptLedger
from chatsnapshot_schemas.merkle import HeadProof

LINE_BYTES_MAX = 64 * 1024
"""A proof in a bucket of a million heads has 36 hashes, 2.5 KB."""


@dataclass(frozen=True, slots=True)
class HeadLine:
    """A run's head: its number of records and the hash of the last."""

    tenant_id: str
    correlation_id: str
    count: int
    hash: str

    def to_line(self) -> bytes:
        """The line, with its end."""
        return _line({"tenant": self.tenant_id, "run": self.correlation_id, "records": self.count, "hash": self.hash})

    @classmethod
    def of(cls, key: bytes, count: int, head: bytes) -> "HeadLine":
        """From a message key."""
        tenant, _, correlation = key.decode().partition("/")
        return cls(tenant, correlation, count, head.hex())


@dataclass(frozen=True, slots=True)
class ProofLine:
    """That root `root` counts a head."""

    head: HeadLine
    root: int
    """Its number."""
    proof: HeadProof

    def to_line(self) -> bytes:
        """The line, with its end."""
        head, proof = self.head, self.proof
        return _line(
            {
                "tenant": head.tenant_id,
                "run": head.correlation_id,
                "records": head.count,
                "hash": head.hash,
                "root": self.root,
                "index": proof.index,
                "size": proof.size,
                "path": [each.hex() for each in proof.path],
            }
        )


def read_heads(file: BinaryIO) -> Iterator[HeadLine]:
    """Every line. Raises CorruptLedger."""
    for number, plain in _lines(file):
        try:
            yield _head(plain)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptLedger(f"line {number} is no head: {error!r}") from None


def read_proofs(file: BinaryIO) -> Iterator[ProofLine]:
    """Every line. Raises CorruptLedger."""
    for number, plain in _lines(file):
        try:
            path = tuple(bytes.fromhex(each) for each in plain["path"])
            yield ProofLine(_head(plain), int(plain["root"]), HeadProof(int(plain["index"]), int(plain["size"]), path))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptLedger(f"line {number} is no proof: {error!r}") from None


def _head(plain: dict[str, Any]) -> HeadLine:
    digest = str(plain["hash"])
    bytes.fromhex(digest)
    count = int(plain["records"])
    if not 0 < count < 1 << 63:
        raise ValueError("records")
    return HeadLine(str(plain["tenant"]), str(plain["run"]), count, digest)


def _lines(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorruptLedger(f"line {number} is no JSON: {error}") from None
        if not isinstance(plain, dict):
            raise CorruptLedger(f"line {number} is no object")
        yield number, plain


def _line(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
