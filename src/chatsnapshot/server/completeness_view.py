"""`GET /v1/status/completeness`: is everything that producers numbered in the record?"""

from typing import Any

from starlette.requests import Request

from chatsnapshot.completeness.examination import examine
from chatsnapshot.completeness.scope import Scope
from chatsnapshot.reading import Ledger
from chatsnapshot.rendering.completeness_text import completeness_json
from chatsnapshot.server.run_views import PAGE_MAX, number

WAIT_S = 5.0
"""Stages may take so long to do what is there; a request waits no longer than that for them."""


def completeness(ledger: Ledger, request: Request) -> Any:
    """`GET /v1/status/completeness?run=&instance=&limit=`, of the tenant that the request reads. Needs Kafka too."""
    asked = request.query_params
    scope = Scope(ledger.sources.tenant, asked.get("run", ""), asked.get("instance", ""))
    limit = number(request, "limit", 50, PAGE_MAX)
    return completeness_json(examine(ledger.sources, scope, wait_s=WAIT_S), limit)
