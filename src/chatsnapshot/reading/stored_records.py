"""Ledger records and links as the tables give them back."""

from functools import cache
from importlib.resources import files
from typing import Any

from chatsnapshot.reading.causes import Link
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.codec import ledger_record
from chatsnapshot_schemas.envelope import Source
from chatsnapshot_schemas.errors import QueryFailed
from chatsnapshot_schemas.ledger_record import LedgerRecord
from chatsnapshot_schemas.rules import Plain

LINKS_MAX = 1_000_000
"""Events of a run whose causes are walked; about 300 bytes each in memory."""

_HEAD = [field["name"] for field in ledger_schema().parsed["fields"]][:-1]
_SOURCE = tuple(f"source_{name}" for name in Source.__slots__)


def records_after(
    client: Any, database: str, *, tenant: str, correlation: str, after: int, limit: int
) -> list[LedgerRecord]:
    """Records of one run with a greater sequence number, ascending, at most `limit`."""
    parameters = {"database": database, "tenant": tenant, "correlation": correlation, "after": after, "limit": limit}
    return [_record(row) for row in _rows(client, "run_records", parameters)]


def run_links(client: Any, database: str, *, tenant: str, correlation: str) -> list[Link]:
    """Every event of a run with its causes, ascending."""
    parameters = {"database": database, "tenant": tenant, "correlation": correlation, "limit": LINKS_MAX}
    return [Link(**{**row, "caused_by": tuple(row["caused_by"])}) for row in _rows(client, "run_links", parameters)]


def _record(row: Plain) -> LedgerRecord:
    head = {name: row[name] for name in _HEAD}
    envelope = {name: value for name, value in row.items() if name not in head and name not in _SOURCE}
    envelope["source"] = {name: row[f"source_{name}"] for name in Source.__slots__}
    ref = envelope["payload_ref"]
    envelope["payload_ref"] = None if ref is None or ref["uri"] is None else ref
    return ledger_record({**head, "envelope": envelope})


def _rows(client: Any, name: str, parameters: dict[str, Any]) -> list[Plain]:
    from clickhouse_connect.driver.exceptions import DatabaseError

    try:
        result = client.query(_sql(name), parameters=parameters, query_formats={"FixedString": "bytes"})
    except DatabaseError as error:
        raise QueryFailed(f"query {name}: {str(error).splitlines()[0]}") from error
    return list(result.named_results())


@cache
def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
