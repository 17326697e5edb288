"""Faust's aiokafka driver, changed in five ways.

1. One Faust message per partition and fetch, holding the whole list of records: a message costs Faust ~50 us.
2. It never commits: offsets belong to the lanes' transactions. It never seeks to committed offsets either: each opened
   lane says where it begins.
3. Only partitions whose lane takes more are fetched. aiokafka keeps at most one fetch per partition ready beyond that.
4. It reads committed records only, and an offset outside the topic is an error, never a silent jump.
5. A header's name may be any bytes, as for the broker.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import aiokafka
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.intake import Fetch, Intake
from chatsnapshot_processors.tolerant_records import read_any_header_name
from chatsnapshot_schemas.errors import MissingExtra, TopicMismatch

FETCH_RECORDS_MAX = 20_000
"""Records of all partitions from one fetch."""
_FETCH_WAIT_S = 0.1
"""A fetch without records ends after this, so that a lane that has become hungry is fetched again."""
_HUNGER_POLL_S = 0.01
_FETCH_BYTES_MIN = 32 * 1024
"""Or what came within _FETCH_WAIT_S: a trickle would cost the broker a fetch for every few records."""
_FETCH_BYTES_MAX = 1024 * 1024
"""Per partition and fetch; a single larger record or batch still comes whole."""
_POLL_INTERVAL_MAX_S = 24 * 3600.0
"""Lanes may be full or open for long without a fetch; whether they get on is the watchdog's business."""


class BatchConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Owns the aiokafka consumer."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        read_any_header_name()
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_poll_records=FETCH_RECORDS_MAX,
            max_poll_interval_ms=int(_POLL_INTERVAL_MAX_S * 1000),
            max_partition_fetch_bytes=_FETCH_BYTES_MAX,
            fetch_max_wait_ms=int(_FETCH_WAIT_S * 1000),
            fetch_min_bytes=_FETCH_BYTES_MIN,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def fetch(self, wanted: set[TP]) -> dict[TP, tuple[list[Any], int]]:
        """Records of the wanted partitions that come within _FETCH_WAIT_S, and the position of each behind them.

        A partition that was assigned anew meanwhile has no position until its lane says where it begins: it is left
        out. Raises OffsetOutOfRangeError.
        """
        fetched: dict[TP, tuple[list[Any], int]] = await self.call_thread(self._fetch, wanted)
        return fetched

    async def _fetch(self, wanted: set[TP]) -> dict[TP, tuple[list[Any], int]]:
        consumer = self._ensure_consumer()
        try:
            records = await self._fetch_records(consumer, wanted, _FETCH_WAIT_S, FETCH_RECORDS_MAX)
        except NoOffsetForPartitionError:  # assigned anew while this fetch waited, and nothing was ever committed
            return {}
        # no one else takes records, so everything below these positions has been handed out
        return {tp: (records.get(tp, []), position) for tp, position in _positions(consumer, wanted).items()}

    def membership(self) -> GroupMembership:
        """The consumer's place in its group now."""
        coordinator = self._ensure_consumer()._coordinator
        return GroupMembership(
            group_id=coordinator.group_id,
            generation=coordinator.generation,
            member_id=coordinator.member_id or "",
            instance_id=self.app.conf.consumer_group_instance_id,
        )


def _positions(consumer: aiokafka.AIOKafkaConsumer, wanted: set[TP]) -> dict[TP, int]:
    """Those that are known now. `AIOKafkaConsumer.position` would wait for the lane's seek, which waits for this."""
    subscription = consumer._subscription.subscription
    if subscription is None or subscription.assignment is None:
        return {}
    states = {tp: subscription.assignment.state_value(tp) for tp in wanted}
    return {tp: state.position for tp, state in states.items() if state is not None and state.has_valid_position}


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """Feeds the agent one message per fetch. `intakes` tells what is wanted; the transport sets it."""

    intakes: Callable[[], Iterable[Intake]]
    topic: str

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def membership(self) -> GroupMembership:
        """The consumer's place in its group; to be asked while partitions are being assigned."""
        membership: GroupMembership = self._thread.membership()
        return membership

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Faust messages whose value is a `Fetch`."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        await self._seek_new()
        hungry = {TP(self.topic, intake.partition): intake for intake in self.intakes() if intake.hungry}
        if not hungry:
            await asyncio.sleep(_HUNGER_POLL_S)
            return
        try:
            fetched = await self._thread.fetch(set(hungry))
        except OffsetOutOfRangeError as error:
            raise TopicMismatch(f"{self.topic}: input was deleted before it was sequenced: {error}") from error
        except UnsupportedCodecError as error:  # aiokafka leaves the codecs to cramjam
            raise MissingExtra("processors", f"compressed input of {self.topic} ({error})") from error
        except IllegalStateError:  # taken away at this moment
            return
        for tp, (records, position) in fetched.items():
            # reserved even if the flow has stopped: the lane sees what is missing
            fetch = None if hungry[tp].closed else hungry[tp].reserve(records, position)
            if fetch is not None and self.flow_active and not self.should_stop:
                yield tp, self._message(tp, fetch)

    async def _seek_new(self) -> None:
        """Set the consumer to where newly opened lanes begin."""
        for intake in self.intakes():
            if intake.sought or intake.closed:
                continue
            try:
                await self.seek_wait({TP(self.topic, intake.partition): intake.start})
            except IllegalStateError:  # taken away at this moment
                continue
            intake.sought = True

    def _message(self, tp: TP, fetch: Fetch) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            fetch.following - 1,
            None,
            None,
            (),
            None,
            fetch,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def perform_seek(self) -> None:
        """Lanes say where they begin."""

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Offsets are committed by the lanes."""
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust warns of partitions that it does not commit; the watchdog looks at the lanes."""


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Faust transport with the consumer above."""

    Consumer = BatchConsumer

    def __init__(self, topic: str, intakes: Callable[[], Iterable[Intake]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._topic = topic
        self._intakes = intakes

    def create_consumer(self, callback: Any, **kwargs: Any) -> BatchConsumer:
        """A consumer that knows topic and intakes."""
        consumer: BatchConsumer = super().create_consumer(callback, **kwargs)
        consumer.topic = self._topic
        consumer.intakes = self._intakes
        return consumer
