"""Everything that is wrong with one envelope in its JSON or Avro form.

The contract's own check says the first thing and stops. Here the part that it names is replaced by a harmless one and
the check is made again, so that one look at a file shows all there is to mend.
"""

import json

from chatsnapshot.validation.findings import Finding
from chatsnapshot.validation.fixes import fix_for
from chatsnapshot.validation.payload_conventions import convention_findings
from chatsnapshot_producers.offloading import large_payload
from chatsnapshot_schemas.codec import decode_plain
from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX, member_texts
from chatsnapshot_schemas.reasons import Reason
from chatsnapshot_schemas.rules import check_envelope

ERRORS_MAX = 16
"""Of one envelope; more than it has fields would only repeat."""
_HARMLESS = {
    "event_id": '"00000000-0000-7000-8000-000000000000"',
    "event_type": '"system.checked"',
    "correlation_id": '"checked"',
    "timestamp": '"2000-01-01T00:00:00Z"',
    "tenant_id": '"default"',
    "payload": "{}",
}
"""Members that must be there; every other one may simply be left out."""


def check_json(text: bytes, place: int) -> list[Finding]:
    """What is wrong with an envelope in JSON; its payload's conventions only when nothing is."""
    errors: list[Finding] = []
    try:
        members = member_texts(text.decode("utf-8"))
    except (ValueError, RecursionError):
        members = {}
    event_id = _text_of(members.get("event_id"))
    large: list[Finding] = []

    def shortened(payload: str) -> tuple[str, PayloadRef] | None:
        return _shortened(payload, place, large)

    candidate: bytes | str = text
    for _ in range(ERRORS_MAX):
        try:
            envelope = envelope_from_json(candidate, shorten=shortened)
            _check_causes(envelope)
        except InvalidEvent as error:
            errors.append(_finding(error, place, members, event_id))
            if not _mend(members, error.field):
                return errors
            candidate = _joined(members)
        else:
            payload = _payload_of(members)
            return errors or [*large[:1], *convention_findings(envelope.event_type, payload, place, event_id)]
    return errors


def check_avro(value: bytes, place: int, framing: Framing) -> list[Finding]:
    """What is wrong with one Avro value, framing and all. Raises RegistryUnavailable."""
    try:
        plain = decode_plain(framing.envelope_body(value))
        check_envelope(plain)
        envelope = EventEnvelope.from_plain(plain)
        _check_causes(envelope)
    except InvalidEvent as error:
        return [_finding(error, place, {}, None)]
    return convention_findings(envelope.event_type, envelope.payload, place, envelope.event_id)


def _check_causes(envelope: EventEnvelope) -> None:
    if envelope.event_id in (envelope.causation_id, *envelope.caused_by):
        raise InvalidEvent("causation_id", "the event names itself among its causes", Reason.SELF_CAUSE)


def _shortened(payload: str, place: int, large: list[Finding]) -> tuple[str, PayloadRef] | None:
    found = large_payload(payload, "stand-in:{}".format)
    if found is None:
        return None
    message = f"{found.ref.bytes:,} bytes, more than {PAYLOAD_BYTES_MAX:,}: kept as a blob, the event has a preview"
    large.append(Finding(place, "warning", "payload", str(Reason.TOO_LARGE), message, "nothing, if that is intended"))
    return found.preview, found.ref


def _finding(error: InvalidEvent, place: int, members: dict[str, str], event_id: str | None) -> Finding:
    message = str(error).removeprefix(f"{error.field}: ")
    fix = fix_for(error.field, error.reason, _text_of(members.get(error.field)))
    return Finding(place, "error", error.field, str(error.reason), message, fix, event_id)


def _mend(members: dict[str, str], field: str) -> bool:
    """Replace or leave out the member that an error names; False when it names none."""
    name = field.removeprefix("event.").split(".")[0]
    if name == "payload" and "payload_text" in members:
        name = "payload_text"
    if name not in members and name not in _HARMLESS:
        return False
    members.pop(name, None)
    if name == "causation_id":  # what may only stand beside it goes with it
        members.pop("caused_by", None)
        members.pop("causation_correlation_id", None)
    if name in _HARMLESS:
        members[name] = _HARMLESS[name]
    return True


def _joined(members: dict[str, str]) -> str:
    return f"{{{','.join(f'{json.dumps(name)}:{text}' for name, text in members.items())}}}"


def _payload_of(members: dict[str, str]) -> str:
    """The payload's own text; that of a large one, too, whose envelope carries a preview only."""
    return _text_of(members.get("payload_text")) or members.get("payload") or "{}"


def _text_of(member: str | None) -> str | None:
    try:
        value = None if member is None else json.loads(member)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None
