"""The rules of DESIGN section 4, checked on an envelope's plain fields (Avro names, ids as text, time in microseconds).

Two stages, because a readable envelope uses up its source number even when the rest of it is wrong:
`check_identity` (ids and source), then `check_content`. Each raises InvalidEvent naming field and limit.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.payload_json import check_payload_text
from chatsnapshot_schemas.reasons import Reason

Plain = dict[str, Any]

ORIGINS = ("agent", "system", "ui", "integration")
CORRELATION_CHARS_MAX = 256
EVENT_TYPE_CHARS_MAX = 128
CAUSED_BY_MAX = 256
HEADERS_MAX = 32
HEADER_BYTES_MAX = 8 * 1024
NAME_CHARS_MAX = 256
TYPES_CACHED_MAX = 1_024
"""Valid event types that are remembered: an installation has a few dozen."""
URI_CHARS_MAX = 2048
LONG_MAX = 2**63 - 1
# the range of ClickHouse's DateTime64: 1900-01-01 to the last microsecond of 2299
TIMESTAMP_MICROS_MIN = -2_208_988_800_000_000
TIMESTAMP_MICROS_MAX = 10_413_791_999_999_999

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_TENANT = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_TYPE = re.compile(r"(execution|system|ui|integration)(\.[a-z][a-z0-9_]*)+").fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_CLEAN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+").fullmatch


def check_envelope(plain: Plain) -> None:
    """Both stages."""
    check_identity(plain)
    check_content(plain)


def check_sender(
    tenant_id: str,
    correlation_id: str,
    origin: str,
    runtime: str,
    service: str,
    instance: str | None,
    agent: str | None,
) -> None:
    """Tenant, correlation and source."""
    if not _TENANT(tenant_id):
        raise InvalidEvent("tenant_id", f"[A-Za-z0-9._-], 1 to 128 characters, not {_shown(tenant_id)}")
    _name("correlation_id", correlation_id, CORRELATION_CHARS_MAX)
    if origin not in ORIGINS:
        raise InvalidEvent("source.origin", f"one of {', '.join(ORIGINS)}, not {_shown(origin)}")
    _name("source.runtime", runtime)
    _name("source.service", service)
    if instance is not None:
        _name("source.instance", instance)
    if agent is not None:
        _name("source.agent", agent)


def check_identity(plain: Plain, check_sender: Callable[..., None] = check_sender) -> None:
    """Ids and source: what must be right before anything can be said about the event.

    `check_sender`: a reader of many decoded events of the same senders passes a caching one.
    """
    _uuid("event_id", plain["event_id"])
    source = plain["source"]
    instance = source["instance"]
    check_sender(
        plain["tenant_id"],
        plain["correlation_id"],
        source["origin"],
        source["runtime"],
        source["service"],
        instance,
        source["agent"],
    )
    _source_seq(plain["source_seq"], instance)


def check_content(plain: Plain) -> None:
    """Everything else."""
    _event_type(plain["event_type"])
    _causes(plain)
    if not TIMESTAMP_MICROS_MIN <= plain["timestamp"] <= TIMESTAMP_MICROS_MAX:
        raise InvalidEvent("timestamp", "between the years 1900 and 2299")
    if plain["subject_id"] is not None:
        _name("subject_id", plain["subject_id"])
    if plain["headers"]:
        _headers(plain["headers"])
    check_payload_text(plain["payload"])
    if plain["payload_ref"] is not None:
        _payload_ref(plain["payload_ref"])


@lru_cache(maxsize=TYPES_CACHED_MAX)
def _event_type(event_type: str) -> None:
    if len(event_type) > EVENT_TYPE_CHARS_MAX:
        raise InvalidEvent("event_type", f"at most {EVENT_TYPE_CHARS_MAX} characters", Reason.TOO_LARGE)
    if not _TYPE(event_type):
        raise InvalidEvent(
            "event_type",
            f"execution, system, ui or integration and dotted lower-case words, not {_shown(event_type)}",
        )


def _causes(plain: Plain) -> None:
    causation_id, caused_by = plain["causation_id"], plain["caused_by"]
    if causation_id is not None:
        _uuid("causation_id", causation_id)
    elif caused_by:
        raise InvalidEvent("caused_by", "only beside a causation_id")
    if plain["causation_correlation_id"] is not None:
        if causation_id is None:
            raise InvalidEvent("causation_correlation_id", "only beside a causation_id")
        _name("causation_correlation_id", plain["causation_correlation_id"], CORRELATION_CHARS_MAX)
    if len(caused_by) > CAUSED_BY_MAX:
        raise InvalidEvent("caused_by", f"at most {CAUSED_BY_MAX} ids", Reason.TOO_LARGE)
    for cause in caused_by:
        _uuid("caused_by", cause)


def _source_seq(number: Any, instance: str | None) -> None:
    if number is None:
        return
    if instance is None:
        raise InvalidEvent("source_seq", "needs source.instance")
    if type(number) is not int or not 0 <= number <= LONG_MAX:
        raise InvalidEvent("source_seq", f"a whole number from 0 to {LONG_MAX}")


def _headers(headers: dict[str, str]) -> None:
    if len(headers) > HEADERS_MAX:
        raise InvalidEvent("headers", f"at most {HEADERS_MAX} entries", Reason.TOO_LARGE)
    for key, value in headers.items():
        _string(f"headers.{key}", key)
        _string(f"headers.{key}", value)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in headers.items())
    if size > HEADER_BYTES_MAX:
        raise InvalidEvent("headers", f"{size} bytes, at most {HEADER_BYTES_MAX}", Reason.TOO_LARGE)


def _payload_ref(ref: Plain) -> None:
    _name("payload_ref.uri", ref["uri"], URI_CHARS_MAX)
    if not _SHA256(ref["sha256"]):
        raise InvalidEvent("payload_ref.sha256", "64 lower-case hexadecimal digits")
    if type(ref["bytes"]) is not int or not 0 <= ref["bytes"] <= LONG_MAX:
        raise InvalidEvent("payload_ref.bytes", f"a whole number from 0 to {LONG_MAX}")


def _uuid(field: str, value: Any) -> None:
    if type(value) is not str or not _UUID(value):
        raise InvalidEvent(field, f"a lower-case UUID with hyphens, not {_shown(value)}")


def _name(field: str, value: Any, chars_max: int = NAME_CHARS_MAX) -> None:
    if type(value) is str and len(value) <= chars_max and _CLEAN(value):
        return
    _string(field, value)
    if not value:
        raise InvalidEvent(field, f"1 to {chars_max} characters, not empty")
    if len(value) > chars_max:
        raise InvalidEvent(field, f"at most {chars_max} characters, not {len(value)}", Reason.TOO_LARGE)
    if _CONTROL(value):
        raise InvalidEvent(field, f"no control characters, not {_shown(value)}")


def _string(field: str, value: Any) -> None:
    if type(value) is not str:
        raise InvalidEvent(field, f"text is needed, not {type(value).__name__}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidEvent(field, "no lone surrogates") from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
