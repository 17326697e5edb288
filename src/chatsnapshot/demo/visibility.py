"""Waiting until what was recorded can be read: in the tables, nothing held."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatsnapshot.reading import Ledger
from chatsnapshot_schemas.errors import ClickHouseUnavailable, StackFailed

POLL_S = 0.2
SETTLE_S = 60.0
"""Beyond the bound of held events: what a loaded machine may need for the sequencer's tick and the sink's batch."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tables show of a run."""

    recorded: int
    refused: int
    held: int


def wait_until_visible(ledger: Ledger, run_id: str, events: int, within_s: float, say: Callable[[str], None]) -> Seen:
    """Wait for `events` records, one refused event and nothing held. Raises StackFailed when time is over."""
    deadline = time.monotonic() + within_s
    while True:
        seen = _look(ledger, run_id)
        if seen.recorded >= events and seen.refused >= 1 and seen.held == 0:
            return seen
        if time.monotonic() > deadline:
            raise StackFailed(
                f"after {within_s:.0f} s the tables show {seen.recorded} of {events} events of run {run_id}, "
                f"{seen.refused} refused, {seen.held} held; `chatsnapshot status` shows where they are"
            )
        held = f", {seen.held} held: waiting for what the planted gap left out" if seen.held else ""
        say(f"reading back: {seen.recorded} of {events} events{held}")
        time.sleep(POLL_S)


def _look(ledger: Ledger, run_id: str) -> Seen:
    try:
        return Seen(
            recorded=sum(1 for _ in ledger.run(run_id).events()),
            refused=_of_run(ledger.quarantine(1_000), run_id),
            held=_of_run(ledger.held(1_000), run_id),
        )
    except ClickHouseUnavailable:  # it is just being restarted
        return Seen(0, 0, 0)


def _of_run(rows: list[Any], run_id: str) -> int:
    return sum(1 for row in rows if row.correlation_id == run_id)
