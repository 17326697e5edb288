"""What a dead process left in its spool: seen, sent by command, recorded once."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

from chatsnapshot.destinations import destination_of
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_folder import SpoolFolder
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.envelope import EventEnvelope, Source
from chatsnapshot_schemas.partitioning import message_key
from tests.fixtures.ports import unused_port
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until

EVENTS = 40


def leave_behind(root: Path, destination: str, run_id: str) -> list[EventEnvelope]:
    """The spool of a process that died before it had sent anything."""
    spool = Spool.create(root, destination, envelope_schema().fingerprint, 64 * 1024 * 1024, fsync=False)
    source = Source("agent", instance=f"dead-{uuid.uuid4().hex[:6]}")
    events = [
        EventEnvelope(
            str(uuid.uuid4()), run_id, "execution.message", datetime.now(UTC), source, '{"n":1}', source_seq=number
        )
        for number in range(EVENTS)
    ]
    for event in events:
        spool.append(message_key("default", run_id), encode_envelope(event))
    spool.finish()
    return events


def test_a_spool_without_owner_is_shown_sent_and_gone(whole_stack: WholeStack) -> None:
    run_id, root = f"spool-{uuid.uuid4().hex[:6]}", whole_stack.data_dir / "spool"
    events = leave_behind(root, destination_of(None, whole_stack.settings, "x").name, run_id)
    status = whole_stack.json("spool", "status")
    (spool,) = [each for each in status["spools"] if each["events"] == EVENTS]
    assert (spool["owned"], status["root"]) == (False, str(root))
    (sent,) = whole_stack.json("spool", "send")
    assert (sent["acknowledged"], sent["left"], sent["rejected"], sent["problem"]) == (EVENTS, 0, 0, None)
    wait_until(lambda: count(whole_stack, run_id) == EVENTS)
    recorded = [json.loads(line) for line in whole_stack.run("replay", run_id).stdout.splitlines()]
    assert [each["envelope"]["event_id"] for each in recorded] == [event.event_id for event in events]
    assert not Path(spool["path"]).exists()
    again = whole_stack.run("spool", "send")
    assert (again.returncode, "nothing to send" in again.stdout) == (0, True)


def test_an_unreachable_destination_keeps_its_events_and_takes_no_others_time(whole_stack: WholeStack) -> None:
    run_id, root = f"spool-{uuid.uuid4().hex[:6]}", whole_stack.data_dir / "spool"
    nowhere = destination_of(f"kafka://127.0.0.1:{unused_port()}", whole_stack.settings, "x").name
    leave_behind(root, nowhere, f"{run_id}-lost")
    leave_behind(root, destination_of(None, whole_stack.settings, "x").name, run_id)
    done = whole_stack.run("spool", "send", "--timeout", "20", "--json")
    assert done.returncode == 1
    sent = {each["destination"]: each for each in json.loads(done.stdout)}
    assert (sent[nowhere]["left"], sent[nowhere]["acknowledged"]) == (EVENTS, 0)
    assert "Connection refused" in sent[nowhere]["problem"]
    wait_until(lambda: count(whole_stack, run_id) == EVENTS)
    left = [each for each in whole_stack.json("spool", "status")["spools"] if each["destination"] == nowhere]
    assert [each["events"] for each in left] == [EVENTS]
    abandoned = SpoolFolder.adopt(Path(left[0]["path"]))
    assert abandoned is not None, "nobody owns what could not be sent"
    abandoned.remove()
