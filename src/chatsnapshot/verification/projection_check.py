"""Every projection compared with what its definition makes of table `ledger`, inside the engine, a range at a time.

Table `ledger` has been compared with the topic before, field by field. A run that seems wrong is looked at again behind
the inserts that were under way, because an insert shows in one table a moment before it shows in the next.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from chatsnapshot.verification.bill_check import BillCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.run_range import Run, RunRange, run_ranges
from chatsnapshot.verification.table_queries import TableQueries

RUNS_MAX = 10_000
"""Runs of one range that one table may show otherwise, or that are written just then; more are not told."""
LOOKED_AT_MAX = 100
"""Runs that are looked at again with one question."""
DETAILED_MAX = 100
"""Findings of one table and range that say how many rows and from where on."""
BILLS = "billing_by_run"
_RUN_LISTS = {"services": 16, "runtimes": 16, "agents": 64}
"""Lists of view `runs` that are cut there; which names are left then is chance."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One table or view: what it should show and what it shows, as SELECTs, and the columns that must be the same."""

    kind: Kind
    name: str
    expected: str
    shown: str
    columns: tuple[str, ...]
    has_numbers: bool = True
    """Whether a row has a sequence number, so that a run that grows can be compared up to one."""
    has_rows: bool = True
    """Whether a row belongs to one record, so that details can name it."""


class ProjectionCheck:
    """Compares everything that is derived from table `ledger`. Raises ClickHouseUnavailable, QueryFailed."""

    def __init__(self, tables: TableQueries, settled: Callable[[], bool] = lambda: True) -> None:
        """`settled` waits until the sink is where the ledger topic ends now; False: it is not."""
        self.growing: set[Run] = set()
        """Runs that were written while they were compared, so that not everything of them was."""
        self._tables = tables
        self._settled = settled
        self._bills = BillCheck(tables)

    @property
    def names(self) -> tuple[str, ...]:
        """What is compared."""
        return (*(each.name for each in self._compared), BILLS)

    @property
    def bills_left_out(self) -> int:
        """Runs whose bill was not compared, because a usage report breaks the conventions."""
        return self._bills.left_out

    def run(self, run: Run) -> Iterator[Finding]:
        """One run."""
        yield from self._range(RunRange(some=((run, None),)))

    def all(self, told: Callable[[str], None] = lambda name: None) -> Iterator[Finding]:
        """Every run; `told` is called with the name of each table of each range before it is compared."""
        for part in run_ranges(self._tables.ask):
            yield from self._range(part, told)

    @cached_property
    def _compared(self) -> tuple[Compared, ...]:
        return tuple(_compared(self._tables))

    @cached_property
    def _applied(self) -> dict[str, int]:
        return {str(name): int(at) for name, at in self._tables.ask("definitions")}

    def _range(self, part: RunRange, told: Callable[[str], None] = lambda name: None) -> Iterator[Finding]:
        for compared in self._compared:
            told(compared.name)
            look = partial(self._differing, compared)
            found = self._confirmed(look(part), look, has_numbers=compared.has_numbers)
            for number, (run, limit) in enumerate(found):
                yield self._finding(compared, run, limit if number < DETAILED_MAX else None)
        told(BILLS)
        for run, _ in self._confirmed(list(self._bills.differing(part)), self._bills.differing, has_numbers=False):
            detail = f"view {BILLS} is not what the usage that was reported comes to at the prices of its time"
            yield Finding(Kind.BILL_DIFFERS, detail, *run)

    def _differing(self, compared: Compared, part: RunRange) -> list[Run]:
        rows = self._tables.ask_filled("same_rows", _filled(compared), part, runs_max=RUNS_MAX)
        return [(str(tenant), str(correlation)) for tenant, correlation in rows]

    def _confirmed(
        self, doubts: list[Run], look: Callable[[RunRange], Iterable[Run]], *, has_numbers: bool
    ) -> Iterator[tuple[Run, int]]:
        """Those that differ after all inserts that they had have ended, with their length then.

        A run that grows meanwhile is compared up to that length; where there are no numbers, it is counted as growing.
        """
        for at in range(0, len(doubts), LOOKED_AT_MAX):
            batch = doubts[at : at + LOOKED_AT_MAX]
            before = self._lengths(batch)
            if not self._settled():
                self.growing |= set(batch)
                continue
            left = list(look(_some(batch)))
            after = self._lengths(left)
            grown = {run for run in left if before[run] != after[run]}
            if grown and has_numbers:
                differing = set(look(RunRange(some=tuple((run, before[run]) for run in sorted(grown)))))
                left = [run for run in left if run not in grown or run in differing]
            else:
                self.growing |= grown
                left = [run for run in left if run not in grown]
            yield from ((run, before[run]) for run in left)

    def _lengths(self, runs: list[Run]) -> dict[Run, int]:
        rows = self._tables.ask_filled("run_lengths", {}, _some(runs)) if runs else []
        known = {(str(tenant), str(correlation)): int(length) for tenant, correlation, length in rows}
        return {run: known.get(run, 0) for run in runs}

    def _finding(self, compared: Compared, run: Run, length: int | None) -> Finding:
        if not compared.has_rows or length is None:
            what = "the causes that are named" if compared.kind is Kind.EDGES_DIFFER else "what the ledger says"
            return Finding(compared.kind, f"{compared.name} does not show {what}", *run)
        rows = self._tables.ask_filled("rows_that_differ", _filled(compared), _some([run]))
        missing, surplus, first, last_at = map(int, rows[0])
        detail = f"table {compared.name}: {missing} row(s) missing, {surplus} too many, from #{first} on"
        kind = compared.kind
        if missing == surplus > 0 and last_at < max(
            self._applied.get(f"projection {compared.name}", 0), self._applied.get("columns of ledger", 0)
        ):
            kind = Kind.PROJECTION_OLD
            detail += "; they are older than the definition: rebuild the projection"
        return Finding(kind, detail, *run, first)


