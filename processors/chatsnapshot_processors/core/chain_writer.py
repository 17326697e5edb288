"""Gives an event its place: builds the ledger record that follows the correlation's last one."""

from chatsnapshot_processors.core.incoming import CauseKind, Incoming
from chatsnapshot_processors.core.recorded_state import Head
from chatsnapshot_processors.core.records import Recorded
from chatsnapshot_schemas.chain import genesis_hash
from chatsnapshot_schemas.codec import encode_ledger
from chatsnapshot_schemas.rules import Plain


def next_record(
    event: Incoming,
    content: tuple[Plain, bytes],
    head: Head | None,
    *,
    cause: CauseKind,
    gap_before: int,
    late: bool,
) -> Recorded:
    """The record of `event` after `head` (None: the first of its correlation). `content`: plain fields, Avro body."""
    plain, body = content
    sequence_no, prev_hash = head or (0, genesis_hash(plain["tenant_id"], plain["correlation_id"]))
    record: Plain = {
        "hash": b"",  # its place; encoding does not read it
        "prev_hash": prev_hash,
        "sequence_no": sequence_no + 1,
        "recorded_at": event.record.appended_at,
        "input_epoch": event.epoch,
        "input_partition": event.partition,
        "input_offset": event.record.offset,
        "gap_before": gap_before,
        "late": late,
        "cause": cause,
        "envelope": plain,
    }
    record["hash"], record_body = encode_ledger(record, body)
    return Recorded(event.correlation, record_body, record)
