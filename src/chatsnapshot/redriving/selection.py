"""Which quarantine records are meant, and whether whoever asks may touch them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatsnapshot_schemas.errors import NotFound, WrongTenant
from chatsnapshot_schemas.quarantine_entries import InputPlace

if TYPE_CHECKING:
    from chatsnapshot_projections.quarantine_rows import WaitingRow
    from chatsnapshot_projections.queries import LedgerQueries

RECORDS_MAX = 100_000
"""Of one command: their places are in memory; what is left waits for the next."""
NO_TENANT = ""
"""Of a record whose bytes and key name none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose records may be touched. `tenants` None: everybody's."""

    tenants: tuple[str, ...] | None

    @classmethod
    def of_tenant(cls, tenant: str) -> "Scope":
        """Only that tenant's."""
        return cls((tenant,))

    @classmethod
    def of_operator(cls, tenant: str) -> "Scope":
        """That tenant's and what names no tenant, as an operator's lists show it."""
        return cls((tenant, NO_TENANT))

    def check(self, tenant: str) -> None:
        """Raise WrongTenant."""
        if self.tenants is None or tenant in self.tenants:
            return
        if tenant == NO_TENANT:
            raise WrongTenant("the record names no tenant: only an operator can solve it, by the command line")
        raise WrongTenant(f"tenant_id: {tenant!r} is not served here, only {', '.join(filter(None, self.tenants))!r}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A record that is to be solved: where the input lay, and where it lies in the quarantine topic."""

    place: InputPlace
    quarantine_offset: int
    reason: str


class Selection:
    """Finds records in the tables, which are a moment behind the topic."""

    def __init__(self, queries: "LedgerQueries", scope: Scope) -> None:
        self._queries = queries
        self.scope = scope

    def one(self, place: InputPlace) -> Chosen:
        """By its id, waiting or solved. Raises NotFound, WrongTenant when it names no tenant and the caller has one."""
        row = self._queries.quarantine_place(*place)
        if row is None or (
            row.tenant_id and self.scope.tenants is not None and row.tenant_id not in self.scope.tenants
        ):
            raise NotFound(f"no quarantine record {place}; `chatsnapshot quarantine list` lists them")
        self.scope.check(row.tenant_id)
        return _chosen(row)

    def waiting(self, reason: str = "", limit: int = RECORDS_MAX) -> list[Chosen]:
        """All that wait, of one reason or of any, in the topic's order; at most `limit`."""
        return [_chosen(row) for row in self._queries.quarantine_waiting(self.scope.tenants, reason, limit)]


def by_partition(chosen: Sequence[Chosen]) -> dict[int, list[Chosen]]:
    """The records of each quarantine partition."""
    found: dict[int, list[Chosen]] = {}
    for each in chosen:
        found.setdefault(each.place.partition, []).append(each)
    return found


def _chosen(row: "WaitingRow") -> Chosen:
    place = InputPlace(row.input_epoch, row.input_partition, row.input_offset)
    return Chosen(place, row.quarantine_offset, row.reason)
