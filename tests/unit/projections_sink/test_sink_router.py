import pytest
from confluent_kafka import KafkaError, Message

from chatsnapshot_projections.sink_batch import Source
from chatsnapshot_projections.sink_lane import Lane
from chatsnapshot_projections.sink_ledger_batch import LedgerBatch
from chatsnapshot_projections.sink_router import route
from chatsnapshot_projections.sink_trouble import ClientTrouble
from chatsnapshot_schemas.errors import AlreadyRunning, ConfigurationError, FatalError
from chatsnapshot_schemas.framing import Framing
from tests.unit.projections_sink.recorded import ledger_values

VALUE = next(value for _key, value in ledger_values(1))


def lane(partition: int, start: int = 0) -> Lane:
    made = Lane(Source("t", "id", partition), start, lambda source: LedgerBatch(source, Framing(), 100, 1 << 20))
    made.is_opened = True
    return made


def record(partition: int, offset: int) -> Message:
    return Message(topic="t", partition=partition, offset=offset, value=VALUE)


def signal(partition: int, offset: int, code: int) -> Message:
    return Message(topic="t", partition=partition, offset=offset, error=KafkaError(code))


def test_each_record_goes_to_its_lane_and_the_end_counts_behind_them() -> None:
    lanes = {("t", 0): lane(0), ("t", 1): lane(1)}
    messages = [record(0, 3), signal(1, 9, KafkaError._PARTITION_EOF), record(1, 7), record(0, 4)]
    route(messages, lanes, ClientTrouble(), 0.0)
    assert lanes["t", 0].received == 5
    assert lanes["t", 1].received == 9
    assert lanes["t", 0].open_batch.records == 2
    assert lanes["t", 1].open_batch.records == 1, "a record before the end was dropped"


def test_records_of_an_earlier_assignment_are_dropped() -> None:
    """The fetch in which a partition was lost and won again may still bring records of before, far ahead."""
    fresh = lane(0, start=100)
    fresh.is_opened = False
    route([record(0, 499), signal(0, 500, KafkaError._PARTITION_EOF)], {("t", 0): fresh}, ClientTrouble(), 0.0)
    assert fresh.received == 100
    fresh.is_opened = True
    route([record(0, 100)], {("t", 0): fresh}, ClientTrouble(), 0.0)
    assert fresh.received == 101


def test_records_of_a_partition_that_is_gone_are_dropped() -> None:
    route([record(7, 1), signal(7, 2, KafkaError._PARTITION_EOF)], {}, ClientTrouble(), 0.0)


@pytest.mark.parametrize("code", [KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE])
def test_an_offset_that_the_topic_does_not_have_stops_the_lane(code: int) -> None:
    lanes = {("t", 0): lane(0), ("t", 1): lane(1)}
    route([signal(0, 0, code)], lanes, ClientTrouble(), 0.0)
    assert lanes["t", 0].stopped is not None
    assert lanes["t", 1].stopped is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaError(KafkaError.FENCED_INSTANCE_ID), AlreadyRunning),
        (KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), ConfigurationError),
        (KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), ConfigurationError),
        (KafkaError(KafkaError._FATAL, "broken", True), FatalError),
    ],
)
def test_some_trouble_ends_the_worker(error: KafkaError, expected: type[Exception]) -> None:
    trouble = ClientTrouble()
    trouble.report(error)
    assert type(trouble.failure) is expected


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._MAX_POLL_EXCEEDED])
def test_most_trouble_heals_and_is_logged_once(code: int, caplog: pytest.LogCaptureFixture) -> None:
    trouble = ClientTrouble()
    for _ in range(5):
        trouble.report(KafkaError(code))
    assert trouble.failure is None
    assert len(caplog.records) == 1
