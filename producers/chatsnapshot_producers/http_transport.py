"""Sends events to ChatSnapshot's own HTTP interface: in order, one request at a time, each until it is settled."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chatsnapshot_producers.backoff import Backoff
from chatsnapshot_producers.http_answer import Meaning, TooLarge, meaning_of, unknown
from chatsnapshot_producers.http_connection import HttpConnection
from chatsnapshot_producers.ingest_result import Fate
from chatsnapshot_producers.spooled_event import SpooledEvent
from chatsnapshot_producers.transport import OnTrouble, Refusal
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.errors import BrokerUnavailable, InvalidEvent
from chatsnapshot_schemas.json_form import envelope_to_json

PATH = "/v1/events"
MEDIA_TYPE = "application/x-ndjson"
REQUEST_EVENTS_MAX = 2_000
"""A fifth of what a server takes by default: answers stay small, and several recorders get their turn."""
REQUEST_BYTES_MAX = 4 * 1024 * 1024
"""A quarter of what a server takes by default."""
STALL_S = 60.0
"""Nothing settled for that long: give up this connection; the publisher begins anew with another."""
TROUBLE_ATTEMPTS = 2
"""Failures in a row that are worth a line: one may be a server that was restarted, or a connection that got old."""
TROUBLE_S = 3.0
"""Nothing settled for that long is worth one at once."""
RETRY_AFTER_S_MAX = 30.0
LOOK_S = 0.1


class _Line(NamedTuple):
    event: SpooledEvent
    text: bytes


class HttpTransport:
    """One connection to one server. One thread uses it."""

    def __init__(self, base_url: str, api_key: str | None, on_trouble: OnTrouble, *, client_id: str) -> None:
        headers = {"User-Agent": client_id.encode("ascii", "replace").decode()}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        self._connection = HttpConnection(base_url, headers)
        self._on_trouble = on_trouble
        self._backoff = Backoff()

    def send(self, events: Sequence[SpooledEvent], stopped: Callable[[], bool]) -> list[Refusal]:
        """As `Transport.send`. Raises BrokerUnavailable, AccessRefused, ConfigurationError (a wrong address)."""
        refusals: list[Refusal] = []
        for lines in _requests(events, refusals):
            self._settle(lines, refusals, stopped)
        return refusals

    def close(self) -> None:
        """As `Transport.close`."""
        self._connection.close()

    def abandon(self) -> None:
        """As `Transport.abandon`."""
        self._connection.abandon()

    def _settle(self, lines: list[_Line], refusals: list[Refusal], stopped: Callable[[], bool]) -> None:
        """Until each event is accepted or refused; nothing behind them is sent before that."""
        failures, settled_at = 0, time.monotonic()
        while lines:
            said = self._post(lines, stopped)
            if isinstance(said, TooLarge):
                return self._settle_halves(lines, said, refusals, stopped)
            left = _left(lines, said, refusals)
            if len(left) < len(lines):
                failures, settled_at = 0, time.monotonic()
                self._backoff.reset()
            lines = left
            if lines:
                failures += 1
                self._wait(said, failures, settled_at, stopped)

    def _settle_halves(
        self, lines: list[_Line], said: TooLarge, refusals: list[Refusal], stopped: Callable[[], bool]
    ) -> None:
        if len(lines) == 1:
            refusals.append(Refusal(lines[0].event, said.why))
            return
        middle = len(lines) // 2
        self._settle(lines[:middle], refusals, stopped)
        self._settle(lines[middle:], refusals, stopped)

    def _post(self, lines: list[_Line], stopped: Callable[[], bool]) -> Meaning | TooLarge:
        content = b"\n".join(line.text for line in lines)
        try:
            answer = self._connection.post(PATH, content, MEDIA_TYPE, stopped)
        except BrokerUnavailable as error:
            return unknown(len(lines), str(error))
        return meaning_of(answer.status, answer.headers, answer.body, len(lines))

    def _wait(self, said: Meaning, failures: int, settled_at: float, stopped: Callable[[], bool]) -> None:
        """As long as the server asks for, at least the backoff. Raises BrokerUnavailable when it is time to give up."""
        why = said.why_unknown
        wait_s = max(self._backoff.wait_s(), min(said.retry_after_s or 0.0, RETRY_AFTER_S_MAX))
        until = time.monotonic() + wait_s
        if until - settled_at > STALL_S:
            raise BrokerUnavailable(why)
        if failures == TROUBLE_ATTEMPTS or (failures == 1 and time.monotonic() - settled_at > TROUBLE_S):
            self._on_trouble(why)
        while (left_s := until - time.monotonic()) > 0 and not stopped():
            time.sleep(min(left_s, LOOK_S))
        if stopped():
            raise BrokerUnavailable(why)


def _requests(events: Sequence[SpooledEvent], refusals: list[Refusal]) -> Iterator[list[_Line]]:
    """The events in order, as many a request as its bounds allow."""
    lines: list[_Line] = []
    size = 0
    for event in events:
        text = _text(event, refusals)
        if text is None:
            continue
        if lines and (len(lines) == REQUEST_EVENTS_MAX or size + len(text) > REQUEST_BYTES_MAX):
            yield lines
            lines, size = [], 0
        lines.append(_Line(event, text))
        size += len(text) + 1
    if lines:
        yield lines


def _text(event: SpooledEvent, refusals: list[Refusal]) -> bytes | None:
    """The JSON form with the payload's text as it is; None and a refusal for what another version wrote otherwise."""
    if event.fingerprint == envelope_schema().fingerprint:
        try:
            return envelope_to_json(decode_envelope(event.body), payload_as_text=True).encode()
        except InvalidEvent as error:
            refusals.append(Refusal(event, str(error)))
            return None
    refusals.append(Refusal(event, f"schema {event.fingerprint.hex()}: another version spooled it, send it with that"))
    return None


def _left(lines: list[_Line], said: Meaning, refusals: list[Refusal]) -> list[_Line]:
    """What is to be sent again, in order."""
    told = list(zip(lines, said.told, strict=True))
    refusals += [Refusal(line.event, each.why) for line, each in told if each.fate is Fate.REJECTED]
    return [line for line, each in told if each.fate is Fate.UNKNOWN]
