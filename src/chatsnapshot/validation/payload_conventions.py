"""Does a payload follow the conventions that projections, console and bills understand? Never an error."""

from pydantic import ValidationError

from chatsnapshot.validation.findings import Finding
from chatsnapshot_schemas.event_types import primitive_of
from chatsnapshot_schemas.payloads import MODELS

WARNINGS_MAX = 16
"""Of one payload."""


def convention_findings(event_type: str, payload: str, place: int, event_id: str | None) -> list[Finding]:
    """One warning for each conventional key with a value of another kind; keys of one's own are fine."""
    primitive = primitive_of(event_type)
    try:
        MODELS[primitive].model_validate_json(payload, strict=True)
    except ValidationError as error:
        return [
            Finding(
                place,
                "warning",
                _path(each["loc"]),
                "convention",
                _message(each["msg"], each["input"]),
                f"see the keys of {primitive}; it is recorded, but views cannot use this value",
                event_id,
            )
            for each in error.errors(include_url=False)[:WARNINGS_MAX]
        ]
    return []


def _path(location: tuple[int | str, ...]) -> str:
    return "payload" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def _message(message: str, value: object) -> str:
    shown = repr(value)
    return f"{message}, not {shown if len(shown) <= 60 else f'{shown[:57]}...'}"
