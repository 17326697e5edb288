"""Parts of the tables that are compared at once, so that neither side has to hold everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

RECORDS_PER_RANGE = 250_000
"""Of the ledger; a larger run makes a range of its own. A comparison keeps a line a run, and joins these for edges."""
Run = tuple[str, str]
"""(tenant_id, correlation_id)."""


class Ask(Protocol):
    """A named query."""

    def __call__(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Its rows."""
        ...


@dataclass(frozen=True, slots=True)
class RunRange:
    """Runs behind `after` up to `last`, in the order of the tables' keys; None: without that end. Or one run."""

    after: Run | None = None
    last: Run | None = None
    one: Run | None = None

    @property
    def condition(self) -> str:
        """For a WHERE; tables are read by their primary key."""
        if self.one is not None:
            return "tenant_id = {t1:String} AND correlation_id = {c1:String}"
        lower = "(tenant_id > {t0:String} OR (tenant_id = {t0:String} AND correlation_id > {c0:String}))"
        upper = "(tenant_id < {t1:String} OR (tenant_id = {t1:String} AND correlation_id <= {c1:String}))"
        parts = ([lower] if self.after else []) + ([upper] if self.last else [])
        return " AND ".join(parts) or "true"

    @property
    def parameters(self) -> dict[str, str]:
        """What the condition names."""
        ends = {"0": self.after, "1": self.one or self.last}
        named: dict[str, str] = {}
        for end, run in ends.items():
            if run is not None:
                named |= {f"t{end}": run[0], f"c{end}": run[1]}
        return named


def run_ranges(ask: Ask, records: int = RECORDS_PER_RANGE) -> Iterator[RunRange]:
    """Everything, in ranges of about so many ledger records."""
    after: Run | None = None
    while True:
        start = after or ("", "")
        found = ask("range_end", t0=start[0], c0=start[1], records=records)
        last = (str(found[0][0]), str(found[0][1])) if found else None
        yield RunRange(after, last)
        if last is None:
            return
        after = last
