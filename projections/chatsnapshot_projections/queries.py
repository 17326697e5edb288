"""The named queries over the views: always one tenant, always a limit, rows once whatever happened on the way in."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.price_rows import ImpactRow, PriceRow
from chatsnapshot_projections.quarantine_rows import KnownFactRow, SolvedRow, WaitingRow
from chatsnapshot_projections.query_rows import (
    BillingRow,
    ChargeRow,
    DayBillRow,
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
from chatsnapshot_projections.trail_rows import ActionRow, SpanRow, UnresolvedCauseRow

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = TypeVar("Row")

LIMIT = 1_000
"""Rows of a page unless the caller says otherwise."""
_BYTES = dict.fromkeys(("hash", "prev_hash", "message_key", "original"), "bytes")
"""Columns that hold bytes, not text."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    def timeline(self, tenant: str, run: str, limit: int = LIMIT) -> list[SpanRow]:
        """Spans with durations, in the order in which they began."""
        return self._rows(SpanRow, "timeline", limit, tenant=tenant, run=run)

    def audit_trail(self, tenant: str, run: str, limit: int = LIMIT) -> list[ActionRow]:
        """Who did what, on whose behalf, with which approval."""
        return self._rows(ActionRow, "audit_trail", limit, tenant=tenant, run=run)

    def unresolved_causes(self, tenant: str, run: str, limit: int = LIMIT) -> list[UnresolvedCauseRow]:
        """Causes that are named and not there now."""
        return self._rows(UnresolvedCauseRow, "unresolved_causes", limit, tenant=tenant, run=run)

    def charges(self, tenant: str, run: str, limit: int = LIMIT) -> list[ChargeRow]:
        """Usage that counts, with prices, in ledger order."""
        return self._rows(ChargeRow, "charges", limit, tenant=tenant, run=run)

    def billing_by_run(self, tenant: str, run: str, limit: int = LIMIT) -> list[BillingRow]:
        """What the run costs: a row a currency, and one of currency '' for what has no price."""
        return self._rows(BillingRow, "billing_by_run", limit, tenant=tenant, run=run)

    def billing_by_day(self, tenant: str, first: date, last: date, limit: int = LIMIT) -> list[DayBillRow]:
        """What the UTC days `first` to `last` cost, both included: a row for each day, model, tier and currency."""
        return self._rows(DayBillRow, "billing_by_day", limit, tenant=tenant, first=first, last=last)

    def prices(self, at: datetime, provider: str = "", model: str = "", limit: int = LIMIT) -> list[PriceRow]:
        """Prices in force at a time; `model` is the beginning of a name. Of every tenant: prices have none."""
        return self._rows(PriceRow, "prices", limit, at=_micros(at), provider=provider, model=model)

    def price_history(self, provider: str = "", model: str = "", limit: int = LIMIT) -> list[PriceRow]:
        """Every price that is or was in force, oldest first."""
        return self._rows(PriceRow, "price_history", limit, provider=provider, model=model)

    def price_impact(self, priced_as: str, bucket: str, since: datetime, before: datetime) -> list[ImpactRow]:
        """Charges of every tenant that a price for that time would change, a row a currency."""
        place = {"priced_as": priced_as, "bucket": bucket, "since": _micros(since), "before": _micros(before)}
        return self._rows(ImpactRow, "price_impact", LIMIT, **place)

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

    def quarantine_solved(self, tenant: str, limit: int = LIMIT) -> list[SolvedRow]:
        """What somebody solved, latest first; also what names no tenant at all."""
        return self._rows(SolvedRow, "quarantine_solved", limit, tenant=tenant)

    def quarantine_solution(self, tenant: str, epoch: int, partition: int, offset: int) -> SolvedRow | None:
        """How one input in quarantine was solved; None when it waits or is not known."""
        place = {"epoch": epoch, "partition": partition, "offset": offset}
        found = self._rows(SolvedRow, "quarantine_solution", 1, tenant=tenant, **place)
        return found[0] if found else None

    def quarantine_waiting(self, tenants: Sequence[str] | None, reason: str, limit: int) -> list[WaitingRow]:
        """What waits, in the topic's order; `tenants` None: of everybody; `reason` '': whatever it is."""
        scope = {"tenants": list(tenants or ()), "all_tenants": tenants is None}
        return self._rows(WaitingRow, "quarantine_waiting", limit, reason=reason, **scope)

    def quarantine_place(self, epoch: int, partition: int, offset: int) -> WaitingRow | None:
        """Where one refused input lies, waiting or solved, whoever's it is: the caller looks at the tenant."""
        place = {"epoch": epoch, "partition": partition, "offset": offset}
        found = self._rows(WaitingRow, "quarantine_place", 1, **place)
        return found[0] if found else None

    def known_facts(self, runs: Sequence[tuple[str, str]], event_ids: Sequence[str]) -> list[KnownFactRow]:
        """What is recorded or held in these runs, (tenant, correlation) each, under these ids."""
        if not runs or not event_ids:
            return []
        limit = len(runs) * len(event_ids) * 2
        return self._rows(KnownFactRow, "known_facts", limit, runs=list(runs), event_ids=list(event_ids))

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


def _micros(time: datetime) -> int:
    """An aware time as microseconds since 1970: the client's own form of a parameter drops what is below a second."""
    return (time - _EPOCH) // timedelta(microseconds=1)
