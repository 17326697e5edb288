import pytest
from benchmarks.failing import BenchmarkFailed
from benchmarks.filling import ledger_records
from benchmarks.ledger_check import check_ledger
from benchmarks.peers.job import decode, first_head, record
from benchmarks.workload import backlog


@pytest.fixture
def values():
    return [event.value for event in ledger_records(backlog(300, duplicates=False).events)]


def test_a_missing_record_is_found(values):
    with pytest.raises(BenchmarkFailed, match="follows"):
        check_ledger(values[:10] + values[11:], "someone")


def test_a_record_that_comes_twice_is_found(values):
    with pytest.raises(BenchmarkFailed, match="follows"):
        check_ledger([*values, values[-1]], "someone")


def test_a_changed_byte_is_found(values):
    changed = values[5][:-3] + bytes([values[5][-3] ^ 1]) + values[5][-2:]
    with pytest.raises(BenchmarkFailed, match="hash does not fit"):
        check_ledger([*values[:5], changed], "someone")


def test_what_the_peers_write_passes():
    heads, ids, out = {}, set(), []
    for offset, event in enumerate(backlog(400).events):
        envelope, body = decode(event.value)
        if envelope["event_id"] in ids:
            continue
        head = heads.get(event.key) or first_head(envelope)
        known = envelope["causation_id"] in ids
        digest, value = record(envelope, body, head, known, (0, offset, 1_790_000_000_000))
        heads[event.key] = (head[0] + 1, digest)
        ids.add(envelope["event_id"])
        out.append(value)
    assert check_ledger(out, "peer") == len(ids)


def test_a_peer_that_does_not_look_at_causes_is_found():
    first, second = backlog(2, runs=1, duplicates=False).events
    envelope, body = decode(first.value)
    digest, one = record(envelope, body, first_head(envelope), False, (0, 0, 0))
    envelope, body = decode(second.value)
    _, two = record(envelope, body, (1, digest), False, (0, 1, 0))
    with pytest.raises(BenchmarkFailed, match="cause not checked"):
        check_ledger([one, two], "careless")
