"""Who does the sequencing job: ours and its peers, each a process of its own that is started and stopped alike."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.installation import Installation
from benchmarks.options import REPOSITORY
from benchmarks.stage import clean_environment


@dataclass(frozen=True)
class Contender:
    """`share`: of the backlog that it is given time for; `start`: from installation and its output topic."""

    name: str
    label: str
    share: float
    start: Callable[[Installation, str], None]
    is_ours: bool = False


def sequencers(peers_python: Path | None) -> list[Contender]:
    """Ours first; without the peers' environment there is no Quix Streams."""
    found = [
        Contender("ours", "ChatSnapshot sequencer (exactly-once, RocksDB, every check)", 1.0, _start_ours, True),
        Contender("bare", "bare confluent-kafka loop (transactions, dict)", 1.0, _peer("bare_loop")),
        Contender("faust", "plain Faust agent with send (at-least-once, dict)", 0.25, _peer("plain_faust")),
    ]
    if peers_python is not None:
        found += [
            Contender(
                f"quix_{short}",
                f"Quix Streams {guarantee} (RocksDB)",
                1.0,
                _peer("quix", peers_python, guarantee=guarantee),
            )
            for short, guarantee in (("eos", "exactly-once"), ("alo", "at-least-once"))
        ]
    return found


def output_topic(contender: Contender, installation: Installation) -> str:
    """Ours writes the ledger topic; a peer gets one of its own, which is made here."""
    if contender.is_ours:
        return installation.topics.ledger
    name = f"{installation.prefix}.ledger-{contender.name}"
    installation.create_topic(name)
    return name


def _start_ours(installation: Installation, _output: str) -> None:
    installation.start("sequencer", wait=False)


def _peer(module: str, python: Path = Path(sys.executable), **more: str) -> Callable[[Installation, str], None]:
    def start(installation: Installation, output: str) -> None:
        told = {
            "bootstrap": installation.stage.bootstrap,
            "input": installation.topics.events,
            "output": output,
            "group": f"group-of-{output}",
            "folder": str(installation.stage.folder / output),
            **more,
        }
        path = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'schemas'}"}
        command = (str(python), "-m", f"benchmarks.peers.{module}", json.dumps(told))
        installation.stage.start("sequencer", command, clean_environment() | path)

    return start
