"""Clients that forget every broker for ever, once an answer names none.

`python -m tests.faults.forgetful serve http`: a role of the product with such clients.
"""

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chatsnapshot.__main__ import main
from tests.faults.own_broker import OwnBroker
from tests.pipeline.client_settings import add_client_settings

SLOW_TO_REPORT = ("broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=9000")
"""A broker's controller takes it for dead six seconds of nine; meanwhile it answers without naming any broker."""
ASKS_OFTEN: dict[str, Any] = {"topic.metadata.refresh.interval.ms": 500}
"""So that a client asks about brokers while there are none."""
FORGETFUL: dict[str, Any] = {**ASKS_OFTEN, "metadata.recovery.strategy": "none"}


@contextmanager
def fenced(broker: OwnBroker) -> Iterator[None]:
    """Its controller takes the broker for dead again and again; then it runs as usual."""
    usual = broker.node
    _restart(broker, dataclasses.replace(usual, more_properties=SLOW_TO_REPORT))
    yield
    _restart(broker, usual)


def _restart(broker: OwnBroker, node: Any) -> None:
    broker.kill()
    broker.node = node
    broker.start()


if __name__ == "__main__":
    add_client_settings(FORGETFUL)
    sys.exit(main())
