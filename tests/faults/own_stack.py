"""A whole embedded stack of a test: started, killed and started again as a person would, and a lab on it."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.embedded.supervision_state import read_record
from chatsnapshot_schemas.connections import TopicNames
from tests.faults.lab import Lab
from tests.fixtures.whole_stack import START_WITHIN_S, WholeStack
from tests.pipeline.sequencer_installation import Installation
from tests.pipeline.worker_process import REPOSITORY

PARTITIONS = 3
STATE_FILE = "supervisor.json"


@dataclass
class OwnStack:
    """A data folder, and what runs on it."""

    data_dir: Path
    choices: random.Random
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    _supervisor: "subprocess.Popen[bytes] | None" = None

    @property
    def command(self) -> WholeStack:
        """The command line, pointed at this folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        told = {
            "DATA_DIR": str(self.data_dir),
            "PARTITIONS": str(PARTITIONS),
            "TOPIC_PREFIX": self.prefix,
            "CLICKHOUSE_DATABASE": self.prefix,
        }
        return WholeStack(self.data_dir, kept | {f"CHATSNAPSHOT_{name}": value for name, value in told.items()})

    def up(self) -> None:
        """`chatsnapshot up --detach`."""
        command = [sys.executable, "-m", "chatsnapshot", "up", "--detach"]
        done = subprocess.run(
            command,
            env=self.command.environment,
            capture_output=True,
            text=True,
            timeout=START_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def up_impatient(self) -> None:
        """With a supervisor that starts a silent process anew after a dozen seconds."""
        command = [sys.executable, "-m", "tests.faults.impatient_stack", str(self.data_dir)]
        self._supervisor = subprocess.Popen(command, cwd=REPOSITORY, env=self.command.environment)
        give_up = time.monotonic() + START_WITHIN_S
        while read_endpoints(self.data_dir) is None:
            assert self._supervisor.poll() is None
            assert time.monotonic() < give_up, "the stack is not up"
            time.sleep(0.1)

    def processes(self) -> dict[str, int]:
        """Pid by role."""
        record = read_record(self.data_dir / STATE_FILE)
        assert record is not None
        return {each.role: each.process.pid for each in record.roles if each.process}

    def kill_all(self) -> None:
        """SIGKILL for the supervisor, its children and theirs, in any order, with nothing in between."""
        record = read_record(self.data_dir / STATE_FILE)
        assert record is not None
        supervisor = psutil.Process(record.supervisor.pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        self.choices.shuffle(family)
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        if self._supervisor is not None:
            self._supervisor.wait()
        psutil.wait_procs(family, timeout=30)

    def down(self) -> None:
        """In order, or by force."""
        if self.command.run("down").returncode != 0:
            with contextlib.suppress(AssertionError, psutil.NoSuchProcess):
                self.kill_all()
        if self._supervisor is not None:
            self._supervisor.wait()

    def lab(self) -> Lab:
        """A laboratory on it; sequencer and sink are the stack's."""
        endpoints = read_endpoints(self.data_dir)
        assert endpoints is not None
        lab = Lab(endpoints.kafka.bootstrap_servers, endpoints.clickhouse.url, self.data_dir, self.choices, PARTITIONS)
        lab.installation = Installation(lab.bootstrap, self.data_dir, PARTITIONS, TopicNames(prefix=self.prefix))
        lab.stillness = lab.new_stillness()
        return lab


@contextmanager
def own_stack(folder: Path, choices: random.Random) -> Iterator[OwnStack]:
    """Not started; ended whatever happens."""
    stack = OwnStack(folder / "stack", choices)
    try:
        yield stack
    finally:
        stack.down()
