"""The verifier's questions to ClickHouse: the SQL files of this package, with settings that its answers hang on."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from chatsnapshot.verification.run_range import RunRange

_SETTINGS = {
    # every table is read as its views read it: a row once
    "final": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "join_use_nulls": 0,
    # the projections' expressions are total, and far slower when they are evaluated lazily
    "short_circuit_function_evaluation": "disable",
}


class TableQueries:
    """`client` is a clickhouse-connect client. Methods raise ClickHouseUnavailable, QueryFailed."""

    def __init__(self, client: Any, database: str) -> None:
        self._client = client
        self.database = database

    def ask(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """A file with `{name:Type}` parameters, and `{{row_digest}}` where it asks for it."""
        return self._rows(
            name, self.filled(name, row_digest=_sql("row_digest")), {"database": self.database, **parameters}
        )

    def ask_filled(self, name: str, values: dict[str, str], part: RunRange, **parameters: Any) -> list[tuple[Any, ...]]:
        """A file with `{{placeholders}}`, over a range of runs."""
        return self._rows(name, self.filled(name, range=part.condition, **values), {**part.parameters, **parameters})

    def stream(self, name: str, part: RunRange) -> Iterator[tuple[Any, ...]]:
        """Rows as they come, over a range of runs."""
        from chatsnapshot_projections.clickhouse_client import clickhouse_errors

        sql = self.filled(name, range=part.condition)
        with (
            clickhouse_errors(f"verification query {name}"),
            self._client.query_rows_stream(sql, parameters=part.parameters, settings=_SETTINGS) as rows,
        ):
            yield from rows

    def columns(self, table: str) -> tuple[str, ...]:
        """Stored columns of a table, or those of a view, in their order."""
        return self._columns[table]

    @cached_property
    def _columns(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for table, name in self.ask("columns"):
            found[str(table)].append(str(name))
        return {table: tuple(names) for table, names in found.items()}

    def filled(self, name: str, **values: str) -> str:
        """The SQL of a file."""
        sql = _sql(name).replace("{{database}}", f"`{self.database}`")
        for placeholder, value in values.items():
            sql = sql.replace("{{" + placeholder + "}}", value)
        return sql

    def _rows(self, name: str, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        from chatsnapshot_projections.clickhouse_client import clickhouse_errors

        with clickhouse_errors(f"verification query {name}"):
            result = self._client.query(
                sql,
                parameters=parameters,
                settings=_SETTINGS,
                query_formats={"FixedString": "bytes"},  # hashes: without it they would be decoded as text
            )
        rows: list[tuple[Any, ...]] = list(result.result_rows)
        return rows


@cache
def _sql(name: str) -> str:
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
