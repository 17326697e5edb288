"""ClickHouse's errors as the HTTP interface shows them: a code, a symbolic name, a text, an HTTP status."""

import re
from collections.abc import Callable

UNKNOWN_EXCEPTION = 1000
"""The code that ClickHouse gives to an error without one (`POCO_EXCEPTION`)."""

_CODE = re.compile(r"^Code: (\d+)\. DB::Exception: ", re.DOTALL)
_VERSION = re.compile(r"\s*\(version [^()]*(?:\([^()]*\)[^()]*)*\)\.?\s*$")
_NAME = re.compile(r"\s*\(([A-Z][A-Z0-9_]+)\)\.?\s*$")

_BAD_REQUEST = {6, 15, 25, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 72, 117, 168, 190, 306, 376, 377, 427, 441, 675, 676}
_NOT_FOUND = {8, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 277, 336, 511, 745}
_FORBIDDEN = {192, 193, 497, 516}
_STATUS = {
    48: 501,  # NOT_IMPLEMENTED
    76: 503,  # CANNOT_OPEN_FILE
    159: 408,  # TIMEOUT_EXCEEDED
    194: 401,  # REQUIRED_PASSWORD
    202: 503,  # TOO_MANY_SIMULTANEOUS_QUERIES: a server says 500; 503 makes clients come back
    209: 503,  # SOCKET_TIMEOUT
    223: 400,  # UNEXPECTED_AST_STRUCTURE
    307: 413,  # TOO_MANY_BYTES
    439: 503,  # CANNOT_SCHEDULE_TASK
    381: 411,  # HTTP_LENGTH_REQUIRED
} | dict.fromkeys(_BAD_REQUEST, 400) | dict.fromkeys(_NOT_FOUND, 404) | dict.fromkeys(_FORBIDDEN, 403)


class EndpointError(Exception):
    """An answer that is an error; `code` and `name` are ClickHouse's, `status` is the HTTP status that belongs to it."""

    def __init__(self, code: int, name: str, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.name = name
        self.text = text
        self.status = status if status is not None else _STATUS.get(code, 500)

    def body(self, version: str) -> str:
        """The error as ClickHouse writes it into a response, one line ended by a newline unless the text has more."""
        name = f" ({self.name})" if self.name else ""
        return f"Code: {self.code}. DB::Exception: {self.text}{name} (version {version})\n"


def error_of_engine(message: str, name_of_code: Callable[[int], str], replace: dict[str, str]) -> EndpointError:
    """What the engine raised, told once (it nests its own messages), without the names of our files.

    `replace` maps what this process put into the statement to what the client should read instead.
    """
    for ours, theirs in replace.items():
        message = message.replace(ours, theirs)
    code, text = _split_code(message.strip())
    text, name = _split_name(text)
    return EndpointError(code, name or name_of_code(code), text)


def _split_code(message: str) -> tuple[int, str]:
    code, text = UNKNOWN_EXCEPTION, message
    while found := _CODE.match(text):
        code, text = int(found.group(1)), text[found.end() :]
    return code, text


def _split_name(text: str) -> tuple[str, str]:
    """The text without its trailing names and versions, and the last name that stood there."""
    name = ""
    while True:
        shorter = _VERSION.sub("", text)
        if found := _NAME.search(shorter):
            name = name or found.group(1)
            shorter = shorter[: found.start()]
        if shorter == text:
            return text, name
        text = shorter
