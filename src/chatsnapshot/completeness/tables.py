"""Source numbers as the tables have them. Streams: no more of a result than a block is in memory."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, NamedTuple

from chatsnapshot.completeness.holes import Hole, HoleSearch
from chatsnapshot.completeness.reconciliation import Source
from chatsnapshot.completeness.scope import Scope

SOURCES_PER_QUERY = 200
"""A look at the numbers carries ids in the statement: this keeps it below a megabyte."""
QUARANTINED_MAX = 200_000
"""Numbers in quarantine that are looked at; about 60 MB. More means that something is wrong with a producer."""
SPILL_BYTES = 1024 * 1024 * 1024
"""Grouping by run goes to disk beyond it: two million runs or so."""


class RunCount(NamedTuple):
    """One source in table `ledger`; as in `reconciliation.Known`."""

    source: Source
    records: int
    numbers: int
    end: int


class QuarantinedNumber(NamedTuple):
    """A number that an event in quarantine has used up; one that `waits` is not solved."""

    source: Source
    number: int
    waits: bool


class WithoutNumbers(NamedTuple):
    """What cannot be checked: records, and inputs that wait in quarantine, without a source number."""

    records: int
    quarantined: int


class NumberTables:
    """`client` comes from `clickhouse_client.connect`. Every method raises ClickHouseUnavailable, QueryFailed."""

    def __init__(self, client: Any, database: str) -> None:
        self._client = client
        self._database = database

    def counts(self, scope: Scope) -> Iterator[RunCount]:
        """Every source there is, in any order."""
        for tenant, instance, run, records, numbers, end in self._rows("run_counts", scope):
            yield RunCount(Source(tenant, instance, run), records, numbers, end)

    def holes(self, sources: Sequence[Source]) -> Iterator[tuple[RunCount, tuple[Hole, ...]]]:
        """The absent numbers of each of these, and its counts of the same moment."""
        for at in range(0, len(sources), SOURCES_PER_QUERY):
            some = sources[at : at + SOURCES_PER_QUERY]
            wanted = set(some)
            asked = {
                "tenants": sorted({source.tenant_id for source in some}),
                "instances": sorted({source.instance for source in some}),
                "runs": sorted({source.correlation_id for source in some}),
            }
            for source, rows in groupby(self._ask("recorded_numbers", asked), key=lambda row: Source(*row[:3])):
                if source in wanted:
                    search = HoleSearch()
                    for *_, number, gap_before, late in rows:
                        search.feed(number, gap_before, bool(late))
                    holes = search.holes()
                    yield RunCount(source, search.records, search.numbers, search.end), holes

    def quarantined(self, scope: Scope) -> Iterator[QuarantinedNumber]:
        """Numbers in quarantine, solved ones too; the latest QUARANTINED_MAX."""
        for *source, number, waits in self._rows("quarantined_numbers", scope, limit=QUARANTINED_MAX):
            yield QuarantinedNumber(Source(*source), number, bool(waits))

    def without_numbers(self, scope: Scope) -> WithoutNumbers:
        """How much cannot be checked."""
        (row,) = self._rows("without_numbers", scope)
        return WithoutNumbers(*row)

    def _rows(self, name: str, scope: Scope, **more: Any) -> Iterable[Sequence[Any]]:
        return self._ask(name, {"tenant": scope.tenant, "run": scope.run, "instance": scope.instance, **more})

    def _ask(self, name: str, parameters: dict[str, Any]) -> Iterator[Sequence[Any]]:
        from chatsnapshot_projections.clickhouse_client import clickhouse_errors
        from chatsnapshot_projections.settings_pinned import READ_SETTINGS

        with clickhouse_errors(f"completeness query {name}"):
            stream = self._client.query_rows_stream(
                _sql(name),
                parameters={"database": self._database, **parameters},
                settings={**READ_SETTINGS, "max_bytes_before_external_group_by": SPILL_BYTES},
            )
            with stream:
                yield from stream


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
