"""The ledger of one tenant, read back."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self

from chatsnapshot.reading.history import RunHistory
from chatsnapshot.reading.sources import Sources
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.ledger_record import LedgerRecord

if TYPE_CHECKING:
    from chatsnapshot.verification.findings import Report
    from chatsnapshot_projections.quarantine_rows import SolvedRow
    from chatsnapshot_projections.query_rows import HeldRow, QuarantineRow, RunRow

HELD_MAX = 1_000_000
"""Far above what the limits of held events allow in any installation."""


class Ledger:
    """Entry point for reading. `Ledger.connect()` finds what the environment names, else the running local stack."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    @classmethod
    def connect(cls, *, tenant: str | None = None, settings: Settings | None = None) -> Self:
        """A reader for one tenant (default: the setting). Nothing is contacted before the first question."""
        settings = settings or Settings()
        return cls(Sources(settings, tenant or settings.tenant))

    def run(self, run_id: str) -> RunHistory:
        """One run; whether it exists shows with the first question."""
        return RunHistory(self.sources, run_id)

    def runs(self, limit: int = 50) -> list["RunRow"]:
        """The latest runs: rows of view `runs`."""
        return self.sources.queries.runs(self.sources.tenant, limit=limit)

    def tail(self, *, from_start: bool = False) -> Iterator[LedgerRecord]:
        """Records of every run of the tenant as they are committed, for ever."""
        from chatsnapshot.reading.live_tail import tail_records

        records = tail_records(
            self.sources.kafka, self.sources.topics.ledger, self.sources.framing, from_start=from_start
        )
        return (record for record in records if record and record.envelope.tenant_id == self.sources.tenant)

    def verify(
        self, progress: Callable[[str, int, int], None] = lambda doing, done, total: None, *, tables: bool = True
    ) -> "Report":
        """Verify every run of every tenant. `progress`: what is being done, how much of it is, and of how much.
        `tables=False`: the topics only, without ClickHouse."""
        return self.sources.verifier(tables=tables).all(progress)

    def quarantine(self, limit: int = 100) -> list["QuarantineRow"]:
        """What was refused and waits for a person."""
        return self.sources.queries.quarantine(self.sources.tenant, limit=limit)

    def quarantined(self, epoch: int, partition: int, offset: int) -> "QuarantineRow | None":
        """One input in quarantine, by its place in the events topic."""
        return self.sources.queries.quarantined(self.sources.tenant, epoch, partition, offset)

    def quarantine_solved(self, limit: int = 100) -> list["SolvedRow"]:
        """What was refused, and redriven or discarded since."""
        return self.sources.queries.quarantine_solved(self.sources.tenant, limit=limit)

    def quarantine_record(
        self, epoch: int, partition: int, offset: int
    ) -> "tuple[QuarantineRow | SolvedRow, bytes | None] | None":
        """One refused input, waiting or solved, and its bytes as they came; None when there is none."""
        from chatsnapshot.reading.solved_inputs import solved_original

        row = self.quarantined(epoch, partition, offset)
        if row is not None:
            return row, bytes(row.original)
        solved = self.sources.queries.quarantine_solution(self.sources.tenant, epoch, partition, offset)
        if solved is None:
            return None
        quarantine = self.sources.topics.quarantine
        return solved, solved_original(self.sources.kafka, quarantine, partition, solved.quarantine_offset)

    def held(self, limit: int = 100) -> list["HeldRow"]:
        """What waits for its cause or predecessor."""
        return self.sources.queries.held(self.sources.tenant, limit=limit)

    def held_event(self, event_id: str) -> "tuple[HeldRow, bytes | None] | None":
        """One event that waits, and its bytes as they came (None: released meanwhile); None when it does not wait."""
        from chatsnapshot.reading.held_inputs import held_original

        found = next((row for row in self.held(HELD_MAX) if str(row.event_id) == event_id), None)
        if found is None:
            return None
        state = self.sources.topics.state
        return found, held_original(self.sources.kafka, state, found.input_partition, found.state_offset)
