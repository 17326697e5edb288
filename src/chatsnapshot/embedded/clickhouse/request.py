"""A request's query string and headers, read into one value. Pure: no body, no engine."""

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from chatsnapshot.embedded.clickhouse.compression import LEVEL_DEFAULT, choose_coding
from chatsnapshot.embedded.clickhouse.errors import Code, EndpointError

READER = "reader"
"""The user name that asks for the restricted mode, for SQL that people wrote."""
FORMAT_DEFAULT = "TabSeparated"
BUFFER_BYTES_DEFAULT = 1024 * 1024
"""Held back before the first byte goes out, so that an early error still has its status: a server's `buffer_size`."""
BUFFER_BYTES_MAX = 64 * 1024 * 1024
"""What a client may ask to be held in memory; `wait_end_of_query` uses the disk."""
FIELDS_MAX = 10_000
"""Of a query string: parameters of a long IN list fit, a flood does not."""

_PARAMETER_PREFIX = "param_"
_SETTING_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]*$")
_IGNORED = frozenset(
    {
        "query",
        "user",
        "password",
        "quota_key",
        "session_id",
        "session_timeout",
        "close_session",
        "client_protocol_version",
        "stacktrace",
        "wait_end_of_query",
        "buffer_size",
        "database",
        "default_format",
        "query_id",
        "compress",
        "decompress",
        "role",
        "session_check",
    }
)
"""Names that a server's HTTP handler takes for itself: no settings of a query."""


@dataclass(frozen=True)
class QueryRequest:
    """What a request asks, apart from its body. `sql` is bytes as Latin-1; `parameters` are bare names."""

    query_id: str
    sql: str = ""
    user: str = "default"
    database: str | None = None
    default_format: str = FORMAT_DEFAULT
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    wait_end_of_query: bool = False
    buffer_bytes: int = BUFFER_BYTES_DEFAULT
    response_coding: str | None = None
    compression_level: int = LEVEL_DEFAULT

    @property
    def restricted(self) -> bool:
        """Whether this is people's SQL, to be run under the reader's rules."""
        return self.user == READER


def parse_request(method: str, query_string: bytes, headers: Mapping[str, str]) -> QueryRequest:
    """Read query string and headers (lower-case names). Raises EndpointError naming what cannot be served."""
    fields = _fields(query_string)
    _refuse(fields)
    return QueryRequest(
        query_id=_query_id(fields),
        sql=fields.get("query", "").encode("utf-8", "surrogateescape").decode("latin-1"),
        user=_user(fields, headers),
        database=fields.get("database") or headers.get("x-clickhouse-database") or None,
        default_format=fields.get("default_format") or headers.get("x-clickhouse-format") or FORMAT_DEFAULT,
        settings=_settings(fields),
        parameters=parameters_of(fields),
        read_only=method in ("GET", "HEAD"),
        wait_end_of_query=_flag(fields, "wait_end_of_query") or _flag(fields, "http_wait_end_of_query"),
        buffer_bytes=min(_number(fields, "buffer_size", BUFFER_BYTES_DEFAULT), BUFFER_BYTES_MAX),
        response_coding=_response_coding(fields, headers),
        compression_level=min(max(_number(fields, "http_zlib_compression_level", LEVEL_DEFAULT), 1), 9),
    )


def parameters_of(fields: Mapping[str, str]) -> dict[str, str]:
    """The values for `{name:Type}` placeholders among form or query fields. Raises EndpointError unless UTF-8."""
    parameters = {
        name.removeprefix(_PARAMETER_PREFIX): value
        for name, value in fields.items()
        if name.startswith(_PARAMETER_PREFIX)
    }
    for name, value in parameters.items():
        if any("\udc80" <= character <= "\udcff" for character in name + value):
            raise EndpointError(Code.BAD_ARGUMENTS, f"parameter {name!r} is not UTF-8")
    return parameters


def _fields(query_string: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query_string.decode("latin-1"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise EndpointError(Code.BAD_ARGUMENTS, f"the query string cannot be read: {error}") from error
    return dict(pairs)


def _refuse(fields: Mapping[str, str]) -> None:
    for name in ("compress", "decompress"):
        if _flag(fields, name):
            raise EndpointError(
                Code.NOT_IMPLEMENTED,
                f"{name}=1 (ClickHouse's own block compression) is not supported by the embedded engine: use "
                "Accept-Encoding and Content-Encoding with lz4, zstd, gzip or deflate",
            )
    if _flag(fields, "session_check"):
        raise EndpointError(
            Code.SESSION_NOT_FOUND, f"Session {fields.get('session_id', '')} not found: the embedded engine keeps none"
        )
    if fields.get("role"):
        raise EndpointError(Code.UNKNOWN_ROLE, f"There is no role `{fields['role']}`: the embedded engine has no roles")


def _query_id(fields: Mapping[str, str]) -> str:
    query_id = fields.get("query_id") or str(uuid.uuid4())
    if not query_id.isprintable() or not query_id.isascii():
        raise EndpointError(Code.BAD_ARGUMENTS, "query_id must be printable ASCII: it goes into a header")
    return query_id


def _settings(fields: Mapping[str, str]) -> dict[str, str]:
    settings = {
        name: value for name, value in fields.items() if name not in _IGNORED and not name.startswith(_PARAMETER_PREFIX)
    }
    for name in settings:
        if not _SETTING_NAME.match(name):
            raise EndpointError(Code.UNKNOWN_SETTING, f"Unknown setting {name!r}")
    return settings


def _user(fields: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """No passwords: the endpoint listens on loopback. A name in any of the three places is enough."""
    named = headers.get("x-clickhouse-user") or _basic_user(headers.get("authorization", "")) or fields.get("user")
    return named or "default"


def _basic_user(authorization: str) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, _ = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise EndpointError(Code.AUTHENTICATION_FAILED, "the Authorization header cannot be read") from error
    return user


def _response_coding(fields: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    return choose_coding(headers.get("accept-encoding")) if _flag(fields, "enable_http_compression") else None


def _flag(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "").lower() in ("1", "true")


def _number(fields: Mapping[str, str], name: str, otherwise: int) -> int:
    text = fields.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit():
        raise EndpointError(Code.BAD_ARGUMENTS, f"{name} must be a number, not {text!r}")
    return int(text)
