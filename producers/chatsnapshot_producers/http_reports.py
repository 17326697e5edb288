"""Posts source reports to ChatSnapshot's own HTTP interface, over a connection of its own."""

import time
from collections.abc import Iterator, Sequence

from chatsnapshot_producers.http_connection import HttpConnection
from chatsnapshot_producers.report_channel import SEND_S
from chatsnapshot_schemas.errors import AccessRefused, BrokerUnavailable, ConfigurationError
from chatsnapshot_schemas.source_reports import SourceReport, encode_report

PATH = "/v1/sources"
MEDIA_TYPE = "application/x-ndjson"
REQUEST_REPORTS_MAX = 1_000
"""As many as a server takes: below half a megabyte with ids of an ordinary length."""
REQUEST_BYTES_MAX = 1024 * 1024
SAID_CHARS_MAX = 200
ACCEPTED = 202
REFUSED = frozenset({401, 403})
NO_SUCH_PATH = frozenset({404, 405})


class HttpReports:
    """As `ReportChannel`: what was sent is there when `send` returns."""

    def __init__(self, base_url: str, api_key: str | None, *, client_id: str) -> None:
        headers = {"User-Agent": client_id.encode("ascii", "replace").decode()}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._connection = HttpConnection(base_url, headers)

    def send(self, reports: Sequence[SourceReport]) -> None:
        """As `ReportChannel.send`. Raises BrokerUnavailable, AccessRefused, ConfigurationError (an older server)."""
        give_up_at = time.monotonic() + SEND_S
        for content in _requests(reports):
            answer = self._connection.post(PATH, content, MEDIA_TYPE, lambda: time.monotonic() > give_up_at)
            if answer.status != ACCEPTED:
                raise _refusal(answer.status, answer.body)

    def settled(self, within_s: float) -> bool:
        """As `ReportChannel.settled`."""
        return True

    def close(self) -> None:
        """As `ReportChannel.close`."""
        self._connection.close()

    def abandon(self) -> None:
        """As `ReportChannel.abandon`."""
        self._connection.abandon()


def _requests(reports: Sequence[SourceReport]) -> Iterator[bytes]:
    """One report a line, as many a request as its bounds allow."""
    lines: list[bytes] = []
    size = 0
    for line in map(encode_report, reports):
        if lines and (len(lines) == REQUEST_REPORTS_MAX or size + len(line) > REQUEST_BYTES_MAX):
            yield b"\n".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    if lines:
        yield b"\n".join(lines)


def _refusal(status: int, body: bytes) -> Exception:
    said = f"{status} {' '.join(body[:SAID_CHARS_MAX].decode(errors='replace').split())}".strip()
    if status in REFUSED:
        return AccessRefused(f"the server refuses the key for reports: {said}")
    if status in NO_SUCH_PATH:
        return ConfigurationError(f"the server does not know {PATH}, it is of an earlier version: {said}")
    return BrokerUnavailable(f"{PATH}: {said}")
