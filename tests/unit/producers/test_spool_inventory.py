import json
from datetime import UTC, datetime
from pathlib import Path

from chatsnapshot_producers.rejected_events import RejectedEvents
from chatsnapshot_producers.segment_reader import Damage
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_folder import Position, SpoolFolder
from chatsnapshot_producers.spool_inventory import damage_reports, rejected_reports, spool_reports
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import Refusal
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope, Source

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EVENT_ID = "01a1fe5f-1eb5-7000-b79d-294b69dfbf13"


def body(content: str = "x") -> bytes:
    return encode_envelope(
        EventEnvelope(EVENT_ID, "r", "execution.message", NOON, Source("agent"), json.dumps({"content": content}))
    )


def spool_with(root: Path, events: int, destination: str = "kafka://a:1/t") -> Spool:
    spool = Spool.create(root, destination, envelope_schema().fingerprint, 64 * 1024 * 1024, fsync=False)
    for _ in range(events):
        spool.append(b"default/r", body())
    return spool


def test_nothing_is_there(tmp_path: Path) -> None:
    assert list(spool_reports(tmp_path / "no")) == list(rejected_reports(tmp_path / "no")) == []


def test_a_spool_says_what_waits_and_who_owns_it(tmp_path: Path) -> None:
    spool = spool_with(tmp_path, 7)
    (report,) = spool_reports(tmp_path)
    assert (report.events, report.owned, report.destination) == (7, True, "kafka://a:1/t")
    assert (report.bytes, report.oldest, report.segments) == (spool.pending_bytes, NOON, 1)
    spool.finish()
    (report,) = spool_reports(tmp_path)
    assert (report.events, report.owned) == (7, False)


def test_what_is_acknowledged_does_not_wait(tmp_path: Path) -> None:
    spool = spool_with(tmp_path, 3)
    batch = spool.next_batch()
    assert batch is not None
    spool.settle(batch)
    spool.append(b"default/r", body())
    (report,) = spool_reports(tmp_path)
    assert report.events == 1


def test_looking_takes_and_changes_nothing(tmp_path: Path) -> None:
    spool_with(tmp_path, 3).finish()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    list(spool_reports(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    (path,) = tmp_path.iterdir()
    assert SpoolFolder.adopt(path) is not None


def test_a_torn_end_is_no_event(tmp_path: Path) -> None:
    spool_with(tmp_path, 3).finish()
    (segment,) = tmp_path.rglob("*.events")
    segment.write_bytes(segment.read_bytes()[:-5])
    (report,) = spool_reports(tmp_path)
    assert report.events == 2


def test_kept_damage_is_listed(tmp_path: Path) -> None:
    RejectedEvents(tmp_path).keep_damage(Damage(Position(3, 170), b"unreadable", torn=False), "20260131-1")
    (report,) = damage_reports(tmp_path)
    assert (report.bytes, report.path.name) == (10, "20260131-1-000003-170.damaged")
    assert list(rejected_reports(tmp_path)) == []


def test_refused_events_are_counted_with_their_reasons(tmp_path: Path) -> None:
    event = SpooledEvent(b"default/r", body(), envelope_schema().fingerprint)
    for _ in range(2):
        RejectedEvents(tmp_path).keep(Refusal(event, "payload: too large"), "20260131-1")
    (report,) = rejected_reports(tmp_path)
    assert (report.events, report.path.name) == (2, "20260131-1.ndjson")
    assert report.reasons.read_text().count("too large") == 2
    assert list(spool_reports(tmp_path)) == []
