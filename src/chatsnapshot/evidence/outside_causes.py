"""Causes that lie in other runs, looked up within an evidence."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatsnapshot.verification.chain_check import ExternalCause, PartitionCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot_schemas.partitioning import message_key
from chatsnapshot_schemas.rules import Plain

Place = tuple[str, str, str]
"""Tenant, correlation, event id."""


@dataclass(slots=True)
class OutsideCauses:
    """Note every partition, then show it the records of the runs that are named, then ask."""

    elsewhere: int = 0
    """Causes in runs that the evidence does not have."""
    _wanted: dict[Place, list[tuple[str, ExternalCause]]] = field(default_factory=dict)
    """With the correlations of those that name them."""
    _seen: set[Place] = field(default_factory=set)
    _runs: set[tuple[str, str]] = field(default_factory=set)

    def note(self, check: PartitionCheck) -> None:
        """The causes that a partition's runs name in others."""
        for (tenant, correlation), run in check.runs.items():
            self._runs.add((tenant, correlation))
            for cause in run.externals:
                place = (tenant, cause.causation_correlation_id, cause.causation_id)
                self._wanted.setdefault(place, []).append((correlation, cause))

    def keys(self) -> set[bytes]:
        """Message keys of the runs to be shown."""
        return {message_key(tenant, correlation) for tenant, correlation, _ in self._wanted}

    def seen(self, plain: Plain) -> None:
        """One record of such a run."""
        envelope = plain["envelope"]
        self._seen.add((envelope["tenant_id"], envelope["correlation_id"], envelope["event_id"]))

    def findings(self, *, everything: bool) -> Iterator[Finding]:
        """Causes that are not recorded. A run that is not here is only known to be none if the evidence has all."""
        for place, named in self._wanted.items():
            tenant, elsewhere, event_id = place
            if place in self._seen:
                continue
            if not everything and (tenant, elsewhere) not in self._runs:
                self.elsewhere += len(named)
                continue
            for correlation, cause in named:
                yield Finding(
                    Kind.UNRESOLVED_CAUSE,
                    f"cause {event_id} is not recorded in run {elsewhere}",
                    tenant,
                    correlation,
                    cause.sequence_no,
                    cause.event_id,
                )
