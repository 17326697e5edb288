"""A destination that is a file: one line per event, in the order of arrival. Shared by parents and their children."""

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chatsnapshot_producers.recorder import Recorder
from chatsnapshot_producers.spool_limits import SpoolLimits
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import Destination, OnTrouble, Refusal, Transport
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.errors import BrokerUnavailable


class LineTransport:
    """Takes events unless the file `down` exists; refuses what the file `refused` lists by id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, events: Sequence[SpooledEvent], stopped: Callable[[], bool]) -> list[Refusal]:
        if (self._folder / "down").exists():
            raise BrokerUnavailable("the file `down` is there")
        refused = self._refused()
        taken = [event for event in events if event.event_id not in refused]
        with (self._folder / "arrived").open("a") as file:
            file.writelines(f"{line(event)}\n" for event in taken)
        return [Refusal(event, "payload: not to our taste") for event in events if event.event_id in refused]

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass

    def _refused(self) -> set[str]:
        file = self._folder / "refused"
        return set(file.read_text().split()) if file.exists() else set()


def line(event: SpooledEvent) -> str:
    envelope = decode_envelope(event.body)
    source = envelope.source
    return json.dumps(
        {
            "id": envelope.event_id,
            "run": envelope.correlation_id,
            "instance": source.instance,
            "seq": envelope.source_seq,
            "pid": os.getpid(),
        }
    )


def arrived(folder: Path) -> list[dict[str, Any]]:
    file = folder / "arrived"
    return [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []


def destination(folder: Path, name: str = "lines") -> Destination:
    def connect(on_trouble: OnTrouble) -> Transport:
        return LineTransport(folder)

    return Destination(name=name, where=f"the file in {folder}", connect=connect)


def recorder_to(folder: Path, *, name: str = "lines", flush_at_exit_s: float = 5.0, **limits: Any) -> Recorder:
    return Recorder(
        destination(folder, name),
        SpoolLimits(root=folder / "spool", **limits),
        service="tests",
        flush_at_exit_s=flush_at_exit_s,
    )


def stop_taking(folder: Path) -> None:
    (folder / "down").touch()


def take_again(folder: Path) -> None:
    (folder / "down").unlink()


def wait_until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
