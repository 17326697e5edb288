"""What waits or was refused, counted in ClickHouse; None where a table is not there yet."""

from dataclasses import dataclass

from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import ClickHouseUnavailable

ANSWER_TIMEOUT_S = 10.0
UNKNOWN_TABLE, UNKNOWN_DATABASE = "60", "81"
"""ClickHouse's codes, in the header X-ClickHouse-Exception-Code."""


@dataclass(frozen=True)
class TableCounts:
    """Events recorded, held and quarantined, as the tables show them now."""

    recorded: int | None
    held: int | None
    quarantined: int | None


def table_counts(clickhouse: ClickHouseConnection) -> TableCounts:
    """Three small queries. Raises ClickHouseUnavailable."""
    return TableCounts(
        recorded=_count(clickhouse, "ledger"),
        held=_count(clickhouse, "held"),
        quarantined=_count(clickhouse, "quarantine"),
    )


def _count(clickhouse: ClickHouseConnection, table: str) -> int | None:
    import httpx

    headers = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    statement = f"SELECT count() FROM `{clickhouse.database}`.`{table}` FINAL"
    try:
        with httpx.Client(timeout=ANSWER_TIMEOUT_S) as client:
            answer = client.post(clickhouse.url, content=statement, headers=headers)
    except httpx.HTTPError as error:
        raise ClickHouseUnavailable(f"ClickHouse at {clickhouse.url} does not answer: {error}") from error
    if answer.status_code == 200:
        return int(answer.text)
    if answer.headers.get("X-ClickHouse-Exception-Code") in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
        return None
    raise ClickHouseUnavailable(f"ClickHouse at {clickhouse.url} answers {answer.status_code}: {answer.text[:200]}")
