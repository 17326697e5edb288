"""Which sources are looked at."""

from dataclasses import dataclass

from chatsnapshot.completeness.reconciliation import Source


@dataclass(frozen=True, slots=True)
class Scope:
    """Empty: all of them."""

    tenant: str = ""
    run: str = ""
    instance: str = ""

    def has(self, tenant_id: str, correlation_id: str, instance: str) -> bool:
        """Whether a source is among them."""
        return self.tenant in ("", tenant_id) and self.run in ("", correlation_id) and self.instance in ("", instance)

    def has_source(self, source: Source) -> bool:
        """The same."""
        return self.has(source.tenant_id, source.correlation_id, source.instance)
