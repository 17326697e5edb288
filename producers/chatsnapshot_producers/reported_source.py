"""The `source` of the short form: who reports."""

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from chatsnapshot_schemas.envelope import Origin, Source
from chatsnapshot_schemas.errors import InvalidEvent

_KEYS = ("origin", "runtime", "service", "agent")
SourceArgument = Source | Mapping[str, Any] | str | None


class ReportedSource(NamedTuple):
    """What a caller may say about its source; None: the Recorder's own answer."""

    origin: Origin | None = None
    runtime: str | None = None
    service: str | None = None
    agent: str | None = None


UNSAID = ReportedSource()


def reported_source(value: SourceArgument) -> ReportedSource:
    """A mapping (`{"origin": "agent", "runtime": "ag2"}`), a Source, or an origin alone. Raises InvalidEvent."""
    if value is None:
        return UNSAID
    if isinstance(value, Source):
        return ReportedSource(value.origin, value.runtime, value.service, value.agent)
    if isinstance(value, str):
        return ReportedSource(_origin(value))
    if not isinstance(value, Mapping):
        raise InvalidEvent("source", f"an object with origin and runtime is needed, not {type(value).__name__}")
    for name in value.keys() - set(_KEYS):
        raise InvalidEvent(f"source.{name}", f"cannot be set here; known are {', '.join(_KEYS)}")
    origin = value.get("origin")
    return ReportedSource(
        None if origin is None else _origin(origin), value.get("runtime"), value.get("service"), value.get("agent")
    )


def _origin(value: Any) -> Origin:
    for origin in get_args(Origin):
        if value == origin:
            return origin  # type: ignore[no-any-return]
    raise InvalidEvent("source.origin", f"one of {', '.join(get_args(Origin))}, not {value!r}")
