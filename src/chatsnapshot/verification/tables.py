"""The tables compared with what the topic said: record by record for one run, by count and digest for a partition."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from chatsnapshot.verification.chain_check import RunCheck
from chatsnapshot.verification.findings import Finding, Kind

EVENTS_PER_QUERY = 1_000
"""A cause look-up carries its ids in the statement: this keeps it small."""


class LedgerTables:
    """Questions about the tables; `client` is a clickhouse-connect client."""

    def __init__(self, client: Any, database: str) -> None:
        self._client = client
        self._database = database

    def run_findings(self, run: RunCheck) -> Iterator[Finding]:
        """One run, record by record."""
        rows = self._rows("run_hashes", tenant=run.tenant_id, correlation=run.correlation_id)
        shown = {int(number): bytes(digest) for number, digest in rows}
        for number in shown.keys() - set(range(1, len(run.hashes) + 1)):
            yield _finding(run, Kind.TABLE_SURPLUS, number, "in table ledger, not in the topic")
        for number, digest in enumerate(run.hashes, start=1):
            if number not in shown:
                yield _finding(run, Kind.TABLE_MISSING, number, "in the topic, not in table ledger")
            elif shown[number] != digest:
                yield _finding(run, Kind.TABLE_DIFFERS, number, "table ledger shows another record")

    def partition_findings(self, partition: int, runs: dict[tuple[str, str], RunCheck]) -> Iterator[Finding]:
        """Every run of a partition; a run whose count or digest differs is then compared record by record."""
        rows = self._rows("partition_heads", partition=partition)
        shown = {(tenant, correlation): (last, count, digest) for tenant, correlation, last, count, digest in rows}
        for whose, run in runs.items():
            if shown.get(whose) != (run.sequence_no, len(run.hashes), digest_of(run.hashes)):
                yield from self.run_findings(run)
        for whose in shown.keys() - runs.keys():
            yield from self.run_findings(RunCheck(*whose))

    def recorded(self, tenant: str, events: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the (correlation, event id) pairs the ledger has."""
        wanted = list(events)
        found: set[tuple[str, str]] = set()
        for at in range(0, len(wanted), EVENTS_PER_QUERY):
            part = wanted[at : at + EVENTS_PER_QUERY]
            rows = self._rows(
                "external_causes",
                tenant=tenant,
                events=[event for _, event in part],
                correlations=sorted({correlation for correlation, _ in part}),
            )
            found |= {(correlation, event) for correlation, event in rows}
        return found & set(wanted)

    def _rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        from chatsnapshot_projections.clickhouse_client import clickhouse_errors

        with clickhouse_errors(f"verification query {name}"):
            result = self._client.query(
                _sql(name),
                parameters={"database": self._database, **parameters},
                query_formats={"FixedString": "bytes"},  # hashes: without it they would be decoded as text
            )
        rows: list[tuple[Any, ...]] = list(result.result_rows)
        return rows


def digest_of(hashes: list[bytes]) -> int:
    """What `groupBitXor` over the first eight bytes of each hash gives (little-endian)."""
    digest = 0
    for each in hashes:
        digest ^= int.from_bytes(each[:8], "little")
    return digest


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")


def _finding(run: RunCheck, kind: Kind, number: int, detail: str) -> Finding:
    return Finding(kind, detail, run.tenant_id, run.correlation_id, number)
