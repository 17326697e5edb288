"""What a person changes in a quarantined event before it is sent again. Pure.

An event stays in its run and keeps its sender: tenant, correlation, source and number cannot be changed, only replaced
as a whole envelope where the bytes could not be read.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chatsnapshot_schemas.envelope import micros
from chatsnapshot_schemas.errors import InvalidEvent, RedriveRefused
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.payload_json import payload_text
from chatsnapshot_schemas.quarantine_entries import Identity, QuarantinedInput
from chatsnapshot_schemas.rules import Plain

NAMESPACE = uuid.UUID("b3c1f0a2-5c1e-5b7a-9d37-4f0d2b7f6a11")
"""Fixed for ever: what is sent twice for one quarantine record has the same id twice."""
PAYLOAD = "payload"
_TEXTS = ("event_type", "causation_id", "causation_correlation_id", "subject_id")
CHANGEABLE = (*_TEXTS, "timestamp", "caused_by", "headers", f"{PAYLOAD}.<key>")


@dataclass(frozen=True, slots=True)
class Edit:
    """`payload`: the whole, as JSON text, kept byte for byte; `changes`: by name, those of CHANGEABLE, `payload.a.b`
    for a key inside the payload; `envelope`: the whole event in its JSON form; `new_id`: another event id."""

    payload: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    envelope: str | None = None
    new_id: bool = False

    def __post_init__(self) -> None:
        if self.envelope is not None and (self.payload is not None or self.changes):
            raise RedriveRefused("a whole envelope says everything: no payload and no changes beside it")
        if self.payload is not None and any(name.startswith(f"{PAYLOAD}.") for name in self.changes):
            raise RedriveRefused("a whole payload says everything: no changes of its keys beside it")

    @property
    def is_empty(self) -> bool:
        """Whether the event is sent as it came."""
        return self == NO_EDIT


NO_EDIT = Edit()


def new_event_id(found: QuarantinedInput) -> str:
    """The other id of a quarantined event: it follows from place and bytes."""
    digest = hashlib.sha256(found.value or b"").hexdigest()
    return str(uuid.uuid5(NAMESPACE, f"event\0{found.place}\0{digest}"))


def edited(plain: Plain, edit: Edit, found: QuarantinedInput) -> tuple[Plain, tuple[str, ...]]:
    """The fields to send, rules not checked, and the names of those that are not as they came.

    Raises RedriveRefused, InvalidEvent naming the field.
    """
    after = dict(plain)
    for name, value in edit.changes.items():
        if not name.startswith(f"{PAYLOAD}."):
            after[name] = _field(name, value)
    if edit.payload is not None:
        after |= {PAYLOAD: edit.payload, "payload_ref": None}
    inside = f"{PAYLOAD}."
    keys = {name.removeprefix(inside): value for name, value in edit.changes.items() if name.startswith(inside)}
    if keys:
        if after["payload_ref"] is not None:
            raise RedriveRefused("payload: what the event carries is a preview of a larger one: give the whole payload")
        after[PAYLOAD] = with_keys(after[PAYLOAD], keys)
    if edit.new_id:
        after["event_id"] = new_event_id(found)
    return after, tuple(name for name in after if after[name] != plain[name])


def replacement(edit: Edit, known: Identity, found: QuarantinedInput) -> Plain:
    """The fields of a whole new envelope. Absent ids are those of the original, as far as it says them.

    Raises InvalidEvent naming field and limit, RedriveRefused when it is for another run than a readable original.
    """
    assert edit.envelope is not None
    own = {"tenant_id": known.tenant_id, "correlation_id": known.correlation_id, "event_id": known.event_id}
    defaults: dict[str, Any] = {"event_id": new_event_id(found)} | {name: value for name, value in own.items() if value}
    plain = envelope_from_json(edit.envelope, **defaults).to_plain()
    if known.event_id and (plain["tenant_id"], plain["correlation_id"]) != (known.tenant_id, known.correlation_id):
        raise RedriveRefused(
            f"correlation_id: the event stays in its run, {known.correlation_id!r} of tenant {known.tenant_id!r}; "
            "discard it, and record another one where that belongs"
        )
    return plain | ({"event_id": new_event_id(found)} if edit.new_id else {})


def with_keys(text: str, keys: Mapping[str, Any]) -> str:
    """A payload with some keys set; dots lead into objects. Raises RedriveRefused when anything else would change."""
    try:
        payload = json.loads(text)
        exact = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise RedriveRefused(f"payload: it is no JSON ({error}): give the whole payload") from None
    for path, value in keys.items():
        _set(payload, path.split("."), value, path)
        _set(exact, path.split("."), json.loads(payload_text({"": value}), parse_float=Decimal)[""], path)
    after = payload_text(payload)
    if json.loads(after, parse_float=Decimal) != exact:
        raise RedriveRefused(
            "payload: it has numbers that would lose digits if one key were set: give the whole payload"
        )
    return after


def _set(document: Any, path: list[str], value: Any, named: str) -> None:
    *way, last = path
    for step in way:
        document = document.setdefault(step, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict) or not all(path):
        raise InvalidEvent(f"{PAYLOAD}.{named}", "only keys of JSON objects can be set; give the whole payload")
    document[last] = value


def _field(name: str, value: Any) -> Any:
    if name in _TEXTS and (value is None or isinstance(value, str)):
        return value
    if name == "timestamp" and isinstance(value, str):
        return _micros(value)
    if name == "caused_by" and isinstance(value, list):
        return value
    if name == "headers" and isinstance(value, dict):
        return value
    if name in (*_TEXTS, "timestamp", "caused_by", "headers"):
        raise InvalidEvent(name, f"cannot be {type(value).__name__}")
    raise RedriveRefused(f"{name}: cannot be changed; what can be: {', '.join(CHANGEABLE)}")


def _micros(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidEvent("timestamp", f"ISO 8601 is needed, not {text!r}") from None
    return micros(time.replace(tzinfo=UTC) if time.tzinfo is None else time)
