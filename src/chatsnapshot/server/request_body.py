"""Reads a request's body within bounds of size and time."""

import asyncio

from starlette.requests import Request

from chatsnapshot_producers.ingest_budget import Charge
from chatsnapshot_schemas.errors import InvalidEvent
from chatsnapshot_schemas.reasons import Reason

BODY_WITHIN_S = 30.0
"""A client that sends slower holds room that others need: 16 MiB in 30 s are 4.5 Mbit/s."""
LENGTH_DIGITS_MAX = 19
"""Of a 64-bit number: a longer one is nonsense, the bytes themselves are counted anyway."""


async def read_body(request: Request, charge: Charge, bytes_max: int) -> bytes:
    """The body as it was sent; its bytes are put on `charge` before they are taken.

    Raises InvalidEvent(too_large) about the `body`, IngestBusy, TimeoutError, starlette's ClientDisconnect.
    """
    announced = _content_length(request)
    if announced > bytes_max:
        raise _too_large(bytes_max)
    charge.add(announced)
    body = bytearray()
    async with asyncio.timeout(BODY_WITHIN_S):
        async for chunk in request.stream():
            if len(body) + len(chunk) > bytes_max:
                raise _too_large(bytes_max)
            charge.add(max(0, len(body) + len(chunk) - max(announced, len(body))))
            body += chunk
    return bytes(body)


def _content_length(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < LENGTH_DIGITS_MAX else 0


def _too_large(bytes_max: int) -> InvalidEvent:
    return InvalidEvent("body", f"more than {bytes_max:,} bytes; send it in several requests", Reason.TOO_LARGE)
