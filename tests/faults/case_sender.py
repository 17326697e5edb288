"""Sends cases and finds out where each ended."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from chatsnapshot_schemas import headers
from chatsnapshot_schemas.partitioning import partition_of
from tests.faults.bad_input import DUPLICATE, LEDGER, Case
from tests.faults.lab import Lab
from tests.pipeline.sequencer_installation import value_of
from tests.pipeline.worker_process import WITHIN_S

MESSAGE_BYTES_MAX = 300_000_000
"""The client must not refuse what the broker might take."""
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """A case and where the broker put it."""

    case: Case
    partition: int
    offset: int

    @property
    def position(self) -> Position:
        return self.partition, self.offset


def send_cases(lab: Lab, cases: Iterable[Case], **settings: Any) -> list[Sent]:
    """All are acknowledged; in their order within a partition. `settings`: of the producer."""
    lab.stillness.start()
    told = {"bootstrap.servers": lab.bootstrap, "enable.idempotence": True, "linger.ms": 5, **settings}
    producer = Producer({**told, "message.max.bytes": MESSAGE_BYTES_MAX})
    sent: list[Sent] = []

    def note(case: Case, error: KafkaError | None, message: Message) -> None:
        lab._note(error, message)
        last = lab.acknowledged[-1]
        sent.append(Sent(case, last.partition, last.offset))

    for case in cases:
        while True:
            try:
                callback = partial(note, case)
                producer.produce(
                    lab.topics.events, case.value, case.key, case.partition, callback, headers=list(case.headers)
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(WITHIN_S) == 0
    return sent


def honest(inputs: Iterable[tuple[bytes, bytes]], partitions: int) -> list[Case]:
    """Ordinary events as cases."""
    recorded = frozenset({LEDGER})
    return [Case("honest", key, value, recorded, partition_of(key, partitions)) for key, value in inputs]


def interleaved(choices: random.Random, *parts: Sequence[Case]) -> list[Case]:
    """All cases in one list, at random, those of a part in their order."""
    order = [at for at, part in enumerate(parts) for _ in part]
    choices.shuffle(order)
    following = [iter(part) for part in parts]
    return [next(following[at]) for at in order]


def assert_ended(lab: Lab, sent: Iterable[Sent]) -> None:
    """Each case is in one of its places, what is in quarantine with every byte that came."""
    recorded = {(plain["input_partition"], plain["input_offset"]) for plain in lab.installation.ledger()}
    refused = {_input_of(message): message for message in lab.installation.records(lab.topics.quarantine)}
    for one in sent:
        case, message = one.case, refused.get(one.position)
        if one.position in recorded:
            assert message is None, case
            place = LEDGER
        elif message is None:
            place = DUPLICATE
        else:
            place = _header(message, headers.QUARANTINE_REASON)
            assert (message.key(), message.value()) == (case.key, case.value), case.name
            assert [tuple(pair) for pair in message.headers() or ()][: len(case.headers)] == case.headers, case.name
        assert place in case.places, f"{case.name}: {place}, expected {sorted(case.places)}; {case.value!r:.200}"


def assert_shown(lab: Lab, sent: Iterable[Sent]) -> None:
    """The table of quarantine has every byte of what is in the topic."""
    shown = {
        (row[0], row[1]): (row[2], row[3])
        for row in lab.client.query(
            f"SELECT input_partition, input_offset, hex(message_key), hex(original) FROM {lab.database}.quarantine"
        ).result_rows
    }
    refused = {_input_of(message): message for message in lab.installation.records(lab.topics.quarantine)}
    assert shown.keys() == refused.keys()
    for one in sent:
        if one.position in refused:
            message = refused[one.position]
            value = b"" if message.value() is None else value_of(message)
            assert shown[one.position] == (bytes(message.key() or b"").hex().upper(), value.hex().upper()), one.case


def _input_of(message: Message) -> Position:
    return (
        int(_header(message, headers.QUARANTINE_INPUT_PARTITION)),
        int(_header(message, headers.QUARANTINE_INPUT_OFFSET)),
    )


def _header(message: Message, name: str) -> str:
    """The last of a name is the sequencer's."""
    value = dict(message.headers() or ())[name]
    assert isinstance(value, bytes)
    return value.decode()
