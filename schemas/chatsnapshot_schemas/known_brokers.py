"""Notices that a librdkafka client has forgotten every broker: it asks nobody any more, and never comes back by itself.

A broker that was silent for a while (a stall, a suspended machine, a rolling upgrade) is fenced by its controller, and
answers questions about topics without naming any broker. The client then lets go of all brokers that it knew (its issue
5301, seen with 2.16). With `metadata.recovery.strategy=none` that is for ever, each time; with `rebootstrap` it begins
again with the configured addresses, but for a race that leaves it without them, seen in one of three trials.
"""

import json
from typing import Any

from chatsnapshot_schemas.errors import BrokerUnavailable

REPORT_EVERY_MS = 5_000
"""A report costs a millisecond or two."""
EMPTY_REPORTS_MAX = 3
"""One may fall between forgetting and beginning again."""
_ADDRESSES = frozenset({"configured", "learned"})
"""Sources of brokers that the client can connect to; a `logical` one is the group's coordinator, wherever it is."""


class KnownBrokers:
    """One client's: `client_config()` is part of its configuration, the others are asked while it is polled."""

    def __init__(self) -> None:
        self._empty_reports = 0

    def client_config(self) -> dict[str, Any]:
        """What makes the client report."""
        return {"statistics.interval.ms": REPORT_EVERY_MS, "stats_cb": self.hear}

    def hear(self, statistics: str) -> None:
        """A report of the client, as JSON; called by the client."""
        brokers = json.loads(statistics).get("brokers", {}).values()
        knows_one = any(broker.get("source") in _ADDRESSES for broker in brokers)
        self._empty_reports = 0 if knows_one else self._empty_reports + 1

    @property
    def all_forgotten(self) -> bool:
        """Whether nothing but a new client helps."""
        return self._empty_reports >= EMPTY_REPORTS_MAX

    def check(self) -> None:
        """Raises BrokerUnavailable when nothing but a new client helps."""
        if self.all_forgotten:
            raise BrokerUnavailable(
                "Kafka's client has forgotten every broker after an answer that named none, and does not ask again: "
                "a new client is needed"
            )
