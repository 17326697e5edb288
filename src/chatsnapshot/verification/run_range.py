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
    """Runs behind `after` up to `last`, in the order of the tables' keys; None: without that end.

    Or `some` runs, each up to a sequence number if one is given.
    """

    after: Run | None = None
    last: Run | None = None
    some: tuple[tuple[Run, int | None], ...] | None = None

    @property
    def condition(self) -> str:
        """For a WHERE; tables are read by their primary key."""
        if self.some is not None:
            each = " OR ".join(f"({_one(at, limit)})" for at, (_, limit) in enumerate(self.some))
            return f"({each or 'false'})"
        lower = "(tenant_id > {ta:String} OR (tenant_id = {ta:String} AND correlation_id > {ca:String}))"
        upper = "(tenant_id < {tl:String} OR (tenant_id = {tl:String} AND correlation_id <= {cl:String}))"
        parts = ([lower] if self.after else []) + ([upper] if self.last else [])
        return " AND ".join(parts) or "true"

    @property
    def parameters(self) -> dict[str, Any]:
        """What the condition names."""
        named: dict[str, Any] = {}
        for end, run in (("a", self.after), ("l", self.last)):
            if run is not None:
                named |= {f"t{end}": run[0], f"c{end}": run[1]}
        for at, (run, limit) in enumerate(self.some or ()):
            named |= {f"t{at}": run[0], f"c{at}": run[1]} | ({} if limit is None else {f"n{at}": limit})
        return named


def _one(at: int, limit: int | None) -> str:
    up_to = "" if limit is None else f" AND sequence_no <= {{n{at}:Int64}}"
    return f"tenant_id = {{t{at}:String}} AND correlation_id = {{c{at}:String}}{up_to}"


def run_ranges(ask: Ask, records: int = RECORDS_PER_RANGE) -> Iterator[RunRange]:
    """Everything, in ranges of about so many ledger records."""
    after: Run | None = None
    while True:
        start = after or ("", "")
        found = ask("range_end", ta=start[0], ca=start[1], records=records)
        last = (str(found[0][0]), str(found[0][1])) if found else None
        yield RunRange(after, last)
        if last is None:
            return
        after = last
