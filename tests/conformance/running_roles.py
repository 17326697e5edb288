"""The roles as processes, started as production starts them: by command line and environment, on named parts."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from chatsnapshot.embedded.ports import choose_ports
from tests.pipeline.sequencer_installation import eventually

PYTHON = os.environ.get("CHATSNAPSHOT_TEST_PYTHON", sys.executable)
"""Of the environment that the roles run from: the tests' own, or one built as the image is."""
WITHIN_S = 120
ASK_WITHIN_S = 5


@dataclass
class RoleProcess:
    """One daemon with a port for probes and metrics."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def probe(self, path: str) -> tuple[int, str]:
        """Status and text; (0, "") while nothing answers."""
        try:
            answer = httpx.get(f"{self.url}{path}", timeout=ASK_WITHIN_S)
        except httpx.HTTPError:
            return 0, ""
        return answer.status_code, answer.text.strip()

    def wait_ready(self) -> "RoleProcess":
        """Return once its /readyz says so; fails with its log when it ends before."""

        def ready() -> bool | None:
            assert self.process.poll() is None, self.log.read_text()
            return self.probe("/readyz")[0] == 200 or None

        eventually(ready)
        return self

    def stop(self) -> int:
        """End it in order; its exit code."""
        self.process.terminate()
        return self.process.wait(WITHIN_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WITHIN_S)


@dataclass
class RunningRoles:
    """An installation of a test's own on a broker and a ClickHouse: topics, a database and a folder."""

    bootstrap: str
    clickhouse_url: str
    folder: Path
    partitions: int = 3
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        return kept | {
            "CHATSNAPSHOT_URL": f"kafka://{self.bootstrap}",
            "CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "CHATSNAPSHOT_CLICKHOUSE_URL": self.clickhouse_url,
            "CHATSNAPSHOT_CLICKHOUSE_DATABASE": self.name,
            "CHATSNAPSHOT_TOPIC_PREFIX": self.name,
            "CHATSNAPSHOT_PARTITIONS": str(self.partitions),
            "CHATSNAPSHOT_DATA_DIR": str(self.folder),
            "CHATSNAPSHOT_HOLD_S": "5",
        }

    def run(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """A command with its output, whatever its exit code."""
        return subprocess.run(
            [PYTHON, "-m", "chatsnapshot", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def json(self, *arguments: str, stdin: str | None = None) -> Any:
        """The JSON that a command prints; it must succeed."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def sql(self, query: str) -> list[list[Any]]:
        """Rows of this installation's database, as an administrator sees them."""
        answer = httpx.post(
            self.clickhouse_url,
            params={"database": self.name, "output_format_json_quote_64bit_integers": 0},
            content=f"{query} FORMAT JSONCompact",
            timeout=WITHIN_S,
        )
        assert answer.status_code == 200, answer.text
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    @contextmanager
    def serving(self, role: str, instance: str, **changes: str) -> Iterator[RoleProcess]:
        """`serve ROLE` as a static member; killed at the end unless it has ended."""
        (choice,) = choose_ports((role,), {}, {role: 0})
        log = self.folder / f"{instance}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        options = ["--metrics-port", str(choice.port), "--instance-id", instance]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [PYTHON, "-m", "chatsnapshot", "serve", role, *options],
                env=self.environment | changes,
                stdout=output,
                stderr=output,
            )
        try:
            yield RoleProcess(process, f"http://127.0.0.1:{choice.port}", log)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(WITHIN_S)


@contextmanager
def installed(bootstrap: str, clickhouse_url: str, folder: Path, **fields: Any) -> Iterator[RunningRoles]:
    """Migrated; the database is dropped at the end."""
    roles = RunningRoles(bootstrap, clickhouse_url, folder, **fields)
    try:
        assert roles.json("migrate")["steps"]
        yield roles
    finally:
        httpx.post(clickhouse_url, content=f"DROP DATABASE IF EXISTS {roles.name}", timeout=WITHIN_S)
