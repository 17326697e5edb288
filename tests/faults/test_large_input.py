"""The largest messages that the broker takes, packed and unpacked: whatever comes in also fits where it must go."""

import random
from hashlib import sha256

import pytest
from confluent_kafka import KafkaError, Producer

from chatsnapshot.verification.findings import Kind
from chatsnapshot_processors.core.record_size import CUT_BYTES
from chatsnapshot_schemas.headers import QUARANTINE_DETAIL
from chatsnapshot_schemas.partitioning import partition_of
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import CAUSED_BY_MAX, CORRELATION_CHARS_MAX, HEADER_BYTES_MAX
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX, QUARANTINED_BYTES_MAX
from tests.faults.bad_fields import payload_of
from tests.faults.bad_input import LEDGER, BadInput, Case
from tests.faults.case_sender import MESSAGE_BYTES_MAX, Sent, assert_ended, honest, interleaved, send_cases
from tests.faults.input_stream import decide, sequence, short_holds
from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.pipeline.sequencer_installation import event, event_id, input_record
from tests.pipeline.test_verify_damage import verify
from tests.pipeline.worker_process import WITHIN_S

RECORD_BATCH_BYTES = 72
"""What Kafka's format adds to a record of this size: 61 of the batch, 11 of the record with a key below 64 bytes."""
CODECS = ("gzip", "snappy", "lz4", "zstd")
UNDECODABLE, TOO_LARGE = frozenset({str(Reason.UNDECODABLE)}), frozenset({str(Reason.TOO_LARGE)})
RECORDED = frozenset({LEDGER})


@pytest.mark.slow_fault
def test_the_largest_messages_that_the_broker_takes(lab: Lab) -> None:
    """As value, as key and as headers; of garbage, of an event, and of one that waits for its cause."""
    choices, key = lab.choices, b"default/large"
    value = choices.randbytes(INPUT_MESSAGE_BYTES_MAX - RECORD_BATCH_BYTES - len(key))
    assert refused(lab, key, value + b"x")
    rest = INPUT_MESSAGE_BYTES_MAX - 100
    small = choices.randbytes(40)
    cases = [
        Case("largest value", key, value, UNDECODABLE, 0),
        Case("one byte less", key, value[1:], UNDECODABLE, 1),
        Case("largest key", choices.randbytes(rest), None, UNDECODABLE, 0),
        Case("largest header", None, small, UNDECODABLE, 1, [("h", choices.randbytes(rest - 100))]),
        Case("most headers", None, small, UNDECODABLE, 2, [(f"{n:06x}", small[:4]) for n in range(rest // 14)]),
        *largest_events(choices, lab.partitions),
    ]
    sequence(lab, cases)


def test_packed_messages_that_are_larger_unpacked(lab: Lab) -> None:
    """The broker's limit is on the packed size: what another codec packs less well must not stop its partition."""
    choices = lab.choices
    digits = choices.randbytes(900_000).hex().encode()
    cases = [
        Case("digits", b"digits", digits, TOO_LARGE, 0),
        Case("digits as key", digits, b"x", TOO_LARGE, 1),
        Case("digits as header", None, b"x", TOO_LARGE, 2, [("h", digits)]),
        Case("7 MiB of zeros", b"zeros", bytes(7 * INPUT_MESSAGE_BYTES_MAX), TOO_LARGE, 0),
        Case("repeated out of reach", None, choices.randbytes(200_000) * 40, TOO_LARGE, 1),
        *(one for one in largest_events(choices, lab.partitions) if one.name != "held, largest headers"),
    ]
    sequence(lab, cases, **{"compression.type": "zstd", "compression.level": "9"})


@pytest.mark.slow_fault
def test_what_quarantine_cannot_take_whole_stops_nothing(lab: Lab) -> None:
    """Its beginning is kept, with the size and digest of the whole; all around it goes on."""
    value = lab.choices.randbytes(100_000) * 400
    assert len(value) > QUARANTINED_BYTES_MAX
    around = honest(lab.workload().inputs(600), lab.partitions)
    bomb = Case("40 MB in 100 KB", b"bomb", value, TOO_LARGE, 1)
    cases = [*around[:300], bomb, Case("zeros", None, bytes(10**8), TOO_LARGE, 2), *around[300:]]
    sent = send_cases(lab, cases, **{"compression.type": "zstd"})
    with short_holds(lab):
        lab.settle()
    assert_ended(lab, [one for one in sent if one.case.name == "honest"])
    kept = {message.key(): message for message in lab.installation.records(lab.topics.quarantine)}
    assert kept.keys() == {b"bomb", None}
    assert kept[b"bomb"].value() == value[:CUT_BYTES]
    detail = dict(kept[b"bomb"].headers() or ())[QUARANTINE_DETAIL]
    assert sha256(value).hexdigest().encode() in bytes(detail or b"")
    examine(lab)
    assert verify(lab).counts == {Kind.QUARANTINED: 2}


@pytest.mark.slow_fault
def test_batches_of_every_codec(lab: Lab) -> None:
    bad = BadInput(lab.choices, lab.partitions)
    sent: list[Sent] = []
    for codec in CODECS:
        parts = (bad.truncated(50), bad.garbage(100), honest(lab.workload().inputs(200), lab.partitions))
        cases = interleaved(lab.choices, *map(list, parts))
        sent += send_cases(lab, cases, **{"compression.type": codec, "linger.ms": 50})
    decide(lab, sent)


def largest_events(choices: random.Random, partitions: int) -> list[Case]:
    """Events at every limit at once, under the largest key and headers that a message may have."""
    run = "\U0001f600" * (CORRELATION_CHARS_MAX - 1) + "l"
    causes = [event_id(run, number) for number in range(CAUSED_BY_MAX)]
    name = "\U0001f600" * 256
    source = {"origin": "agent", "runtime": name, "service": name, "instance": name, "agent": name}
    filled = {"source": source, "subject_id": name, "headers": {"h": "v" * (HEADER_BYTES_MAX - 1)}}
    full = {**filled, "payload": payload_of(PAYLOAD_BYTES_MAX), "source_seq": None}
    first = event(run, 0, source_seq=None)
    home, opening = input_record(first)
    partition = partition_of(home, partitions)

    def case(title: str, number: int, held: bool, *, key: int = 0, header: int = 0) -> Case:
        cause = event_id(run, 999_999) if held else first["event_id"]
        plain = event(run, 1_000 + number, cause, caused_by=causes if held else [], **full)
        headers: list[tuple[str, bytes | None]] = [("h", choices.randbytes(header))] if header else []
        return Case(title, choices.randbytes(key) or home, input_record(plain)[1], RECORDED, partition, headers)

    room = 700_000
    return [
        Case("first", home, opening, RECORDED, partition),
        case("largest event", 0, held=False),
        case("largest event, largest key", 1, held=False, key=room),
        case("largest event, largest headers", 2, held=False, header=room),
        case("held, largest", 3, held=True),
        case("held, largest key", 4, held=True, key=room),
        case("held, largest headers", 5, held=True, header=room),
    ]


def refused(lab: Lab, key: bytes, value: bytes) -> bool:
    """Whether the broker finds the message too large."""
    errors: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": lab.bootstrap, "message.max.bytes": MESSAGE_BYTES_MAX})
    producer.produce(lab.topics.events, value, key, 0, on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(WITHIN_S) == 0
    return [error and error.code() for error in errors] == [KafkaError.MSG_SIZE_TOO_LARGE]
