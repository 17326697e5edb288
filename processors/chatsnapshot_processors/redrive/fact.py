"""The event in a run that tells who redrove or discarded one of its quarantined events. Pure."""

import uuid
from typing import Any

from chatsnapshot_processors.redrive.edit import NAMESPACE
from chatsnapshot_processors.redrive.plan import FactId
from chatsnapshot_schemas.payload_json import payload_text
from chatsnapshot_schemas.quarantine_entries import InputPlace, Solution, SolvedMark
from chatsnapshot_schemas.rules import Plain, check_envelope

REDRIVEN, DISCARDED = "system.event_redriven", "system.event_discarded"
SERVICE = "chatsnapshot"
_STATUS = {Solution.REDRIVEN: "sent", Solution.DUPLICATE: "duplicate", Solution.DISCARDED: "discarded"}


def fact_event(place: InputPlace, mark: SolvedMark, about: FactId, event_type: str) -> Plain:
    """The fields of that event: a root, because a person was its cause. `about`: the event that it is about, as it was
    sent, else as it lies in quarantine. `mark` has no id of this event yet."""
    tenant_id, correlation_id, event_id = about
    is_discard = mark.solution is Solution.DISCARDED
    plain: Plain = {
        "event_id": fact_event_id(place, about),
        "tenant_id": tenant_id,
        "correlation_id": correlation_id,
        "causation_id": None,
        "causation_correlation_id": None,
        "caused_by": [],
        "event_type": DISCARDED if is_discard else REDRIVEN,
        "timestamp": mark.at,
        "source": {"origin": "system", "runtime": "none", "service": SERVICE, "instance": None, "agent": None},
        "source_seq": None,
        "subject_id": None,
        "headers": {},
        "payload": payload_text(_payload(place, mark, event_id, event_type)),
        "payload_ref": None,
    }
    check_envelope(plain)
    return plain


def fact_event_id(place: InputPlace, about: FactId) -> str:
    """One id for one quarantine record, however often its solution is tried."""
    return str(uuid.uuid5(NAMESPACE, "\0".join(("fact", *about[:2], str(place)))))


def _payload(place: InputPlace, mark: SolvedMark, event_id: str, event_type: str) -> dict[str, Any]:
    verb = "discard" if mark.solution is Solution.DISCARDED else "redrive"
    said = {
        "by": mark.by,
        "because": mark.because,
        "quarantine_id": str(place),
        "reason": mark.reason,
        "event_id": event_id,
        "event_type": event_type,
        "original_event_id": mark.identity.event_id if mark.identity.event_id != event_id else "",
        "edited": list(mark.edited),
        "input": {"partition": mark.sent_partition, "offset": mark.sent_offset} if mark.sent_offset >= 0 else None,
    }
    arguments = {name: value for name, value in said.items() if value}
    return {"name": f"{verb} {event_type}", "status": _STATUS[mark.solution], "arguments": arguments}
