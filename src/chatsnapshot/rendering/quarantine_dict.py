"""Quarantine records as JSON says them, on the command line and over HTTP."""

from typing import Any

from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot.rendering.original_text import readable_fields
from chatsnapshot.rendering.waiting_tables import quarantine_id
from chatsnapshot_schemas.framing import Framing


def quarantine_dict(row: Any) -> dict[str, Any]:
    """A row of view `quarantine` or `quarantine_solved`, with its id."""
    return {"id": quarantine_id(row), **row_dict(row)}


def shown_dict(row: Any, original: bytes | None, framing: Framing) -> dict[str, Any]:
    """One record with its bytes (None: the topic does not have them any more) and what of them can be read."""
    readable = None if original is None else readable_fields(original, framing)[0]
    return {**quarantine_dict(row), "original": original, "readable": readable}
