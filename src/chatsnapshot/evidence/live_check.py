"""Roots and an anchor compared with the live topics: what `evidence check` does for files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer

from chatsnapshot.evidence.anchor_file import AnchoredRoots, Ledger
from chatsnapshot.evidence.root_chain import RootChain
from chatsnapshot.evidence.root_replay import Found, RootReplay
from chatsnapshot.evidence.root_values import has_roots_topic, root_values
from chatsnapshot.evidence.tail import Tail, tail_of
from chatsnapshot.kafka.admin import ANSWER_TIMEOUT_S, admin_client, partition_count, topic_ids
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """Where the topics are, and what was kept elsewhere. Raises BrokerUnavailable, AccessRefused, TopicMismatch."""

    kafka: KafkaConnection
    topics: TopicNames
    framing: Framing
    anchored: dict[Ledger, AnchoredRoots]
    found: Found
    keys: frozenset[bytes] = frozenset()

    def run(self, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Tail]:
        """Compute every root again; findings go to `found`. The tail of each partition."""
        admin, ledger = admin_client(self.kafka), self.topics.ledger
        count = partition_count(self.kafka, ledger)
        cluster = str(admin.describe_cluster(request_timeout=ANSWER_TIMEOUT_S).result().cluster_id)
        topic_id = topic_ids(admin, [ledger])[ledger]
        has_roots = has_roots_topic(self.kafka, self.topics)
        group = self.topics.sink_group  # the one that a verifier may ask about
        roots, records = reader(self.kafka, group), reader(self.kafka, group)
        tails = []
        try:
            for partition in range(count):
                progress(partition, count)
                tails.append(self._partition(roots if has_roots else None, records, (cluster, topic_id, partition)))
        finally:
            roots.close()
            records.close()
        progress(count, count)
        return tails

    def _partition(self, roots: Consumer | None, records: Consumer, ledger: Ledger) -> Tail:
        partition, seen = ledger[2], 0
        chain = RootChain(ledger, self.found, self.keys, self.anchored.get(ledger))
        values = iter(()) if roots is None else root_values(roots, self.kafka, self.topics, partition)
        # it reads the first root at once: the roots' end is known before the ledger's
        replay = RootReplay(partition, chain.read(values), self.found)
        for message in read_partition(records, self.kafka, self.topics.ledger, partition):
            value: Any = message.value()
            key: Any = message.key()
            try:
                body = self.framing.ledger_body(value)
            except InvalidEvent:
                continue  # the check of the chains tells
            replay.feed(message.offset() or 0, key or b"", body)
            seen += 1
        replay.finish()
        return tail_of(chain, replay.first_different, seen, None)
