"""A held event as the state topic keeps it."""

from chatsnapshot_processors.core.held import Waiting
from chatsnapshot_processors.core.records import StateChange
from chatsnapshot_schemas.rules import Plain
from chatsnapshot_schemas.state_entries import HeldEvent, encode_held, held_key

CAUSES_SHOWN_MAX = 8
"""Of up to 257 missing causes: the text is for people."""


def held_put(waiting: Waiting, plain: Plain, expected: int) -> StateChange:
    """The entry of an event that starts to wait. `plain`: its envelope's fields; `expected`: its source's next
    number."""
    event = waiting.event
    record = event.record
    entry = HeldEvent(
        input_epoch=event.epoch,
        input_partition=event.partition,
        input_offset=record.offset,
        appended_at=record.appended_at,
        deadline=waiting.deadline,
        key=record.key,
        value=record.value or b"",
        headers=record.headers,
        tenant_id=plain["tenant_id"],
        correlation_id=plain["correlation_id"],
        event_id=event.event_id,
        event_type=plain["event_type"],
        waiting_for=_waiting_for(waiting, expected),
    )
    return StateChange(held_key(event.epoch, record.offset), encode_held(entry))


def held_tombstone(waiting: Waiting) -> StateChange:
    """The event waits no longer."""
    return StateChange(held_key(*waiting.position), None)


def missing_causes(waiting: Waiting) -> str:
    """The ids it still waits for, for people."""
    missing = [cause for cause in waiting.event.causes if cause in waiting.missing]
    more = f" and {len(missing) - CAUSES_SHOWN_MAX} more" if len(missing) > CAUSES_SHOWN_MAX else ""
    return f"{', '.join(missing[:CAUSES_SHOWN_MAX])}{more}"


def _waiting_for(waiting: Waiting, expected: int) -> str:
    parts = []
    if waiting.missing:
        parts.append(f"cause {missing_causes(waiting)}")
    if waiting.blocked and waiting.event.source is not None:
        parts.append(f"source_seq {expected} of {waiting.event.source[1]}")
    return "; ".join(parts)
