"""Sorts what one fetch brought into the lanes."""

from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from confluent_kafka import KafkaError, Message

from chatsnapshot_projections.sink_assignment import LaneKey
from chatsnapshot_projections.sink_batch import Record
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_trouble import ClientTrouble


def route(messages: list[Message], lanes: Mapping[LaneKey, Lane], trouble: ClientTrouble, now: float) -> None:
    """Records to their lanes first, then ends of logs: an end counts only behind its records.

    What comes for a lane that is not opened belongs to an earlier assignment of that partition, and is dropped.
    """
    arrived: defaultdict[LaneKey, list[Record]] = defaultdict(list)
    signals: list[Message] = []
    for message in messages:
        if message.error() is None:
            arrived[_key(message)].append(cast("Record", message))
        else:
            signals.append(message)
    for key, records in arrived.items():
        lane = lanes.get(key)
        if lane is not None and lane.is_opened:
            lane.take(records, now)
    for message in signals:
        _signal(message, cast("KafkaError", message.error()), lanes.get(_key(message)), trouble)


def _signal(message: Message, error: KafkaError, lane: Lane | None, trouble: ClientTrouble) -> None:
    is_of_lane = lane is not None and lane.is_opened
    if error.code() == KafkaError._PARTITION_EOF:
        if lane is not None and is_of_lane:
            lane.reached_end(cast("int", message.offset()))
    elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        if lane is not None and is_of_lane:
            lane.stop(f"its committed offset is not in the topic: {error.str()}")
    else:
        trouble.report(error)


def _key(message: Message) -> LaneKey:
    return cast("LaneKey", (message.topic(), message.partition()))
