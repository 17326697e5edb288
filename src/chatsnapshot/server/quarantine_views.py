"""`/v1/quarantine`: what could not be recorded, and what became of it. One function a path."""

from typing import Any

from starlette.requests import Request

from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.quarantine_dict import quarantine_dict, shown_dict
from chatsnapshot.server.run_views import PAGE_MAX, number
from chatsnapshot_schemas.errors import ConfigurationError, NotFound
from chatsnapshot_schemas.quarantine_entries import InputPlace

_YES_NO = {None: False, "0": False, "false": False, "1": True, "true": True}


def quarantine(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/quarantine?limit=&solved=`."""
    asked, limit = request.query_params.get("solved"), number(request, "limit", 50, PAGE_MAX)
    if asked not in _YES_NO:
        raise ConfigurationError(f"solved: true or false, not {asked!r}")
    rows = ledger.quarantine_solved(limit) if _YES_NO[asked] else ledger.quarantine(limit)
    return {"quarantine": [quarantine_dict(row) for row in rows]}


def quarantine_record(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/quarantine/{id}`: one record, waiting or solved, with its bytes in hexadecimal."""
    place = InputPlace.from_text(request.path_params["id"])
    found = ledger.quarantine_record(*place)
    if found is None:
        raise NotFound(f"no quarantine record {place}")
    return shown_dict(*found, ledger.sources.framing)
