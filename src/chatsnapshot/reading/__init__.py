"""Reading back: runs, histories, causes, live tail, proof."""

from chatsnapshot.reading.history import RunHistory
from chatsnapshot.reading.ledger import Ledger

__all__ = ["Ledger", "RunHistory"]
