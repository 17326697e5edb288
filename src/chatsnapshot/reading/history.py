"""One run, read back."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from chatsnapshot.reading.causes import CauseGraph, Why
from chatsnapshot.reading.sources import Sources
from chatsnapshot_schemas.errors import BlobChanged, NotFound, RunTooLarge
from chatsnapshot_schemas.ledger_record import LedgerRecord

if TYPE_CHECKING:
    from chatsnapshot.verification.findings import Report
    from chatsnapshot_projections.query_rows import ChargeRow, EdgeRow, NodeRow, RunItemRow, RunRow
    from chatsnapshot_projections.trail_rows import ActionRow, SpanRow

Row = TypeVar("Row")

PAGE_EVENTS = 1_000
"""Records per query: a page of large payloads stays well below the engine's and our memory limits."""
ITEMS_MAX = 100_000
"""Rows of a run that are loaded at once; of more, none is."""


class RunHistory:
    """What a run left behind. Views come from ClickHouse, proof and live tail from Kafka.

    A method that gives a list gives all of it, or raises RunTooLarge.
    """

    def __init__(self, sources: Sources, run_id: str) -> None:
        self._sources = sources
        self.run_id = run_id

    def summary(self) -> "RunRow":
        """The run's row of view `runs`. Raises NotFound."""
        found = self._sources.queries.run(self._sources.tenant, self.run_id)
        if found is None:
            raise NotFound(f"no run {self.run_id!r} of tenant {self._sources.tenant!r}; `chatsnapshot runs` lists them")
        return found

    def events(self, after: int = 0, limit: int | None = None) -> Iterator[LedgerRecord]:
        """Records in ledger order behind sequence number `after`, page by page."""
        from chatsnapshot.reading.stored_records import stored_record

        left = limit
        while left is None or left > 0:
            wanted = PAGE_EVENTS if left is None else min(left, PAGE_EVENTS)
            page = self._sources.queries.events(self._sources.tenant, self.run_id, after=after, limit=wanted)
            yield from map(stored_record, page)
            if len(page) < PAGE_EVENTS:
                return
            after = page[-1].sequence_no
            left = None if left is None else left - len(page)

    def payload(self, event: LedgerRecord) -> str:
        """The whole payload of a record as it was written; one above the cap is fetched, digest and length checked.

        It is found by its digest in the configured blob storage, wherever the event says that it lies. Raises
        BlobMissing, BlobChanged, BlobUnavailable, ConfigurationError.
        """
        envelope = event.envelope
        if envelope.payload_ref is None:
            return envelope.payload
        try:
            return self._sources.blobs.get(envelope.payload_ref).decode()
        except UnicodeDecodeError:  # a forged reference to something that is no payload
            raise BlobChanged(f"blob {envelope.payload_ref.sha256} is no text") from None

    def items(self) -> list["RunItemRow"]:
        """Everything displayable: rows of `run_items`."""
        return self._whole("run_items", self._sources.queries.run_items)

    def transcript(self) -> list["RunItemRow"]:
        """Messages and human answers: rows of view `transcript`."""
        return self._whole("transcript", self._sources.queries.transcript)

    def page(self, mode: str, after: int, limit: int) -> list["RunItemRow"]:
        """Items (`full`) or messages and answers (`transcript`) behind a sequence number, at most `limit`."""
        queries = self._sources.queries
        read = queries.transcript if mode == "transcript" else queries.run_items
        return read(self._sources.tenant, self.run_id, after=after, limit=limit)

    def nodes(self) -> list["NodeRow"]:
        """Rows of view `workflow_nodes`."""
        return self._whole("workflow_nodes", self._sources.queries.workflow_nodes)

    def edges(self) -> list["EdgeRow"]:
        """Rows of view `workflow_edges`."""
        return self._whole("workflow_edges", self._sources.queries.workflow_edges)

    def timeline(self) -> list["SpanRow"]:
        """Rows of view `timeline`: spans with durations, in ledger order."""
        return self._whole("timeline", self._sources.queries.timeline)

    def audit_trail(self) -> list["ActionRow"]:
        """Rows of view `audit_trail`: who did what, on whose behalf, with which approval."""
        return self._whole("audit_trail", self._sources.queries.audit_trail)

    def charges(self) -> list["ChargeRow"]:
        """Rows of view `charges`: usage, price and amount per bucket."""
        return self._whole("charges", self._sources.queries.charges)

    def causes(self) -> CauseGraph:
        """Who caused whom."""
        from chatsnapshot.reading.stored_records import run_links

        return CauseGraph(
            run_links(
                self._sources.client,
                self._sources.clickhouse.database,
                tenant=self._sources.tenant,
                correlation=self.run_id,
            )
        )

    def why(self, event_id: str) -> Why:
        """Causes up to the roots, effects down to the leaves. Raises NotFound."""
        answer = self.causes().why(event_id.lower())
        if answer is None:
            raise NotFound(f"no event {event_id} in run {self.run_id!r}")
        return answer

    def verify(self) -> "Report":
        """Recompute every hash from the raw ledger topic; check numbers, causes and gaps; compare with the tables."""
        return self._sources.verifier().run(self._sources.tenant, self.run_id)

    def tail(self, *, from_start: bool = False) -> Iterator[LedgerRecord]:
        """Records as they are committed, for ever."""
        from chatsnapshot.reading.live_tail import tail_records

        records = tail_records(
            self._sources.kafka,
            self._sources.topics.ledger,
            self._sources.framing,
            only=(self._sources.tenant, self.run_id),
            from_start=from_start,
        )
        return (record for record in records if record is not None)

    def _whole(self, name: str, read: Callable[..., list[Row]]) -> list[Row]:
        """Every row of a view."""
        rows = read(self._sources.tenant, self.run_id, limit=ITEMS_MAX + 1)
        if len(rows) > ITEMS_MAX:
            raise RunTooLarge(
                f"run {self.run_id!r} has more than {ITEMS_MAX:,} rows in `{name}`: read its events "
                "(`chatsnapshot show RUN --mode raw`, `events()`), or the view in parts by `chatsnapshot sql`"
            )
        return rows
