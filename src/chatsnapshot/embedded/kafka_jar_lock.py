"""The jars of Apache Kafka, pinned: `kafka_jars.csv` beside this module.

Each row is one jar with its size and SHA-256, so a start says exactly what it downloads, needs no dependency
resolution, and a changed or half-written file is never run. For another Kafka version change `KAFKA_VERSION`, then
`python -m chatsnapshot.embedded.kafka_jar_lock > kafka_jars.csv` in this folder.
"""

import csv
import hashlib
import sys
import tempfile
from dataclasses import astuple, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, TextIO

from chatsnapshot_schemas.errors import MissingExtra

KAFKA_VERSION = "4.3.1"
KAFKA_COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
LOG_BINDING_COORDINATES = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
"""Kafka's POM names no backend for SLF4J, and without one the broker logs nothing. Same version as its log4j-core."""
LOCK_FILE = "kafka_jars.csv"


@dataclass(frozen=True, order=True)
class LockedJar:
    """One jar: Maven coordinates, size in bytes, SHA-256 in lower-case hex."""

    group: str
    artifact: str
    version: str
    size_bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name, as in every Maven repository."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> tuple[LockedJar, ...]:
    """Every jar that the broker's class path needs."""
    text = resources.files(__package__).joinpath(LOCK_FILE).read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        LockedJar(row["group"], row["artifact"], row["version"], int(row["size_bytes"]), row["sha256"]) for row in rows
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_lock(out: TextIO) -> None:
    """Resolve Kafka's dependencies anew and write the lock; needs the network."""
    out.write(f"# {KAFKA_COORDINATES} and what it needs at run time; written by kafka_jar_lock.py\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(LockedJar))
    with tempfile.TemporaryDirectory() as folder:
        writer.writerows(astuple(jar) for jar in sorted(_resolve(Path(folder))))


def _resolve(folder: Path) -> list[LockedJar]:
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise MissingExtra("embedded", "resolving Kafka's jars") from error
    context = MavenContext(repo_cache=folder)
    inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA_COORDINATES)])
    runtime = [dependency for dependency in transitive if dependency.scope in ("compile", "runtime")]
    binding = context.create_dependency(LOG_BINDING_COORDINATES)
    return [_locked(dependency.artifact) for dependency in (*inputs, *runtime, binding)]


def _locked(artifact: Any) -> LockedJar:
    path = artifact.resolve()
    size = path.stat().st_size
    return LockedJar(artifact.groupId, artifact.artifactId, artifact.version, size, sha256_of(path))


if __name__ == "__main__":
    write_lock(sys.stdout)
