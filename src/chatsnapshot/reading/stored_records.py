"""Ledger records and links as the tables give them back."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from chatsnapshot.reading.causes import Link
from chatsnapshot_schemas.avro_schema import ledger_schema
from chatsnapshot_schemas.codec import ledger_record
from chatsnapshot_schemas.envelope import Source, micros
from chatsnapshot_schemas.errors import RunTooLarge
from chatsnapshot_schemas.ledger_record import LedgerRecord

if TYPE_CHECKING:
    from chatsnapshot_projections.query_rows import EventRow

LINKS_MAX = 1_000_000
"""Events of a run whose causes are walked; about 300 bytes each in memory."""

_HEAD = [field["name"] for field in ledger_schema().parsed["fields"]][:-1]


def stored_record(row: "EventRow") -> LedgerRecord:
    """The record that a row of table `ledger` stands for, every field."""
    head = {name: getattr(row, name) for name in _HEAD} | {"recorded_at": micros(_utc(row.recorded_at))}
    ref = row.payload_ref
    envelope = {
        "event_id": str(row.event_id),
        "tenant_id": row.tenant_id,
        "correlation_id": row.correlation_id,
        "causation_id": None if row.causation_id is None else str(row.causation_id),
        "causation_correlation_id": row.causation_correlation_id,
        "caused_by": [str(cause) for cause in row.caused_by],
        "event_type": row.event_type,
        "timestamp": micros(_utc(row.timestamp)),
        "source": {name: getattr(row, f"source_{name}") for name in Source.__slots__},
        "source_seq": row.source_seq,
        "subject_id": row.subject_id,
        "headers": dict(row.headers),
        "payload": row.payload,
        "payload_ref": None if ref["uri"] is None else dict(ref),
    }
    return ledger_record({**head, "envelope": envelope})


def run_links(client: Any, database: str, *, tenant: str, correlation: str) -> list[Link]:
    """Every event of a run with its causes, ascending. Raises ClickHouseUnavailable, QueryFailed, RunTooLarge."""
    from chatsnapshot_projections.clickhouse_client import clickhouse_errors

    parameters = {"database": database, "tenant": tenant, "correlation": correlation, "limit": LINKS_MAX + 1}
    with clickhouse_errors("causes of a run"):
        result = client.query(_run_links_sql(), parameters=parameters)
    if len(result.result_rows) > LINKS_MAX:
        raise RunTooLarge(
            f"run {correlation!r} has more than {LINKS_MAX:,} events, too many to walk their causes: "
            "ask table `ledger` by causation_id with `chatsnapshot sql`"
        )
    return [Link(**{**row, "caused_by": tuple(row["caused_by"])}) for row in result.named_results()]


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


@cache
def _run_links_sql() -> str:
    return files(__package__).joinpath("sql", "run_links.sql").read_text("utf-8")
