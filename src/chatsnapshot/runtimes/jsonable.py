"""Anything a framework holds, as JSON: recording must not fail because a tool returned something odd."""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from pydantic_core import to_jsonable_python

LEVELS_MAX = 48
"""Below the 64 levels that a payload may have: the value sits a few levels down in its payload."""
_TOO_DEEP = "... (too deep)"


def jsonable(value: Any, levels: int = LEVELS_MAX) -> Any:
    """JSON types only: NaN and infinities as text, what JSON lacks as pydantic writes it, the rest as `repr`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if levels == 0:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item, levels - 1) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(_fields(value), levels)
    return jsonable(to_jsonable_python(value, fallback=repr, bytes_mode="base64"), levels - 1)


def _fields(value: Any) -> Any:
    try:
        return asdict(value)
    except Exception:  # a field that cannot be copied: a lock, a connection
        return repr(value)


def given(payload: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that are null."""
    return {key: value for key, value in payload.items() if value is not None}


def error_of(error: BaseException) -> dict[str, Any]:
    """The `error` object of a payload."""
    return {"type": type(error).__name__, "message": str(error)}
