"""What a lane makes of caches, offsets and topics that are not as it left them."""

import logging
import os
import shutil
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.core.recorded_state import Changes
from chatsnapshot_processors.input_topic import describe
from chatsnapshot_processors.offset_metadata import OffsetMetadata
from chatsnapshot_processors.rocks_keys import CacheOwner, LedgerMark
from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_schemas.errors import CorruptLedger, TopicMismatch
from chatsnapshot_schemas.kafka_admin import ListeningAdmin
from chatsnapshot_schemas.state_entries import epoch_key
from tests.pipeline.lane_drill import cache_folder, lane_config, opened, sequence_all
from tests.pipeline.sequencer_installation import (
    Installation,
    assert_intact,
    chained_events,
    event,
    event_id,
    input_record,
)
from tests.pipeline.worker_process import WITHIN_S

RUNS = [f"run-{n}" for n in range(20)]


def install(kafka_bootstrap: str, folder: Path) -> Installation:
    made = Installation(kafka_bootstrap, folder, partitions=1)
    made.migrate()
    return made


@pytest.fixture
def installation(kafka_bootstrap: str, tmp_path: Path) -> Installation:
    return install(kafka_bootstrap, tmp_path)


@pytest.fixture
def config(installation: Installation) -> SequencerConfig:
    """With 400 events sequenced."""
    installation.send(chained_events(RUNS, range(20)))
    config = lane_config(installation)
    assert sequence_all(config) == 400
    return config


def restored_by(config: SequencerConfig, caplog: pytest.LogCaptureFixture) -> int:
    """How many ledger records an opening reads into the cache."""
    caplog.clear()
    with caplog.at_level(logging.INFO), opened(config):
        (message,) = [r.getMessage() for r in caplog.records if "open:" in r.getMessage()]
    return int(message.split("open: ")[1].split()[0])


def assert_goes_on(installation: Installation, config: SequencerConfig) -> None:
    """Everything again, then what follows: only the new is recorded, and chains are whole."""
    installation.send(chained_events(RUNS, range(30)))
    assert sequence_all(config) == 200
    bodies = installation.ledger_bodies()
    assert len(bodies) == 600
    assert_intact(bodies)


def owner(config: SequencerConfig) -> CacheOwner:
    topic = describe(ListeningAdmin(config.kafka), config.topics)
    return CacheOwner(topic.cluster_id, topic.ledger_topic_id, 0)


