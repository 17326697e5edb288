"""Events with readable names, as the bytes of input records."""

from typing import Any
from uuid import NAMESPACE_OID, uuid5

from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import encode_plain
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.rules import Plain

FRAMING = Framing()
PREFIX = FRAMING.prefix("events", envelope_schema())
TIMESTAMP = 1_700_000_000_000_000


def id_of(name: str) -> str:
    """The id of the event called `name`."""
    return str(uuid5(NAMESPACE_OID, name))


def event(name: str, *, cause: str | None = None, caused_by: tuple[str, ...] = (), **changes: Any) -> Plain:
    """Plain fields of an event. `seq` and `instance` number it, `run` is its correlation, other keywords replace
    fields."""
    seq, instance = changes.pop("seq", None), changes.pop("instance", "i")
    source = {"origin": "agent", "runtime": "custom", "service": "tests", "instance": instance, "agent": None}
    return {
        "event_id": id_of(name),
        "tenant_id": "default",
        "correlation_id": changes.pop("run", "run"),
        "causation_id": cause and id_of(cause),
        "causation_correlation_id": None,
        "caused_by": [id_of(other) for other in caused_by],
        "event_type": "execution.message",
        "timestamp": TIMESTAMP,
        "source": {**source, **changes.pop("source", {})},
        "source_seq": seq,
        "subject_id": None,
        "headers": {},
        "payload": f'{{"name":"{name}"}}',
        "payload_ref": None,
        **changes,
    }


def value_of(plain: Plain) -> bytes:
    """The value of an input record."""
    return PREFIX + encode_plain(plain)
