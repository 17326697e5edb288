"""`/v1/runs...`: one function a path. Each runs in a worker thread and may ask ClickHouse."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request

from chatsnapshot.reading import Ledger, RunHistory
from chatsnapshot.rendering.json_values import row_dict
from chatsnapshot.rendering.report_text import report_json
from chatsnapshot.server.answers import JsonText
from chatsnapshot_schemas.errors import ConfigurationError
from chatsnapshot_schemas.json_form import record_to_json
from chatsnapshot_schemas.ledger_record import LedgerRecord

View = Callable[[Ledger, Request], Any]
PAGE_MAX = 1_000
NUMBER_DIGITS_MAX = 19
"""Of a 64-bit number."""
MODES = ("transcript", "full", "raw")


def runs(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs?limit=`."""
    return {"runs": [row_dict(row) for row in ledger.runs(number(request, "limit", 50, PAGE_MAX))]}


def run(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}`."""
    return row_dict(_history(ledger, request).summary())


def events(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}/events?mode=transcript|full|raw&after=&limit=`; `next_after` continues.

    A raw record whose payload is in blob storage has `blob`: the path where it is got.
    """
    history = _history(ledger, request)
    mode = request.query_params.get("mode", "full")
    if mode not in MODES:
        raise ConfigurationError(f"mode: one of {', '.join(MODES)}, not {mode!r}")
    after, limit = number(request, "after", 0, 2**63 - 1), number(request, "limit", PAGE_MAX, PAGE_MAX)
    if mode == "raw":
        return _raw_page(history.run_id, list(history.events(after, limit)), limit)
    found = [row_dict(row) for row in history.page(mode, after, limit)]
    last = found[-1]["sequence_no"] if found else None
    return {
        "run_id": history.run_id,
        "mode": mode,
        "events": found,
        "next_after": last if len(found) >= limit else None,
    }


def _raw_page(run_id: str, records: list[LedgerRecord], limit: int) -> JsonText:
    """The same document, put together of texts: a payload is not read, so nothing in it can make reading fail."""
    events = ",".join(map(_raw, records))
    last = records[-1].sequence_no if len(records) >= limit and records else None
    heading = json.dumps({"run_id": run_id, "mode": "raw"}, ensure_ascii=False)
    return JsonText(f'{heading[:-1]}, "events": [{events}], "next_after": {json.dumps(last)}}}')


def _raw(record: LedgerRecord) -> str:
    text, ref = record_to_json(record), record.envelope.payload_ref
    return text if ref is None else f'{text[:-1]},"blob":{json.dumps(f"/v1/blobs/{quote(ref.sha256)}")}}}'


def transcript(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}/transcript`."""
    history = _history(ledger, request)
    return {"run": row_dict(history.summary()), "items": [row_dict(item) for item in history.transcript()]}


def graph(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}/graph`."""
    history = _history(ledger, request)
    history.summary()
    return {"nodes": [row_dict(row) for row in history.nodes()], "edges": [row_dict(row) for row in history.edges()]}


def timeline(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}/timeline`: spans in ledger order, with durations."""
    history = _history(ledger, request)
    history.summary()
    return {"spans": [row_dict(row) for row in history.timeline()]}


def cost(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/runs/{run_id}/cost`."""
    history = _history(ledger, request)
    history.summary()
    return {"charges": [row_dict(row) for row in history.charges()]}


def verification(ledger: Ledger, request: Request) -> Any:
    """`POST /v1/runs/{run_id}/verifications`: verify now, answer with the report."""
    return report_json(_history(ledger, request).verify())


def held(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/held?limit=`."""
    return {"held": [row_dict(row) for row in ledger.held(number(request, "limit", 50, PAGE_MAX))]}


def _history(ledger: Ledger, request: Request) -> RunHistory:
    return ledger.run(unquote(request.path_params["run_id"]))


def number(request: Request, name: str, otherwise: int, at_most: int) -> int:
    """A parameter of the query. Raises ConfigurationError."""
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    if not text.isdecimal() or len(text) > NUMBER_DIGITS_MAX or int(text) > at_most:
        raise ConfigurationError(f"{name}: a whole number from 0 to {at_most}, not {text!r}")
    return int(text)
