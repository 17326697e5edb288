"""ClickHouse's errors as the HTTP interface shows them: a code, a symbolic name, a text, an HTTP status."""

import re
from collections.abc import Callable, Mapping
from enum import IntEnum


class Code(IntEnum):
    """ClickHouse's error codes that this endpoint gives itself or answers with another status than 500."""

    CANNOT_PARSE_TEXT = 6
    THERE_IS_NO_COLUMN = 8
    DUPLICATE_COLUMN = 15
    CANNOT_PARSE_ESCAPE_SEQUENCE = 25
    CANNOT_PARSE_QUOTED_STRING = 26
    CANNOT_PARSE_INPUT_ASSERTION_FAILED = 27
    BAD_ARGUMENTS = 36
    UNKNOWN_ELEMENT_IN_AST = 37
    CANNOT_PARSE_DATE = 38
    CANNOT_PARSE_DATETIME = 41
    ILLEGAL_COLUMN = 44
    UNKNOWN_FUNCTION = 46
    UNKNOWN_IDENTIFIER = 47
    NOT_IMPLEMENTED = 48
    UNKNOWN_TYPE = 50
    TYPE_MISMATCH = 53
    UNKNOWN_STORAGE = 56
    UNKNOWN_TABLE = 60
    SYNTAX_ERROR = 62
    UNKNOWN_AGGREGATE_FUNCTION = 63
    CANNOT_PARSE_NUMBER = 72
    UNKNOWN_FORMAT = 73
    CANNOT_OPEN_FILE = 76
    UNKNOWN_TYPE_OF_QUERY = 78
    UNKNOWN_DATABASE = 81
    UNKNOWN_COMPRESSION_METHOD = 89
    UNKNOWN_SETTING = 115
    INCORRECT_DATA = 117
    UNKNOWN_TYPE_OF_AST_NODE = 123
    UNKNOWN_DIRECTION_OF_SORTING = 152
    TIMEOUT_EXCEEDED = 159
    READONLY = 164
    TOO_DEEP_AST = 167
    TOO_BIG_AST = 168
    UNKNOWN_USER = 192
    WRONG_PASSWORD = 193
    REQUIRED_PASSWORD = 194
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    SOCKET_TIMEOUT = 209
    UNEXPECTED_AST_STRUCTURE = 223
    QUERY_IS_TOO_LARGE = 229
    NOT_ENOUGH_SPACE = 243
    CANNOT_DECOMPRESS = 271
    TOO_MANY_BYTES = 307
    VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE = 321
    UNKNOWN_DATABASE_ENGINE = 336
    INTO_OUTFILE_NOT_ALLOWED = 358
    SESSION_NOT_FOUND = 372
    CANNOT_PARSE_UUID = 376
    HTTP_LENGTH_REQUIRED = 381
    QUERY_WAS_CANCELLED = 394
    CANNOT_COMPILE_REGEXP = 427
    CANNOT_SCHEDULE_TASK = 439
    CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING = 441
    ACCESS_DENIED = 497
    UNKNOWN_ROLE = 511
    SET_NON_GRANTED_ROLE = 512
    AUTHENTICATION_FAILED = 516
    CANNOT_PARSE_IPV4 = 675
    CANNOT_PARSE_IPV6 = 676
    UNSUPPORTED_MEDIA_TYPE = 779
    POCO_EXCEPTION = 1000


