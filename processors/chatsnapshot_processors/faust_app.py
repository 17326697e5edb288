"""The Faust application: an agent that hands fetches to lanes, and rebalances that open and end them."""

import logging
from pathlib import Path
from typing import Any

import faust
from faust.serializers.codecs import Codec
from faust.types import TP

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.faust_credentials import faust_credentials
from chatsnapshot_processors.faust_transport import BatchTransport
from chatsnapshot_processors.lane_pool import LanePool
from chatsnapshot_schemas.connections import KafkaConnection

log = logging.getLogger(__name__)


class _AsIs(Codec):  # type: ignore[misc]
    """Values are fetches already."""

    def loads(self, s: Any) -> Any:
        return s

    def dumps(self, obj: Any) -> Any:
        return obj


def build_app(config: SequencerConfig, folder: Path, pool: LanePool) -> faust.App:
    """The application; to be called in the event loop that runs it."""
    events = config.topics.events
    app = faust.App(
        config.group_id,
        broker=_broker_urls(config.kafka),
        broker_credentials=faust_credentials(config.kafka),
        broker_session_timeout=config.session_timeout_s,
        broker_heartbeat_interval=config.heartbeat_s,
        consumer_group_instance_id=config.instance_id,
        datadir=str(folder),
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        table_standby_replicas=0,
        web_enabled=False,
        autodiscover=False,
    )
    app.transport = BatchTransport(events, pool.intakes, app.conf.broker_consumer, app, loop=app.loop)
    as_is = _AsIs()
    topic = app.topic(
        events, key_type=None, value_type=None, key_serializer=as_is, value_serializer=as_is, acks=False, internal=True
    )
    app.agent(topic, name="sequencer", concurrency=1)(_hand_over)
    _follow_assignment(app, events, pool)
    return app


async def _hand_over(stream: Any) -> None:
    """The agent: it only passes on. A fetch of a lane that has ended falls away."""
    async for event in stream.events():
        try:
            event.value.intake.put(event.value)
        except Exception:  # an exception here would make Faust skip the fetch silently
            log.exception("a fetch could not be handed over; its lane will notice")


def _follow_assignment(app: faust.App, events: str, pool: LanePool) -> None:
    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(app: faust.App, revoked: set[TP], **kwargs: Any) -> None:
        await pool.revoke()

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(app: faust.App, assigned: set[TP], **kwargs: Any) -> None:
        await pool.assign([tp.partition for tp in assigned if tp.topic == events], app.consumer.membership())


async def at_end(app: faust.App, events: str, partition: int) -> bool:
    """Whether the consumer has read a partition of the events topic to its end."""
    tp = TP(events, partition)
    end = app.consumer.highwater(tp)
    return end is not None and tp in app.consumer.assignment() and await app.consumer.position(tp) >= end


def _broker_urls(kafka: KafkaConnection) -> list[str]:
    return [f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")]
