"""An installation with a sequencer and a sink at work, inputs of choice, and the command line pointed at it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from random import Random
from typing import Any

import pytest
from confluent_kafka import Message

from chatsnapshot.cli.app import main
from chatsnapshot.reading import Ledger
from chatsnapshot.redriving.redriver import Order
from chatsnapshot.settings import Settings
from chatsnapshot_processors.redrive.edit import NO_EDIT
from chatsnapshot_schemas.headers import QUARANTINE_SOLVED, REDRIVE
from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.quarantine_entries import InputPlace, input_place
from chatsnapshot_schemas.rules import Plain
from tests.faults.lab import Lab
from tests.pipeline.sequencer_installation import event, eventually, input_record
from tests.pipeline.worker_process import REPOSITORY

PARTITIONS = 3
COMMAND_WITHIN_S = 120.0


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class RedriveWorld:
    """Everything is asynchronous: what is looked for comes eventually."""

    lab: Lab

    @classmethod
    @contextmanager
    def created(cls, bootstrap: str, url: str, folder: Path) -> Iterator["RedriveWorld"]:
        with Lab.created(bootstrap, url, folder, Random(folder.name), PARTITIONS) as lab:
            lab.sequencer("sequencer", hold_micros=2_000_000).start()
            lab.sink().start()
            yield cls(lab)

    @property
    def settings(self) -> Settings:
        return Settings(**{name.lower(): value for name, value in self.told.items()})  # type: ignore[arg-type]

    @property
    def told(self) -> dict[str, str]:
        """Settings of every program of the installation, without their prefix."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.lab.bootstrap,
            "CLICKHOUSE_URL": self.lab.url,
            "CLICKHOUSE_DATABASE": self.lab.database,
            "TOPIC_PREFIX": self.lab.topics.prefix,
            "PARTITIONS": str(PARTITIONS),
            "DATA_DIR": str(self.lab.folder / "cli"),
        }

    @property
    def ledger(self) -> Ledger:
        return Ledger.connect(settings=self.settings)

    def run(self, *arguments: str, stdin: str = "") -> Ran:
        """A command in this process, whatever its exit code."""
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("CHATSNAPSHOT_")]:
                patch.delenv(name)
            for name, value in self.told.items():
                patch.setenv(f"CHATSNAPSHOT_{name}", value)
            patch.setenv("COLUMNS", "200")
            patch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin.encode())))
            code = main(list(arguments))
        return Ran(code, out.getvalue(), err.getvalue())

    def child(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`tests.pipeline.redrive_child` to its end."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        return subprocess.run(
            [sys.executable, "-m", "tests.pipeline.redrive_child", *arguments],
            env=kept | {f"CHATSNAPSHOT_{name}": value for name, value in self.told.items()},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )

    def solve(self, *arguments: str, stdin: str = "") -> list[Any]:
        """`quarantine ... --json`: the report of every record."""
        done = self.run("quarantine", *arguments, "--json", stdin=stdin)
        assert done.out, done.err
        return list(json.loads(done.out)["records"])

    def refused(self, *arguments: str, stdin: str = "") -> tuple[str, str]:
        """Code and message of the one record that is refused; the exit code says so too."""
        done = self.run("quarantine", *arguments, "--json", stdin=stdin)
        assert done.code == 1, done
        (record,) = json.loads(done.out)["records"]
        return record["error"]["code"], record["error"]["message"]

    def send(self, plain: Plain, partition: int | None = None, **headers: str) -> None:
        """An event, to its own partition unless told otherwise."""
        key, value = input_record(plain)
        self.send_bytes(value, partition_of(key, PARTITIONS) if partition is None else partition, key, **headers)

    def send_bytes(self, value: bytes, partition: int, key: bytes | None = None, **headers: str) -> None:
        pairs = [(name, text.encode()) for name, text in headers.items()]
        self.lab.installation.send_to(partition, value, key, headers=pairs)

    def misroute(self, plain: Plain, **headers: str) -> None:
        """An event into the partition behind its own."""
        key, _ = input_record(plain)
        self.send(plain, (partition_of(key, PARTITIONS) + 1) % PARTITIONS, **headers)

    def waiting(self, count: int = 1, **of: Any) -> list[Any]:
        """Rows of `quarantine` with these values, once there are `count`."""
        return eventually(lambda: found if len(found := self.rows(**of)) == count else None)

    def rows(self, tenant: str = "default", **of: Any) -> list[Any]:
        rows = self.ledger.sources.queries.quarantine(tenant, 1_000)
        return [row for row in rows if all(getattr(row, name) == value for name, value in of.items())]

    def solved(self, record: str) -> dict[str, Any]:
        """`quarantine show` of a record once the tables have it as solved."""

        def look() -> dict[str, Any] | None:
            done = self.run("quarantine", "show", record, "--json")
            shown: dict[str, Any] = json.loads(done.out) if done.code == 0 else {}
            return shown if shown.get("solution") else None

        return eventually(look)

    def records(self, run: str, count: int) -> list[Plain]:
        """The run's ledger records once there are at least `count`."""

        def look() -> list[Plain] | None:
            found = [plain for plain in self.lab.installation.ledger() if plain["envelope"]["correlation_id"] == run]
            return found if len(found) >= count else None

        return eventually(look)

    def recorded(self, run: str, count: int) -> None:
        """The table has so many records of the run."""
        query = f"SELECT count() FROM ledger FINAL WHERE correlation_id = '{run}'"
        eventually(lambda: self.lab.client.command(query) == count or None)

    def query(self, sql: str, count: int) -> list[Any]:
        """Rows of a query once there are `count`."""
        return eventually(lambda: rows if len(rows := list(self.lab.client.query(sql).result_rows)) == count else None)

    def marks(self, record: str) -> list[str]:
        """Solutions of one record in the quarantine topic."""
        records = self.lab.installation.records(self.lab.topics.quarantine)
        return [said[QUARANTINE_SOLVED].decode() for said in map(headers_of, records) if _is_mark_of(said, record)]

    def sent_again(self, record: str) -> list[Message]:
        """Committed inputs that come from one record."""
        place = record.replace("-", "/").encode()
        records = self.lab.installation.records(self.lab.topics.events)
        return [each for each in records if headers_of(each).get(REDRIVE) == place]


def headers_of(message: Message) -> dict[str, bytes]:
    pairs: Any = message.headers() or ()
    return dict(pairs)


def _is_mark_of(said: dict[str, bytes], record: str) -> bool:
    return QUARANTINE_SOLVED in said and str(input_place(said.items())) == record


def order(who: str) -> Order:
    """To send records again as they are."""
    return Order(who, edit=NO_EDIT)


def place_of(row: Any) -> InputPlace:
    return InputPlace(row.input_epoch, row.input_partition, row.input_offset)


def id_of(row: Any) -> str:
    return str(place_of(row))


def numbered(run: str, number: int, **changes: Any) -> Plain:
    """An event without a source number: nothing waits for it."""
    return event(run, number, **{"source_seq": None, **changes})
