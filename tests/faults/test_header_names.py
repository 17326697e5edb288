"""Records whose header names are not UTF-8: Kafka takes them, most clients cannot read them."""

from chatsnapshot_schemas.headers import CONTROL, QUARANTINE_REASON, TICK
from chatsnapshot_schemas.partitioning import partition_of
from tests.faults.lab import Acknowledged, Lab
from tests.faults.oracle import examine
from tests.faults.raw_produce import GZIP, produce_raw, raw_batch
from tests.pipeline.sequencer_installation import eventually

GOOD, POISON = 200, 30


def test_header_names_that_are_not_utf8(lab: Lab) -> None:
    """Good events with such headers are recorded, bad ones quarantined with their bytes; all others flow."""
    workload = lab.workload()
    worker, sink = lab.sequencer().start(), lab.sink().start()
    lab.send(workload.inputs(500))
    for key, value in workload.inputs(GOOD):
        _send(lab, partition_of(key, lab.partitions), key, value)
    for _ in range(POISON):
        # no framing begins so: a first byte of 0 would name a schema
        _send(lab, lab.choices.randrange(lab.partitions), None, b"\xff" + lab.choices.randbytes(40))
    lab.send(workload.inputs(500))
    eventually(lambda: lab.sequenced() or None)
    lab.settle()
    assert worker.stop() == 0, worker.said()
    assert sink.stop() == 0, sink.said()
    assert "begins again" not in worker.said()
    seen = examine(lab)
    assert (seen.recorded, seen.quarantined) == (1_000 + GOOD, POISON)
    _assert_kept(lab)


def _send(lab: Lab, partition: int, key: bytes | None, value: bytes) -> None:
    """In a batch of its own, sometimes compressed, with a name of random bytes that are no UTF-8."""
    name = b"x\xff" + lab.choices.randbytes(lab.choices.randrange(20))
    headers = [(b"before", b"1"), (name, lab.choices.randbytes(5)), (CONTROL.encode(), TICK + b"?")]
    batch = raw_batch([(key, value, headers)], lab.choices.choice((0, GZIP)))
    offset = produce_raw(lab.bootstrap, lab.topics.events, partition, batch)
    lab.acknowledged.append(Acknowledged(partition, offset, key, value))


def _assert_kept(lab: Lab) -> None:
    """What a name's bytes were can be read off the quarantine record, which every client can read."""
    for message in lab.installation.records(lab.topics.quarantine):
        headers = list(message.headers() or ())
        assert [name for name, _ in headers][:1] == ["before"]
        assert headers[1][0].startswith("x\\xff")
        assert dict(headers)[QUARANTINE_REASON] == b"undecodable"
