"""Whether the events topic is still the one that a lane opened.

A topic that was deleted and made anew has the same name, and fetches go by name: a lane's position may fit the new one
too, and everything before it would be passed over. So the topic's id is asked for between the fetch of a batch and its
commit: an id never comes back, so what was fetched in between came from the topic that the lane opened.
"""

from threading import Lock
from time import monotonic

from chatsnapshot_processors.input_topic import topic_id
from chatsnapshot_schemas.errors import TopicMismatch
from chatsnapshot_schemas.kafka_admin import LastingAdmin


class InputIdentity:
    """Shared by the lanes of a worker: one answer serves all that asked before it was asked for."""

    def __init__(self, admin: LastingAdmin, topic: str) -> None:
        self._admin = admin
        self._topic = topic
        self._lock = Lock()
        self._found = ""
        self._asked_at = -1.0

    def confirm(self, expected: str, since: float) -> None:
        """Look whether the topic had the id `expected` at or after `since` (monotonic seconds).

        Raises TopicMismatch with the way out, BrokerUnavailable, AccessRefused.
        """
        with self._lock:
            if self._asked_at < since:
                asked_at = monotonic()
                with self._admin.asked() as admin:
                    self._found = topic_id(admin, self._topic)
                self._asked_at = asked_at
            found = self._found
        if found != expected:
            raise TopicMismatch(
                f"{self._topic} was made anew (id {found}, was {expected}) while it was read: run `chatsnapshot "
                "migrate`, which begins a new epoch"
            )
