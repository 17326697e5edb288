"""Every projection compared with what its definition makes of table `ledger`, inside the engine, a range at a time.

Table `ledger` has been compared with the topic before, field by field. Runs that are being written are looked at again
until they stand still, because an insert shows in one table a moment before it shows in the next.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from chatsnapshot.verification.bill_check import BillCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.run_range import Run, RunRange, run_ranges
from chatsnapshot.verification.table_queries import TableQueries

RUNS_MAX = 1_000
"""Runs of one range and one table that are told; more are damaged alike."""
LOOKED_AT_MAX = 100
"""Runs of a range that are looked at again one by one, with details; others are told as they seem."""
LOOKS = 4
"""So often is looked at a run that grows meanwhile; then it is said to be written, and not to differ."""
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
    has_rows: bool = True
    """Whether a row belongs to one record, so that details can name it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A run that one table or view shows otherwise."""

    compared: Compared | None
    """None: its bill."""
    run: Run


class ProjectionCheck:
    """Compares everything that is derived from table `ledger`. Raises ClickHouseUnavailable, QueryFailed."""

    def __init__(self, tables: TableQueries, settled: Callable[[], bool] = lambda: True) -> None:
        """`settled` waits until the sink is where the ledger topic ends now; False: it is not."""
        self._tables = tables
        self._settled = settled
        self._bills = BillCheck(tables)

    @property
    def names(self) -> tuple[str, ...]:
        """What is compared."""
        return (*(each.name for each in self._compared), "billing_by_run")

    @property
    def bills_left_out(self) -> int:
        """Runs whose bill was not compared, because a usage report breaks the conventions."""
        return self._bills.left_out

    def run(self, run: Run) -> Iterator[Finding]:
        """One run."""
        yield from self._range(RunRange(one=run))

    def all(self, done: Callable[[], None] = lambda: None) -> Iterator[Finding]:
        """Every run; `done` is called behind each range."""
        for part in run_ranges(self._tables.ask):
            yield from self._range(part)
            done()

    @cached_property
    def _compared(self) -> tuple[Compared, ...]:
        return tuple(_compared(self._tables))

    @cached_property
    def _applied(self) -> dict[str, int]:
        return {str(name): int(at) for name, at in self._tables.ask("definitions")}

    def _range(self, part: RunRange) -> Iterator[Finding]:
        found = list(self._differences(part))
        for each in found[LOOKED_AT_MAX:]:
            yield _plain_finding(each)
        yield from self._confirmed(found[:LOOKED_AT_MAX])

    def _differences(self, part: RunRange) -> Iterator[Difference]:
        for compared in self._compared:
            for tenant, correlation in self._tables.ask_filled("same_rows", _filled(compared), part, runs_max=RUNS_MAX):
                yield Difference(compared, (str(tenant), str(correlation)))
        for run in self._bills.differing(part):
            yield Difference(None, run)

    def _confirmed(self, doubts: list[Difference]) -> Iterator[Finding]:
        """Those that differ while their run does not grow, and after all inserts that it had then have ended."""
        for _ in range(LOOKS):
            if not doubts:
                return
            before = self._lengths(doubts)
            is_settled = self._settled()
            doubts = [each for each in doubts if self._differs(each)]
            after = self._lengths(doubts)
            still = [each for each in doubts if is_settled and before[each.run] == after[each.run]]
            yield from map(self._finding, still)
            doubts = [each for each in doubts if each not in still]
        for each in doubts:
            yield Finding(Kind.TABLES_BEHIND, "it is being written, and was not compared", *each.run)

    def _lengths(self, doubts: list[Difference]) -> dict[Run, int]:
        runs = {each.run for each in doubts}
        return {run: int(self._tables.ask("run_length", tenant=run[0], correlation=run[1])[0][0]) for run in runs}

    def _differs(self, each: Difference) -> bool:
        part = RunRange(one=each.run)
        if each.compared is None:
            return bool(list(self._bills.differing(part)))
        return bool(self._tables.ask_filled("same_rows", _filled(each.compared), part, runs_max=1))

    def _finding(self, each: Difference) -> Finding:
        compared = each.compared
        if compared is None or not compared.has_rows:
            return _plain_finding(each)
        rows = self._tables.ask_filled("rows_that_differ", _filled(compared), RunRange(one=each.run))
        missing, surplus, first, last_at = map(int, rows[0])
        detail = f"table {compared.name}: {missing} row(s) missing, {surplus} too many, from #{first} on"
        kind = compared.kind
        if missing == surplus and last_at < max(
            self._applied.get(f"projection {compared.name}", 0), self._applied.get("columns of ledger", 0)
        ):
            kind = Kind.PROJECTION_OLD
            detail += "; they are older than the definition: rebuild the projection"
        return Finding(kind, detail, *each.run, first)


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


def _plain_finding(each: Difference) -> Finding:
    if each.compared is None:
        detail = "view billing_by_run is not what the usage that was reported comes to at the prices of its time"
        return Finding(Kind.BILL_DIFFERS, detail, *each.run)
    what = (
        "what the ledger says"
        if each.compared.has_rows or each.compared.name == "runs"
        else "the causes that are named"
    )
    return Finding(each.compared.kind, f"{each.compared.name} does not show {what}", *each.run)
