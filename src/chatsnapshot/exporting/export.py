"""One export: from a table or a query into a file, with the number of its rows."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chatsnapshot.exporting.file_format import FORMAT_SETTINGS, FileFormat
from chatsnapshot.exporting.parquet_footer import NotParquet, parquet_rows
from chatsnapshot.exporting.result_stream import result_pieces
from chatsnapshot.exporting.table_query import Column, Selection, select_of
from chatsnapshot.exporting.target_file import whole_file
from chatsnapshot_projections.clickhouse_client import clickhouse_errors
from chatsnapshot_projections.settings_pinned import READ_SETTINGS
from chatsnapshot_schemas.errors import ClickHouseUnavailable, ConfigurationError, NotFound

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

STDOUT = "-"
Written = Callable[[int], None]
"""Told how many bytes there are so far."""
_COMPUTED = "ALIAS"
_PLAIN_NAME = re.compile(r"\w+").fullmatch


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    file: str
    format: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Export:
    """A result on its way. `client` is connected to `database`; `written` hears of progress."""

    client: "Client"
    database: str
    form: FileFormat
    written: Written = lambda _bytes: None

    def table(self, selection: Selection, file: str, *, replace: bool) -> Exported:
        """Rows of a table or view, each once, in key order. Raises NotFound, ConfigurationError, QueryFailed."""
        columns = self._columns(selection.table)
        query, parameters = select_of(selection, columns, self.database, self.form)
        settings = {**READ_SETTINGS, **FORMAT_SETTINGS[self.form]}
        return self._write(
            result_pieces(self.client, query, parameters, settings, self.form.clickhouse_name), file, replace=replace
        )

    def query(self, query: str, file: str, *, replace: bool) -> Exported:
        """Whatever a SELECT gives, as ClickHouse writes it: who may only read may set nothing. Raises QueryFailed."""
        pieces = result_pieces(self.client, query.strip().rstrip(";"), {}, {}, self.form.clickhouse_name)
        return self._write(pieces, file, replace=replace)

    def _columns(self, table: str) -> list[Column]:
        with clickhouse_errors("export"):
            names = [row[0] for row in self.client.query(f"SHOW TABLES FROM `{self.database}`").result_rows]
            if table not in names:
                shown = ", ".join(name for name in sorted(names) if _PLAIN_NAME(name))
                raise NotFound(f"--table: no table or view {table!r}; there are {shown}")
            rows = self.client.query(f"DESCRIBE TABLE `{self.database}`.`{table}`").result_rows
        return [Column(row[0], row[1]) for row in rows if row[2] != _COMPUTED]

    def _write(self, pieces: Iterator[bytes], file: str, *, replace: bool) -> Exported:
        if file == STDOUT:
            if self.form is FileFormat.PARQUET:
                raise ConfigurationError("-o: a Parquet file cannot be written to standard output; name a file")
            rows, size = self._copy(pieces, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            with whole_file(Path(file), replace=replace) as target:
                rows, size = self._copy(pieces, target)
                if self.form is FileFormat.PARQUET:
                    rows = _rows_of(target)
        return Exported(file, self.form, rows, size)

    def _copy(self, pieces: Iterator[bytes], target: BinaryIO) -> tuple[int, int]:
        """(lines, bytes). Raises ClickHouseUnavailable when the last line is cut off."""
        lines = size = 0
        last = b"\n"
        for piece in pieces:
            target.write(piece)
            lines += piece.count(b"\n")
            size += len(piece)
            last = piece[-1:]
            self.written(size)
        if self.form is FileFormat.JSONL and last != b"\n":
            raise ClickHouseUnavailable("export: the result ends in the middle of a line")
        return lines, size


def _rows_of(file: BinaryIO) -> int:
    try:
        return parquet_rows(file)
    except NotParquet as error:
        raise ClickHouseUnavailable(f"export: what came is no whole Parquet file ({error})") from None