def test_an_untouched_cache_needs_nothing(
    installation: Installation, config: SequencerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    assert restored_by(config, caplog) == 0
    assert_goes_on(installation, config)


def test_a_deleted_cache_is_rebuilt(
    installation: Installation, config: SequencerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(cache_folder(config))
    assert restored_by(config, caplog) == 400
    assert_goes_on(installation, config)


def test_a_corrupt_cache_is_rebuilt(
    installation: Installation, config: SequencerConfig, caplog: pytest.LogCaptureFixture
) -> None:
    for file in cache_folder(config).iterdir():
        if file.name.startswith("MANIFEST"):
            file.write_bytes(os.urandom(500))
    assert restored_by(config, caplog) == 400
    assert_goes_on(installation, config)


def test_a_cache_of_another_topic_is_rebuilt(
    installation: Installation, config: SequencerConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = install(installation.bootstrap, tmp_path / "other")
    other.send(chained_events(["another"], range(401)))
    others = lane_config(other)
    sequence_all(others)
    shutil.rmtree(cache_folder(config))
    shutil.copytree(cache_folder(others), cache_folder(config))
    assert restored_by(config, caplog) == 400
    assert_goes_on(installation, config)


def test_a_cache_that_is_behind_is_caught_up(
    installation: Installation, config: SequencerConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(cache_folder(config), tmp_path / "older")
    installation.send(chained_events(RUNS, range(20, 21)))
    assert sequence_all(config) == 20
    shutil.rmtree(cache_folder(config))
    shutil.move(tmp_path / "older", cache_folder(config))
    assert restored_by(config, caplog) == 20
    installation.send(chained_events(RUNS, range(21, 30)))
    assert sequence_all(config) == 180
    assert_intact(installation.ledger_bodies())


@pytest.mark.parametrize("offset_changed", [0, 1_000_000])
def test_a_cache_with_another_hash_or_beyond_the_end_is_rebuilt(
    installation: Installation, config: SequencerConfig, offset_changed: int, caplog: pytest.LogCaptureFixture
) -> None:
    state = RocksState(cache_folder(config), owner(config))
    before = state.mark
    assert before is not None
    forged = LedgerMark(before.ledger_offset + offset_changed, bytes(32), 1, before.input_offset, 0)
    state.apply(Changes(), forged)
    state.close()
    assert restored_by(config, caplog) == 400
    assert_goes_on(installation, config)


def forget_offsets(config: SequencerConfig) -> None:
    admin = AdminClient(config.kafka.client_config())
    admin.delete_consumer_groups([config.group_id])[config.group_id].result(WITHIN_S)


@pytest.mark.parametrize("last", ["recorded", "held", "quarantined"])
def test_without_a_committed_offset_the_position_follows_from_the_topics(
    installation: Installation, config: SequencerConfig, last: str
) -> None:
    end = {
        "recorded": input_record(event("x", 0)),
        "held": input_record(event("x", 1, event_id("x", 0))),
        "quarantined": (b"default/x", b"poison"),
    }
    installation.send([end[last]])
    sequence_all(config)
    forget_offsets(config)
    with opened(config) as lane:
        assert lane.start == 401
        assert lane.sequencer.stream_time == installation.records(config.topics.events)[-1].timestamp()[1] * 1000
    # a duplicate leaves no trace, so it comes again, and is a duplicate again
    installation.send(chained_events(RUNS, range(1)))
    sequence_all(config)
    forget_offsets(config)
    assert_intact(installation.ledger_bodies())
    with opened(config) as lane:
        assert lane.start == 401


def commit_by_hand(config: SequencerConfig, offset: int, metadata: str | None) -> None:
    consumer = Consumer({**config.kafka.client_config(), "group.id": config.group_id})
    position = TopicPartition(config.topics.events, 0, offset)
    if metadata is not None:
        position = TopicPartition(config.topics.events, 0, offset, metadata)
    consumer.commit(offsets=[position], asynchronous=False)
    consumer.close()


@pytest.mark.parametrize("last", ["recorded", "held", "quarantined"])
def test_a_committed_offset_older_than_what_was_sequenced_doubles_nothing(
    installation: Installation, config: SequencerConfig, last: str
) -> None:
    """As when the broker lost the end of its offsets topic."""
    end = {
        "recorded": input_record(event("x", 0)),
        "held": input_record(event("x", 1, event_id("x", 0))),
        "quarantined": (b"default/x", b"poison"),
    }
    topic = describe(ListeningAdmin(config.kafka), config.topics)
    installation.send([(b"default/x", b"poison"), *chained_events(["y"], range(3)), end[last]])
    sequence_all(config)
    quarantined = len(installation.records(config.topics.quarantine))
    commit_by_hand(config, 400, OffsetMetadata(topic.topic_id, 1, 0).to_text())
    with opened(config) as lane:
        assert lane.start == 405
        assert lane.sequencer.stream_time == installation.records(config.topics.events)[-1].timestamp()[1] * 1000
    sequence_all(config)
    assert len(installation.records(config.topics.quarantine)) == quarantined
    assert_intact(installation.ledger_bodies())


@pytest.mark.parametrize("metadata", [None, "somebody else's", "{}", '{"v":1}', '{"v":99}'])
def test_an_offset_that_no_sequencer_committed_is_refused(config: SequencerConfig, metadata: str | None) -> None:
    commit_by_hand(config, 10, metadata)
    with pytest.raises(TopicMismatch, match="committed offset 10 of"), opened(config):
        pass


def test_an_offset_of_another_topic_or_epoch_is_refused(config: SequencerConfig) -> None:
    commit_by_hand(config, 10, OffsetMetadata("another", 1, 0).to_text())
    with pytest.raises(TopicMismatch, match="topic id another"), opened(config):
        pass
    topic = describe(ListeningAdmin(config.kafka), config.topics)
    commit_by_hand(config, 10, OffsetMetadata(topic.topic_id, 7, 0).to_text())
    with pytest.raises(TopicMismatch, match="epoch 7"), opened(config):
        pass


def test_a_position_beyond_the_end_is_refused(config: SequencerConfig) -> None:
    topic = describe(ListeningAdmin(config.kafka), config.topics)
    commit_by_hand(config, 9_999, OffsetMetadata(topic.topic_id, 1, 0).to_text())
    with pytest.raises(TopicMismatch, match="the topic lost records"), opened(config):
        pass


def delete_below(config: SequencerConfig, topic: str, offset: int) -> None:
    admin = AdminClient(config.kafka.client_config())
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        future.result(WITHIN_S)


def test_input_that_was_deleted_unread_is_refused(installation: Installation, config: SequencerConfig) -> None:
    installation.send(chained_events(RUNS, range(20, 22)))
    delete_below(config, config.topics.events, 410)
    with pytest.raises(TopicMismatch, match="10 offsets were deleted unread"), opened(config):
        pass


def test_a_ledger_without_its_beginning_cannot_be_rebuilt_from(config: SequencerConfig) -> None:
    delete_below(config, config.topics.ledger, 5)
    with opened(config):  # the cache holds what is gone
        pass
    shutil.rmtree(cache_folder(config))
    with pytest.raises(CorruptLedger, match="its beginning was deleted"), opened(config):
        pass


def test_a_topic_that_fits_no_epoch_is_refused(config: SequencerConfig) -> None:
    producer = Producer(config.kafka.client_config())
    producer.produce(config.topics.state, None, epoch_key(1), 0)
    producer.flush()
    with pytest.raises(TopicMismatch, match="chatsnapshot migrate"), opened(config):
        pass


def test_a_worker_that_cannot_start_says_why_in_one_line_and_fails(kafka_bootstrap: str, tmp_path: Path) -> None:
    installation = Installation(kafka_bootstrap, tmp_path, partitions=1)
    with installation.worker().running() as worker:
        assert worker.wait() == 1
    (line,) = [line for line in worker.said().splitlines() if "ERROR" in line]
    assert f"there is no topic {installation.topics.prefix}." in line
    assert "chatsnapshot migrate" in line
    assert "Traceback" not in worker.said()


def test_a_registry_that_does_not_answer_stops_the_worker(installation: Installation, config: SequencerConfig) -> None:
    with installation.worker(registry_url="http://127.0.0.1:9").running() as worker:
        assert worker.wait() == 1
    (line,) = [line for line in worker.said().splitlines() if "ERROR" in line]
    assert "registry_unavailable" in line
    assert installation.records(config.topics.quarantine) == []


def test_a_running_worker_that_meets_a_foreign_offset_says_why_and_fails(
    installation: Installation, config: SequencerConfig
) -> None:
    commit_by_hand(config, 10, None)
    with installation.worker().running() as worker:
        assert worker.wait() == 1
    (line,) = [line for line in worker.said().splitlines() if "ERROR" in line]
    assert "topic_mismatch" in line
