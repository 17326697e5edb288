"""Three real brokers on loopback that are one cluster: each is a controller too, every topic has three copies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chatsnapshot.embedded.kafka_broker import KafkaNode, new_cluster_id
from chatsnapshot.kafka.admin import admin_client
from chatsnapshot_schemas.connections import KafkaConnection
from tests.faults.own_broker import SMALL_HEAP, OwnBroker, node_in
from tests.pipeline.sequencer_installation import eventually

NODES = (1, 2, 3)
REPLICATED = (
    "offsets.topic.replication.factor=3",
    "transaction.state.log.replication.factor=3",
    "transaction.state.log.min.isr=2",
    "share.coordinator.state.topic.replication.factor=3",
    "share.coordinator.state.topic.min.isr=2",
    "unclean.leader.election.enable=false",
    # a follower that died is out of the way as soon as its session has ended
    "replica.lag.time.max.ms=6000",
    "controller.quorum.fetch.timeout.ms=1500",
    "controller.quorum.election.timeout.ms=1000",
)
METADATA_LOG = "log/__cluster_metadata-0"


@dataclass(frozen=True)
class ThreeBrokers:
    """The nodes by id."""

    nodes: dict[int, OwnBroker]

    @property
    def bootstrap(self) -> str:
        """All three."""
        return ",".join(node.bootstrap for node in self.nodes.values())

    def leader(self, topic: str, partition: int = 0) -> int:
        """The node that leads a partition, once it has a leader that lives."""
        admin = admin_client(KafkaConnection(bootstrap_servers=self.bootstrap))
        known = admin.list_topics(topic, timeout=30).topics[topic].partitions[partition]
        return int(known.leader)

    def wait_for_copies(self, topics: tuple[str, ...]) -> None:
        """Until every partition of these has all three copies in step."""
        admin = admin_client(KafkaConnection(bootstrap_servers=self.bootstrap))

        def whole() -> bool | None:
            known = admin.list_topics(timeout=30).topics
            partitions = [each for topic in topics for each in known[topic].partitions.values()]
            return all(len(each.isrs) == len(NODES) for each in partitions) or None

        eventually(whole)

    def controller(self) -> int:
        """The active controller, by what the nodes wrote of their last election."""
        states = [_quorum_state(node.node) for node in self.nodes.values()]
        return max(states)[1]


def _quorum_state(node: KafkaNode) -> tuple[int, int]:
    """(epoch, leader)."""
    state = json.loads((node.folder / METADATA_LOG / "quorum-state").read_text())
    return int(state["leaderEpoch"]), int(state["leaderId"])


@contextmanager
def three_brokers(folder: Path) -> Iterator[ThreeBrokers]:
    """Running; killed at the end."""
    cluster_id = new_cluster_id()
    plain = {number: node_in(folder / f"kafka-{number}") for number in NODES}
    voters = ",".join(f"{number}@127.0.0.1:{node.controller_port}" for number, node in plain.items())
    nodes = {
        number: replace(
            node,
            cluster_id=cluster_id,
            jvm_options=("-Xms64m", "-Xmx192m", *SMALL_HEAP[2:]),
            more_properties=(f"node.id={number}", f"controller.quorum.voters={voters}", *REPLICATED),
        )
        for number, node in plain.items()
    }
    brokers = {number: OwnBroker(node, folder / f"kafka-{number}.log") for number, node in nodes.items()}
    try:
        for broker in brokers.values():
            broker.start(wait=False)
        for broker in brokers.values():
            broker.wait()
        yield ThreeBrokers(brokers)
    finally:
        for broker in brokers.values():
            broker.end()
