"""The ClickHouse engine of `chdb` in this process. The only module that imports it.

Every job has a connection of its own, which costs half a millisecond: settings, the current database and temporary
things of one request can never reach another.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError, error_of_engine
from chatsnapshot_schemas.errors import ConfigurationError, MissingExtra

SERVER_RAM_RATIO: Final = "0.5"
"""Of the machine's (or container's) memory: Kafka, the workers and the page cache share the rest."""
QUERY_SHARE_OF_SERVER: Final = 2
"""One query may use a half of the engine's memory, so that it cannot take the inserts with it."""
CACHE_BYTES: Final = 128 * 1024 * 1024
"""For each of the engine's caches of marks and indexes; a server's default of 5 GB is meant for a server."""

_SERVER_SETTINGS: Final = {
    name: str(CACHE_BYTES)
    for name in (
        "mark_cache_size",
        "index_mark_cache_size",
        "primary_index_cache_size",
        "index_uncompressed_cache_size",
    )
}
# chdb differs from a server in the first two; the third is pinned: an insert that was answered is stored
_SESSION_SETTINGS: Final = {"implicit_select": "0", "allow_introspection_functions": "0", "async_insert": "0"}
_UNSAFE_IN_URL: Final = re.compile(r"[?#%]")


@dataclass(frozen=True)
class Job:
    """One statement for the engine. `text` is bytes as Latin-1; `read_only` is the engine's setting `readonly`.

    `replaced` maps what was put into the statement to what errors should say instead.
    """

    text: str
    format: str = "TabSeparated"
    database: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    read_only: str | None = None
    replaced: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Outcome:
    """What a job gave: `rows` of the result or of an insert's data, what was read from tables, and the time it took."""

    output: bytes
    rows: int
    read_rows: int
    read_bytes: int
    elapsed_s: float


class Engine:
    """The one engine of this process, over one folder. Methods block; any number of threads may call them."""

    def __init__(self, folder: Path, memory_bytes: int | None = None) -> None:
        """Open or create the data. Raises MissingExtra, ConfigurationError."""
        if _UNSAFE_IN_URL.search(str(folder)):
            raise ConfigurationError(f"the data folder's name must not hold any of ? # %: {folder}")
        self._folder = str(folder)
        self._connect = _connector()
        memory = (
            {"max_server_memory_usage_to_ram_ratio": SERVER_RAM_RATIO}
            if memory_bytes is None
            else {"max_server_memory_usage": str(memory_bytes)}
        )
        try:
            self._first = self._connect(f"{self._folder}?{urlencode({**memory, **_SERVER_SETTINGS})}")
            self.version, self.timezone, self.display_name = self._row("SELECT version(), timezone(), displayName()")
            server_bytes = int(self._row(_SERVER_MEMORY)[0])
        except RuntimeError as error:
            raise ConfigurationError(f"the ClickHouse engine cannot use {folder}: {error}") from error
        self._session = {**_SESSION_SETTINGS, "max_memory_usage": str(server_bytes // QUERY_SHARE_OF_SERVER)}
        self.table_functions = frozenset(self._row(_TABLE_FUNCTIONS)[0].split(","))
        """All that this engine knows, in lower case."""

    def run(self, job: Job) -> Outcome:
        """Run one statement on a connection of its own. Raises EndpointError with the engine's code and name."""
        connection = self._connect(self._folder)
        try:
            self._prepare(connection, job)
            result = connection.query(_sql(job.text), job.format, params=dict(job.parameters))
            return Outcome(
                output=bytes(result.bytes() or b""),
                rows=int(result.rows_read()),
                read_rows=int(result.storage_rows_read()),
                read_bytes=int(result.storage_bytes_read()),
                elapsed_s=float(result.elapsed()),
            )
        except RuntimeError as error:
            raise error_of_engine(str(error), self._name_of_code, job.replaced) from None
        finally:
            connection.close()

    def kill(self, mark: str = "") -> None:
        """Cancel the running jobs whose mark begins so; all with an empty one. Returns at once, raises nothing."""
        connection = self._connect(self._folder)
        try:
            connection.query(f"KILL QUERY WHERE startsWith(Settings['log_comment'], {_quoted(mark)}) ASYNC", "Null")
        except RuntimeError:
            pass  # it had ended
        finally:
            connection.close()

    def syntax_tree(self, text: str) -> Any:
        """The engine's own parse of a statement, as JSON. Raises EndpointError: its syntax error, or no JSON form."""
        job = Job(text="SELECT parseQueryToJSON({sql:String})", format="TSVRaw", parameters={"sql": _escaped(text)})
        try:
            return json.loads(self.run(job).output)
        except EndpointError as error:
            told = error.text.partition(": In scope SELECT parseQueryToJSON(")[0]
            raise EndpointError(error.code, told, error.name) from None

    def check_syntax(self, text: str) -> None:
        """Raises EndpointError (SYNTAX_ERROR) for what is no statement."""
        try:
            self.syntax_tree(text)
        except EndpointError as error:
            if error.code == Code.SYNTAX_ERROR:
                raise

    def close(self) -> None:
        """Let the engine flush and end; nothing may be running."""
        self._first.close()

    def _prepare(self, connection: Any, job: Job) -> None:
        comment = " ".join(filter(None, (job.mark, job.settings.get("log_comment"))))
        settings = {**self._session, **job.settings, "log_comment": comment}
        settings.pop("readonly", None)
        assignments = ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items())
        connection.query(_sql(f"SET {assignments}"), "Null")
        if job.database:
            connection.query(_sql(f"USE {_quoted_name(job.database)}"), "Null")
        if job.read_only:
            connection.query(f"SET readonly = {_quoted(job.read_only)}", "Null")  # last: it forbids the others

    def _name_of_code(self, code: int) -> str:
        return self._row(f"SELECT errorCodeToName({code})")[0]

    def _row(self, query: str) -> tuple[str, ...]:
        text = self._first.query(query, "TSV").bytes().decode("utf-8")
        return tuple(text.rstrip("\n").split("\t"))


_TABLE_FUNCTIONS: Final = "SELECT arrayStringConcat(groupArray(lower(name)), ',') FROM system.table_functions"
_SERVER_MEMORY: Final = "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"


def _connector() -> Any:
    try:
        import chdb
    except ImportError as error:
        raise MissingExtra("embedded", "the embedded ClickHouse engine") from error
    return chdb.connect


def _sql(text: str) -> str | bytes:
    """ASCII as it is; anything else as the bytes that the client sent."""
    return text if text.isascii() else text.encode("latin-1")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{_bytes_as_text(escaped)}'"


def _quoted_name(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{_bytes_as_text(escaped)}`"


def _bytes_as_text(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _escaped(text: str) -> str:
    """A parameter's value as ClickHouse reads it: the TSV escapes."""
    try:
        plain = text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise EndpointError(Code.SYNTAX_ERROR, "Syntax error: the statement is not UTF-8") from error
    for character, escape in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\0")):
        plain = plain.replace(character, escape)
    return plain
