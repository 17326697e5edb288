"""Who may commit: the newest owner of a partition, in the group's present generation."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException

from chatsnapshot_processors.batch_transaction import Abandoned
from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_processors.group_metadata import GroupMembership
from chatsnapshot_processors.lane_producer import FailureKind, failure_kind
from chatsnapshot_schemas.state_entries import policy_key
from tests.pipeline.lane_drill import (
    batch_of,
    commit,
    input_records,
    lane_config,
    open_by_hand,
    opened,
    sequence_all,
)
from tests.pipeline.sequencer_installation import (
    Installation,
    assert_intact,
    chained_events,
    event,
    event_id,
    input_record,
)


@pytest.fixture
def installation(kafka_bootstrap: str, tmp_path: Path) -> Installation:
    made = Installation(kafka_bootstrap, tmp_path, partitions=1)
    made.migrate()
    made.send(chained_events(["a", "b"], range(100)))
    return made


@pytest.fixture
def config(installation: Installation) -> SequencerConfig:
    return lane_config(installation)


def test_the_group_metadata_are_what_librdkafka_builds(kafka_bootstrap: str) -> None:
    for instance in (None, "instance-1"):
        optional = {} if instance is None else {"group.instance.id": instance}
        consumer = Consumer({"bootstrap.servers": kafka_bootstrap, "group.id": "group", **optional})
        assert consumer.consumer_group_metadata() == GroupMembership("group", -1, "", instance).to_bytes()
        consumer.close()


def test_a_new_owner_fences_the_old_one(installation: Installation, config: SequencerConfig) -> None:
    old = open_by_hand(config)
    records = input_records(config, 0)
    commit(old, records[:50])
    new = open_by_hand(lane_config(installation, machine="two"))
    assert new.start == 50
    with pytest.raises(KafkaException) as refused:
        old.transaction.run(batch_of(records[50:60]), [], lambda: False)
    assert failure_kind(refused.value) is FailureKind.FENCED
    commit(new, records[50:])
    old.close()
    new.close()
    bodies = installation.ledger_bodies()
    assert len(bodies) == 200
    assert_intact(bodies)


def test_an_open_transaction_of_a_dead_owner_is_undone(installation: Installation, config: SequencerConfig) -> None:
    dead = open_by_hand(config)
    records = input_records(config, 0)
    dead.producer.begin_transaction()
    dead.producer.produce(config.topics.ledger, b"half", b"k", 0)
    dead.producer.flush()
    with opened(lane_config(installation, machine="two")) as lane:
        assert lane.start == 0
        commit(lane, records)
    assert len(installation.ledger_bodies()) == 200
    dead.close()


def test_a_generation_that_is_over_is_refused(installation: Installation, config: SequencerConfig) -> None:
    records = input_records(config, 0)
    lane = open_by_hand(config, GroupMembership(config.group_id, 3, "a-member-that-is-gone"))
    with pytest.raises(KafkaException) as refused:
        lane.transaction.run(batch_of(records[:10]), [], lambda: False)
    assert failure_kind(refused.value) is FailureKind.STALE_MEMBERSHIP
    lane.close()
    assert installation.ledger() == []
    assert sequence_all(config) == 200


def test_a_lane_whose_partition_is_taken_away_commits_nothing(
    installation: Installation, config: SequencerConfig
) -> None:
    lane = open_by_hand(config)
    with pytest.raises(Abandoned):
        lane.transaction.run(batch_of(input_records(config, 0)[:10]), lane.notes, lambda: True)
    lane.close()
    assert installation.ledger() == []
    assert sequence_all(config) == 200


def test_held_events_and_used_numbers_outlive_the_owner(installation: Installation, config: SequencerConfig) -> None:
    sequence_all(config)
    installation.send([input_record(event("c", 2, event_id("c", 1)))])
    assert sequence_all(config) == 0
    with opened(config) as lane:
        assert lane.sequencer.held_count == 1
    installation.send([input_record(event("c", 0)), input_record(event("c", 1, event_id("c", 0)))])
    assert sequence_all(config) == 3
    assert [p["envelope"]["event_id"] for p in installation.ledger()[-3:]] == [event_id("c", n) for n in range(3)]
    assert not any(key.startswith(b"held/") for _, key in installation.state())


def test_other_settings_are_recorded_with_the_offset_they_begin_at(
    installation: Installation, config: SequencerConfig
) -> None:
    sequence_all(config)
    changed = lane_config(installation, hold_micros=1)
    with opened(changed):
        pass
    assert (0, policy_key(1, 200)) not in installation.state()
    installation.send(chained_events(["c"], range(3)))
    sequence_all(changed)
    policies = {key: value for (_, key), value in installation.state().items() if key.startswith(b"policy/")}
    assert policies == {
        policy_key(1, 0): config.policy.to_json(),
        policy_key(1, 200): changed.policy.to_json(),
    }
    with opened(changed) as lane:
        assert lane.notes == []


def test_the_same_input_gives_the_same_bytes_however_it_is_cut(installation: Installation, tmp_path: Path) -> None:
    """Another installation with the same input, sequenced with other batches and restarts."""
    first = lane_config(installation)
    records = input_records(first, 0)
    sequence_all(first)
    again = Installation(installation.bootstrap, tmp_path / "again", partitions=1)
    again.migrate()
    again.send(chained_events(["a", "b"], range(100)))
    second = lane_config(again)
    for at in range(0, 200, 23):
        with opened(second) as lane:
            # append times differ between topics, so the first installation's records are used
            assert lane.start == at
            commit(lane, records[at : at + 23])
    assert again.ledger_bodies() == installation.ledger_bodies()
