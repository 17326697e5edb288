"""The tables compared with what the topic said: record by record for one run, by count and digest for a partition."""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import xor
from typing import Any

from chatsnapshot.verification.chain_check import RunCheck
from chatsnapshot.verification.findings import Finding, Kind
from chatsnapshot.verification.table_queries import TableQueries

EVENTS_PER_QUERY = 1_000
"""A cause look-up carries its ids in the statement: this keeps it small."""


class LedgerTables:
    """Questions about the tables; `client` is a clickhouse-connect client."""

    def __init__(self, client: Any, database: str) -> None:
        self.queries = TableQueries(client, database)

    def run_findings(self, run: RunCheck) -> Iterator[Finding]:
        """One run, record by record."""
        rows = self.queries.ask("run_hashes", tenant=run.tenant_id, correlation=run.correlation_id)
        shown = {int(number): (bytes(digest), int(content)) for number, digest, content in rows}
        for number in shown.keys() - set(range(1, len(run.hashes) + 1)):
            yield _finding(run, Kind.TABLE_SURPLUS, number, "in table ledger, not in the topic")
        for number, (digest, content) in enumerate(zip(run.hashes, run.contents, strict=True), start=1):
            if number not in shown:
                yield _finding(run, Kind.TABLE_MISSING, number, "in the topic, not in table ledger")
            elif shown[number][0] != digest:
                yield _finding(run, Kind.TABLE_DIFFERS, number, "table ledger shows another record")
            elif shown[number][1] != content:
                yield _finding(run, Kind.TABLE_DIFFERS, number, "table ledger shows other values than the record has")

    def partition_findings(self, partition: int, runs: dict[tuple[str, str], RunCheck]) -> Iterator[Finding]:
        """Every run of a partition; a run whose count or digest differs is then compared record by record."""
        rows = self.queries.ask("partition_heads", partition=partition)
        shown = {(tenant, correlation): tuple(said) for tenant, correlation, *said in rows}
        for whose, run in runs.items():
            if shown.get(whose) != (run.sequence_no, len(run.hashes), digest_of(run.hashes), xor_of(run.contents)):
                yield from self.run_findings(run)
        for whose in shown.keys() - runs.keys():
            yield from self.run_findings(RunCheck(*whose))

    def recorded(self, tenant: str, events: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the (correlation, event id) pairs the ledger has."""
        wanted = list(events)
        found: set[tuple[str, str]] = set()
        for at in range(0, len(wanted), EVENTS_PER_QUERY):
            part = wanted[at : at + EVENTS_PER_QUERY]
            rows = self.queries.ask(
                "external_causes",
                tenant=tenant,
                events=[event for _, event in part],
                correlations=sorted({correlation for correlation, _ in part}),
            )
            found |= {(correlation, event) for correlation, event in rows}
        return found & set(wanted)


def digest_of(hashes: list[bytes]) -> int:
    """What `groupBitXor` over the first eight bytes of each hash gives (little-endian)."""
    digest = 0
    for each in hashes:
        digest ^= int.from_bytes(each[:8], "little")
    return digest


def xor_of(digests: Iterable[int]) -> int:
    """What `groupBitXor` gives."""
    return reduce(xor, digests, 0)


def _finding(run: RunCheck, kind: Kind, number: int, detail: str) -> Finding:
    return Finding(kind, detail, run.tenant_id, run.correlation_id, number)
