"""Arbitrary valid envelopes."""

import json
import uuid
from datetime import UTC, datetime

from hypothesis import strategies as st

from chatsnapshot_schemas.envelope import EventEnvelope, PayloadRef, Source

ids = st.uuids(version=4).map(str)
names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="".join(map(chr, range(0x7F, 0xA0)))),
    min_size=1,
    max_size=40,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def payload_texts(draw: st.DrawFn) -> str:
    """JSON objects as somebody else might write them: spacing, escapes and key order of their own."""
    value = draw(st.dictionaries(st.text(max_size=10), json_values, max_size=5))
    return json.dumps(
        value,
        ensure_ascii=draw(st.booleans())
        or any("\ud800" <= c <= "\udfff" for c in json.dumps(value, ensure_ascii=False)),
        indent=draw(st.sampled_from([None, 0, 2])),
        separators=draw(st.sampled_from([(",", ":"), (" , ", " : ")])),
    )


header_values = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
times = st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2299, 12, 30), timezones=st.just(UTC))


@st.composite
def envelopes(draw: st.DrawFn) -> EventEnvelope:
    """Every field in every allowed shape."""
    instance = draw(st.none() | names)
    causation = draw(st.none() | ids)
    return EventEnvelope(
        event_id=draw(ids),
        correlation_id=draw(names),
        event_type=draw(
            st.from_regex(r"(execution|system|ui|integration)(\.[a-z][a-z0-9_]{0,9}){1,3}", fullmatch=True)
        ),
        timestamp=draw(times),
        source=Source(
            origin=draw(st.sampled_from(["agent", "system", "ui", "integration"])),
            runtime=draw(names),
            service=draw(names),
            instance=instance,
            agent=draw(st.none() | names),
        ),
        payload=draw(payload_texts()),
        tenant_id=draw(st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True)),
        causation_id=causation,
        causation_correlation_id=draw(st.none() | names) if causation else None,
        caused_by=tuple(draw(st.lists(ids, max_size=3))) if causation else (),
        source_seq=draw(st.none() | st.integers(0, 2**63 - 1)) if instance else None,
        subject_id=draw(st.none() | names),
        headers=draw(
            st.dictionaries(names, st.text(st.characters(blacklist_categories=("Cs",)), max_size=20), max_size=3)
        ),
        payload_ref=draw(
            st.none()
            | st.builds(
                PayloadRef,
                uri=names,
                sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
                bytes=st.integers(0, 2**63 - 1),
            )
        ),
    )


def some_envelope(**changes: object) -> EventEnvelope:
    """A plain one, with changes."""
    values = {
        "event_id": str(uuid.UUID(int=7)),
        "correlation_id": "run-1",
        "event_type": "execution.message",
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "source": Source(origin="agent", runtime="ag2", service="s", instance="i"),
        "payload": '{"role":"user"}',
        "source_seq": 0,
    }
    return EventEnvelope(**{**values, **changes})  # type: ignore[arg-type]
