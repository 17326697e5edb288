"""ChatSnapshot: a durable execution ledger for agentic and distributed systems.

Names are loaded when they are first used (PEP 562), so an agent process pays only for what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatsnapshot.reading import Ledger
    from chatsnapshot.recording import Recorder, Run
    from chatsnapshot_schemas.envelope import EventEnvelope, Source
    from chatsnapshot_schemas.errors import ChatSnapshotError, InvalidEvent, Undelivered
    from chatsnapshot_schemas.ledger_record import LedgerRecord

__version__ = "0.2.0"

_HOME = {
    "Recorder": "chatsnapshot.recording",
    "Run": "chatsnapshot.recording",
    "Ledger": "chatsnapshot.reading",
    "EventEnvelope": "chatsnapshot_schemas.envelope",
    "Source": "chatsnapshot_schemas.envelope",
    "LedgerRecord": "chatsnapshot_schemas.ledger_record",
    "ChatSnapshotError": "chatsnapshot_schemas.errors",
    "InvalidEvent": "chatsnapshot_schemas.errors",
    "Undelivered": "chatsnapshot_schemas.errors",
}

__all__ = [
    "ChatSnapshotError",
    "EventEnvelope",
    "InvalidEvent",
    "Ledger",
    "LedgerRecord",
    "Recorder",
    "Run",
    "Source",
    "Undelivered",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
