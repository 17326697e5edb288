"""Which facts are known by now: those of the tables, and those that this very command has sent."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chatsnapshot_processors.redrive.plan import FactId, KnownFact, NewInput
from chatsnapshot_schemas.errors import RedriveRefused

if TYPE_CHECKING:
    from chatsnapshot_projections.queries import LedgerQueries


class KnownFacts:
    """Asks the tables for a batch of ids at once. What was sent stays in memory: at most one command's."""

    def __init__(self, queries: "LedgerQueries") -> None:
        self._queries = queries
        self._sent: dict[FactId, KnownFact] = {}

    def recorded(self, inputs: Iterable[NewInput]) -> dict[FactId, KnownFact]:
        """What the tables have under the ids of these. Raises ClickHouseUnavailable, QueryFailed."""
        wanted = {new.fact_id for new in inputs}
        runs, ids = {(tenant, run) for tenant, run, _ in wanted}, {event_id for _, _, event_id in wanted}
        rows = self._queries.known_facts(sorted(runs), sorted(ids))
        return {
            (row.tenant_id, row.correlation_id, row.event_id): KnownFact(
                row.event_type, row.causation_id, row.subject_id, row.payload_sha256, row.whole_sha256, row.is_held
            )
            for row in sorted(rows, key=lambda row: not row.is_held)  # recorded meanwhile: that counts
        }

    def send(self, new: NewInput) -> None:
        """This one is on its way. Raises RedriveRefused when another fact is, under its id.

        The same fact goes too: that it is recorded is known only when the sequencer has decided, who drops one of them.
        """
        if self._sent.setdefault(new.fact_id, new.fact) != new.fact:
            raise RedriveRefused(
                f"event_id: {new.fact_id[2]} was sent just now as another fact: give this one a new id"
            )