def _some(runs: Iterable[Run]) -> RunRange:
    return RunRange(some=tuple((run, None) for run in runs))


def _compared(tables: TableQueries) -> Iterator[Compared]:
    from chatsnapshot_projections.sql_files import projection, statements

    database = tables.database
    for kind, name in (
        (Kind.ITEMS_DIFFER, "run_items"),
        (Kind.FACTS_DIFFER, "workflow_facts"),
        (Kind.USAGE_DIFFERS, "usage_lines"),
    ):
        columns = tables.columns(name)
        yield Compared(kind, name, projection(name, database).select, f"SELECT * FROM `{database}`.{name}", columns)
    (view,) = statements("views/runs.sql", database)
    made = projection("runs_versions", database).select
    lists = {name: f"if(length({name}) < {most}, {name}, [])" for name, most in _RUN_LISTS.items()}
    columns = tuple(name for name in tables.columns("runs") if name not in lists)
    yield Compared(
        Kind.RUNS_DIFFER,
        "runs",
        view.replace(f"`{database}`.runs_versions", f"({made})"),
        f"SELECT * FROM `{database}`.runs",
        (*columns, *lists.values()),
        has_numbers=False,
        has_rows=False,
    )
    edges = ("tenant_id", "correlation_id", "kind", "cause_id", "effect_id")
    recorded, shown = (tables.filled(name) for name in ("causes_recorded", "causes_shown"))
    yield Compared(Kind.EDGES_DIFFER, "workflow_edges", recorded, shown, edges, has_rows=False)


def _filled(compared: Compared) -> dict[str, str]:
    named = {f"c{at}": column for at, column in enumerate(compared.columns)}
    return {
        "expected": compared.expected,
        "shown": compared.shown,
        "selected": ", ".join(f"{column} AS v{name}" for name, column in named.items()),
        "values": ", ".join(f"v{name}" for name in named),
    }