# the statuses that ClickHouse's HTTP handler gives (exceptionCodeToHTTPStatus); every other code is a 500
_STATUSES: Mapping[int, tuple[Code, ...]] = {
    400: (
        Code.BAD_ARGUMENTS,
        Code.CANNOT_COMPILE_REGEXP,
        Code.CANNOT_PARSE_TEXT,
        Code.CANNOT_PARSE_ESCAPE_SEQUENCE,
        Code.CANNOT_PARSE_QUOTED_STRING,
        Code.CANNOT_PARSE_DATE,
        Code.CANNOT_PARSE_DATETIME,
        Code.CANNOT_PARSE_NUMBER,
        Code.CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING,
        Code.CANNOT_PARSE_IPV4,
        Code.CANNOT_PARSE_IPV6,
        Code.CANNOT_PARSE_UUID,
        Code.CANNOT_PARSE_INPUT_ASSERTION_FAILED,
        Code.CANNOT_DECOMPRESS,  # a server says 500: the client's bytes are at fault
        Code.DUPLICATE_COLUMN,
        Code.ILLEGAL_COLUMN,
        Code.INCORRECT_DATA,
        Code.SYNTAX_ERROR,
        Code.THERE_IS_NO_COLUMN,
        Code.TOO_BIG_AST,
        Code.TOO_DEEP_AST,
        Code.TYPE_MISMATCH,
        Code.UNEXPECTED_AST_STRUCTURE,
        Code.UNKNOWN_COMPRESSION_METHOD,  # a server says 500: the client's header is at fault
        Code.UNKNOWN_ELEMENT_IN_AST,
        Code.UNKNOWN_TYPE_OF_AST_NODE,
        Code.VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE,
    ),
    401: (Code.REQUIRED_PASSWORD,),
    403: (
        Code.ACCESS_DENIED,
        Code.AUTHENTICATION_FAILED,
        Code.SET_NON_GRANTED_ROLE,
        Code.UNKNOWN_USER,
        Code.WRONG_PASSWORD,
    ),
    404: (
        Code.UNKNOWN_AGGREGATE_FUNCTION,
        Code.UNKNOWN_DATABASE,
        Code.UNKNOWN_DATABASE_ENGINE,
        Code.UNKNOWN_DIRECTION_OF_SORTING,
        Code.UNKNOWN_FORMAT,
        Code.UNKNOWN_FUNCTION,
        Code.UNKNOWN_IDENTIFIER,
        Code.UNKNOWN_ROLE,
        Code.UNKNOWN_SETTING,
        Code.UNKNOWN_STORAGE,
        Code.UNKNOWN_TABLE,
        Code.UNKNOWN_TYPE,
        Code.UNKNOWN_TYPE_OF_QUERY,
    ),
    408: (Code.TIMEOUT_EXCEEDED,),
    411: (Code.HTTP_LENGTH_REQUIRED,),
    413: (Code.QUERY_IS_TOO_LARGE, Code.TOO_MANY_BYTES),
    415: (Code.UNSUPPORTED_MEDIA_TYPE,),
    501: (Code.NOT_IMPLEMENTED,),
    503: (
        Code.CANNOT_OPEN_FILE,
        Code.CANNOT_SCHEDULE_TASK,
        Code.SOCKET_TIMEOUT,
        Code.TOO_MANY_SIMULTANEOUS_QUERIES,  # a server says 500: 503 makes clients come back
    ),
}
_STATUS_OF_CODE = {int(code): status for status, codes in _STATUSES.items() for code in codes}

_NESTED_CODE = re.compile(r"^Code: (\d+)\. DB::Exception: ")
_VERSION = re.compile(r"\s*\(version [^()]*(?:\([^()]*\)[^()]*)*\)\.?\s*$")
_NAME = re.compile(r"\s*\(([A-Z][A-Z0-9_]+)\)\.?\s*$")


class EndpointError(Exception):
    """An answer that is an error: ClickHouse's `code` and `name`, the HTTP `status` that belongs to them."""

    def __init__(self, code: int, text: str, name: str | None = None) -> None:
        super().__init__(text)
        self.code = int(code)
        self.name = name if name is not None else Code(code).name
        self.text = text
        self.status = _STATUS_OF_CODE.get(self.code, 500)

    def body(self, version: str) -> str:
        """The error as ClickHouse writes it into a response; `version` is the engine's."""
        name = f" ({self.name})" if self.name else ""
        return f"Code: {self.code}. DB::Exception: {self.text}{name} (version {version})\n"


def error_of_engine(message: str, name_of_code: Callable[[int], str], replaced: Mapping[str, str]) -> EndpointError:
    """What the engine raised, told once (it nests its own messages).

    `replaced` maps what this process put into the statement to what the client should read instead.
    """
    for ours, theirs in replaced.items():
        message = message.replace(ours, theirs)
    code, text = _split_code(message.strip())
    text, name = _split_name(text)
    return EndpointError(code, text, name or name_of_code(code))


def _split_code(message: str) -> tuple[int, str]:
    code, text = int(Code.POCO_EXCEPTION), message
    while found := _NESTED_CODE.match(text):
        code, text = int(found.group(1)), text[found.end() :]
    return code, text


def _split_name(text: str) -> tuple[str, str]:
    """The text without the names and versions at its end, and the last name that stood there."""
    name = ""
    while True:
        shorter = _VERSION.sub("", text)
        if found := _NAME.search(shorter):
            name = name or found.group(1)
            shorter = shorter[: found.start()]
        if shorter == text:
            return text, name
        text = shorter
