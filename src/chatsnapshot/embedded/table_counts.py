"""What waits or was refused, counted in ClickHouse; None where a table is not there yet, or too large."""

from dataclasses import dataclass

from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import ClickHouseUnavailable

ANSWER_TIMEOUT_S = 10.0
COUNT_WITHIN_S = 5
"""Counting a ledger of some hundred million records takes longer: then it is not shown."""
NO_ANSWER_CODES = {"60", "81", "159"}
"""Unknown table, unknown database, too slow: ClickHouse's codes, in the header X-ClickHouse-Exception-Code."""


@dataclass(frozen=True)
class TableCounts:
    """Events recorded, held and quarantined, as the tables show them now."""

    recorded: int | None
    held: int | None
    quarantined: int | None


def table_counts(clickhouse: ClickHouseConnection) -> TableCounts:
    """Three small queries. Raises ClickHouseUnavailable."""
    return TableCounts(
        recorded=_count(clickhouse, "ledger", "FINAL"),
        held=_count(clickhouse, "held"),
        quarantined=_count(clickhouse, "quarantine"),
    )


def _count(clickhouse: ClickHouseConnection, table: str, final: str = "") -> int | None:
    import httpx

    headers = {"X-ClickHouse-User": clickhouse.user, "X-ClickHouse-Key": clickhouse.password}
    statement = (
        f"SELECT count() FROM `{clickhouse.database}`.`{table}` {final} SETTINGS max_execution_time = {COUNT_WITHIN_S}"
    )
    try:
        with httpx.Client(timeout=ANSWER_TIMEOUT_S, verify=clickhouse.ssl_context() or True) as client:
            answer = client.post(clickhouse.address, content=statement, headers=headers)
    except httpx.HTTPError as error:
        raise ClickHouseUnavailable(f"ClickHouse at {clickhouse.url} does not answer: {error}") from error
    if answer.status_code == 200:
        return int(answer.text)
    if answer.headers.get("X-ClickHouse-Exception-Code") in NO_ANSWER_CODES:
        return None
    raise ClickHouseUnavailable(f"ClickHouse at {clickhouse.url} answers {answer.status_code}: {answer.text[:200]}")
