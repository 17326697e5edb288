"""The named queries over the views: always one tenant, always a limit, rows once whatever happened on the way in."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.query_rows import (
    BillingRow,
    ChargeRow,
    EdgeRow,
    EventRow,
    GapRow,
    HeldRow,
    NodeRow,
    QuarantineRow,
    RunItemRow,
    RunRow,
)
from chatsnapshot_projections.settings_pinned import READ_SETTINGS
from chatsnapshot_projections.sql_files import statements

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = TypeVar("Row")

LIMIT = 1_000
"""Rows of a page unless the caller says otherwise."""
_BYTES = dict.fromkeys(("hash", "prev_hash", "message_key", "original"), "bytes")
"""Columns that hold bytes, not text."""


class LedgerQueries:
    """Every method raises ClickHouseUnavailable, or QueryFailed with the server's code and name.

    `client` comes from `clickhouse_client.connect`; it may be shared by threads.
    """

    def __init__(self, client: "Client", database: str) -> None:
        self._client = client
        self._database = database

    def runs(self, tenant: str, limit: int = LIMIT) -> list[RunRow]:
        """The runs with the latest events, latest first."""
        return self._rows(RunRow, "runs", limit, tenant=tenant, run="")

    def run(self, tenant: str, run: str) -> RunRow | None:
        """One run; None when nothing of it is recorded."""
        found = self._rows(RunRow, "runs", 1, tenant=tenant, run=run) if run else []
        return found[0] if found else None

    def events(self, tenant: str, run: str, after: int = 0, limit: int = LIMIT) -> list[EventRow]:
        """Ledger records behind sequence number `after`, ascending."""
        return self._rows(EventRow, "events", limit, tenant=tenant, run=run, after=after)

    def run_items(self, tenant: str, run: str, after: int = 0, limit: int = LIMIT) -> list[RunItemRow]:
        """Everything displayable behind `after`. An event's items stay together: a page may be a little longer."""
        return self._rows(RunItemRow, "run_items", limit, tenant=tenant, run=run, after=after)

    def transcript(self, tenant: str, run: str, after: int = 0, limit: int = LIMIT) -> list[RunItemRow]:
        """Messages and people's answers behind `after`."""
        return self._rows(RunItemRow, "transcript", limit, tenant=tenant, run=run, after=after)

    def workflow_nodes(self, tenant: str, run: str, limit: int = LIMIT) -> list[NodeRow]:
        """Nodes of the graph, in the order in which they began."""
        return self._rows(NodeRow, "workflow_nodes", limit, tenant=tenant, run=run)

    def workflow_edges(self, tenant: str, run: str, limit: int = LIMIT) -> list[EdgeRow]:
        """Edges of the graph."""
        return self._rows(EdgeRow, "workflow_edges", limit, tenant=tenant, run=run)

    def charges(self, tenant: str, run: str, limit: int = LIMIT) -> list[ChargeRow]:
        """Usage that counts, with prices, in ledger order."""
        return self._rows(ChargeRow, "charges", limit, tenant=tenant, run=run)

    def billing_by_run(self, tenant: str, run: str, limit: int = LIMIT) -> list[BillingRow]:
        """What the run costs: a row a currency, and one of currency '' for what has no price."""
        return self._rows(BillingRow, "billing_by_run", limit, tenant=tenant, run=run)

    def gaps_of_run(self, tenant: str, run: str, limit: int = LIMIT) -> list[GapRow]:
        """Source numbers that are missing now."""
        return self._rows(GapRow, "gaps", limit, tenant=tenant, run=run)

    def quarantine(self, tenant: str, limit: int = LIMIT) -> list[QuarantineRow]:
        """What waits for a person, latest first; also what names no tenant at all."""
        return self._rows(QuarantineRow, "quarantine", limit, tenant=tenant)

    def quarantined(self, tenant: str, epoch: int, partition: int, offset: int) -> QuarantineRow | None:
        """One input in quarantine, by its place in the events topic."""
        place = {"epoch": epoch, "partition": partition, "offset": offset}
        found = self._rows(QuarantineRow, "quarantined", 1, tenant=tenant, **place)
        return found[0] if found else None

    def held(self, tenant: str, limit: int = LIMIT) -> list[HeldRow]:
        """What waits for its cause or predecessor, the next to be released first."""
        return self._rows(HeldRow, "held", limit, tenant=tenant)

    def _rows(self, kind: type[Row], query: str, limit: int, **parameters: Any) -> list[Row]:
        columns = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        (text,) = statements(f"queries/{query}.sql", self._database, columns=", ".join(columns))
        with clickhouse_errors(f"query {query}"):
            found = self._client.query(
                text,
                parameters={**parameters, "limit": limit},
                settings=dict(READ_SETTINGS),
                tz_mode="aware",
                column_formats={name: _BYTES[name] for name in columns if name in _BYTES},
            )
        return [kind(**row) for row in found.named_results()]
