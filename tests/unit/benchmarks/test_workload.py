import json

from benchmarks.filling import ledger_records
from benchmarks.ledger_check import check_ledger
from benchmarks.topic_reading import PARTITIONS
from benchmarks.workload import backlog, payload_text

from chatsnapshot.settings import Settings
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.framing import Framing


def envelopes(made):
    return [decode_envelope(Framing().envelope_body(event.value)) for event in made.events]


def test_events_are_about_as_large_as_the_reports_say():
    assert 330 < backlog(3_000).value_bytes_mean < 370


def test_the_backlog_is_the_same_every_time():
    assert backlog(500).events == backlog(500).events


def test_causes_come_before_their_effects_and_numbers_are_dense():
    known, numbers = set(), {}
    for envelope in envelopes(backlog(2_000, duplicates=False)):
        assert envelope.causation_id is None or envelope.causation_id in known
        assert envelope.source_seq == numbers.get(envelope.correlation_id, 0)
        numbers[envelope.correlation_id] = envelope.source_seq + 1
        known.add(envelope.event_id)


def test_some_events_are_sent_twice_and_counted_once():
    made = backlog(5_000)
    ids = [envelope.event_id for envelope in envelopes(made)]
    assert len(ids) == 5_000
    assert len(set(ids)) == made.distinct < 5_000


def test_one_run_when_asked_for():
    assert len({event.key for event in backlog(200, runs=1, duplicates=False).events}) == 1


def test_every_kind_of_payload_is_json():
    for number in range(12):
        event_type, text = payload_text(number)
        assert json.loads(text)
        assert event_type.count(".") == 1


def test_made_up_ledger_records_pass_the_check():
    made = backlog(1_000, duplicates=False)
    assert check_ledger((event.value for event in ledger_records(made.events)), "made up") == 1_000


def test_as_many_partitions_as_are_shipped():
    assert Settings(_env_file=None).partitions == PARTITIONS
