"""A running sequencer: order, duplicates, poison, large messages, ticks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from chatsnapshot_schemas import headers
from chatsnapshot_schemas.codec import decode_ledger_plain
from chatsnapshot_schemas.partitioning import message_key, partition_of
from chatsnapshot_schemas.topics import INPUT_MESSAGE_BYTES_MAX
from tests.pipeline.sequencer_installation import (
    FRAMING,
    Installation,
    Worker,
    assert_intact,
    chained_events,
    event,
    event_id,
    eventually,
    input_record,
    value_of,
)
from tests.pipeline.worker_process import WITHIN_S

HOLD_MICROS = 1_500_000


@pytest.fixture(scope="module")
def installation(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(kafka_bootstrap, tmp_path_factory.mktemp("sequencer"))
    made.migrate()
    return made


@pytest.fixture(scope="module", autouse=True)
def worker(installation: Installation) -> Iterator[Worker]:
    with installation.worker(hold_micros=HOLD_MICROS).running() as running:
        yield running
        assert running.stop() == 0, running.said()


def of_runs(installation: Installation, prefix: str) -> list[bytes]:
    bodies = installation.ledger_bodies()
    return [b for b in bodies if decode_ledger_plain(b)["envelope"]["correlation_id"].startswith(prefix)]


def test_every_event_is_recorded_once_in_the_order_of_its_run(installation: Installation) -> None:
    runs = [f"order-{n}" for n in range(10)]
    sent = chained_events(runs, range(50))
    installation.send([*sent, *sent[::3]])
    bodies = eventually(lambda: found if len(found := of_runs(installation, "order-")) >= 500 else None)
    assert len(bodies) == 500
    assert_intact(bodies)
    recorded = [p for p in installation.ledger() if p["envelope"]["correlation_id"].startswith("order-")]
    assert {plain["cause"] for plain in recorded} == {"root", "linked"}
    assert not any(plain["gap_before"] or plain["late"] for plain in recorded)
    for run in runs:
        ids = [p["envelope"]["event_id"] for p in recorded if p["envelope"]["correlation_id"] == run]
        assert ids == [event_id(run, n) for n in range(50)]


def test_partition_epoch_and_append_time_are_the_input_records(installation: Installation) -> None:
    installation.send(chained_events(["place"], range(3)))
    eventually(lambda: of_runs(installation, "place") or None)
    inputs = {(m.partition(), m.offset()): m for m in installation.records(installation.topics.events)}
    for message in installation.records(installation.topics.ledger):
        plain = decode_ledger_plain(FRAMING.ledger_body(value_of(message)))
        came = inputs[plain["input_partition"], plain["input_offset"]]
        assert message.partition() == plain["input_partition"] == came.partition()
        assert message.key() == came.key()
        assert plain["input_epoch"] == 1
        assert plain["recorded_at"] == came.timestamp()[1] * 1000


def test_poison_goes_to_quarantine_with_its_bytes_and_the_stream_goes_on(installation: Installation) -> None:
    key, good = input_record(event("poison", 0))
    partition = partition_of(key, installation.partitions)
    truncated = good[:-3]
    own = [("traceparent", b"00-x"), (headers.QUARANTINE_REASON, b"forged"), ("empty", None)]
    installation.send_to(partition, b"not an event", key, headers=own)
    installation.send_to(partition, truncated, None)
    installation.send_to(1 - partition, good, key)
    installation.send([(key, good)])
    eventually(lambda: of_runs(installation, "poison") or None)
    found = eventually(lambda: q if len(q := installation.records(installation.topics.quarantine)) >= 3 else None)
    here = [message for message in found if message.partition() == partition]
    assert [(m.key(), m.value()) for m in here] == [(key, b"not an event"), (None, truncated)]
    assert [m.value() for m in found if m.partition() != partition] == [good]
    said = here[0].headers() or []
    assert [tuple(header) for header in said[:3]] == own
    latest = dict(said)
    assert latest[headers.QUARANTINE_REASON] == b"undecodable"
    assert latest[headers.QUARANTINE_INPUT_EPOCH] == b"1"
    assert latest[headers.QUARANTINE_INPUT_PARTITION] == str(partition).encode()
    came = next(m for m in installation.records(installation.topics.events) if m.value() == b"not an event")
    assert latest[headers.QUARANTINE_INPUT_OFFSET] == str(came.offset()).encode()
    assert latest[headers.QUARANTINE_FIRST_SEEN] == str(came.timestamp()[1] * 1000).encode()


def test_the_largest_message_that_the_input_takes_passes(installation: Installation) -> None:
    key, _ = input_record(event("large", 0))
    partition = partition_of(key, installation.partitions)
    # what Kafka's record batch adds to key and value
    value = bytes(index % 251 for index in range(INPUT_MESSAGE_BYTES_MAX - len(key) - 75))
    installation.send_to(partition, value, key)
    squeezed = bytes(7 * INPUT_MESSAGE_BYTES_MAX)
    installation.send_to(partition, squeezed, key, settings={"compression.type": "zstd"})
    installation.send([input_record(event("large", 0))])
    eventually(lambda: of_runs(installation, "large") or None)
    kept = [value_of(message) for message in installation.records(installation.topics.quarantine)]
    assert value in kept
    assert squeezed in kept


def test_a_tick_releases_what_waits_in_a_quiet_partition(installation: Installation) -> None:
    run = "quiet"
    installation.send([input_record(event(run, 1, event_id(run, 0)))])
    (plain,) = eventually(lambda: [p for p in installation.ledger() if p["envelope"]["correlation_id"] == run] or None)
    assert (plain["cause"], plain["gap_before"]) == ("unresolved", 1)
    partition = partition_of(message_key("default", run), installation.partitions)
    held = f"held/1/{plain['input_offset']}".encode()
    assert (partition, held) not in installation.state()
    ticks = [m for m in installation.records(installation.topics.events) if m.headers()]
    assert (headers.CONTROL, headers.TICK) in [tuple(header) for message in ticks for header in message.headers() or ()]


def test_offsets_of_aborted_records_and_transaction_markers_are_committed_too(installation: Installation) -> None:
    """Or the end of a topic that lost everything by age would seem to lie beyond what was sequenced."""
    settings = {"bootstrap.servers": installation.bootstrap, "transactional.id": "somebody"}
    producer = Producer(settings)
    producer.init_transactions(WITHIN_S)
    key, value = input_record(event("transactional", 0))
    partition = partition_of(key, installation.partitions)
    for commits in (True, False):
        producer.begin_transaction()
        producer.produce(installation.topics.events, value if commits else b"never seen", key, partition)
        producer.flush(WITHIN_S)
        producer.commit_transaction() if commits else producer.abort_transaction()
    consumer = Consumer({"bootstrap.servers": installation.bootstrap, "group.id": installation.group_id})
    place = TopicPartition(installation.topics.events, partition)
    _, end = consumer.get_watermark_offsets(place)
    eventually(lambda: consumer.committed([place])[0].offset == end or None)
    consumer.close()
    assert b"never seen" not in [message.value() for message in installation.records(installation.topics.quarantine)]


def test_an_event_waits_for_its_cause(installation: Installation) -> None:
    run = "waits"
    installation.send([input_record(event(run, 1, event_id(run, 0))), input_record(event(run, 0))])
    recorded = eventually(
        lambda: (
            found
            if len(found := [p for p in installation.ledger() if p["envelope"]["correlation_id"] == run]) >= 2
            else None
        )
    )
    assert [p["envelope"]["event_id"] for p in recorded] == [event_id(run, 0), event_id(run, 1)]
    assert [p["cause"] for p in recorded] == ["root", "linked"]


def test_the_data_folder_is_the_workers_own(installation: Installation, worker: Worker) -> None:
    assert (Path(worker.told["data_dir"]) / "worker-0" / "cache" / "ledger-0").is_dir()
