"""Answers as JSON, and errors as an answer with the stable reason code."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chatsnapshot.rendering.json_values import json_value
from chatsnapshot_schemas.errors import (
    ChatSnapshotError,
    ConfigurationError,
    IngestBusy,
    InvalidEvent,
    NotFound,
    RedriveRefused,
    RunTooLarge,
    TransientError,
    UnsupportedMedia,
    WrongTenant,
)
from chatsnapshot_schemas.reasons import Reason

RETRY_AFTER_S = 2

_STATUS_OF: tuple[tuple[type[ChatSnapshotError], int], ...] = (
    (NotFound, 404),
    (IngestBusy, 429),
    (TransientError, 503),
    (UnsupportedMedia, 415),
    (WrongTenant, 403),
    (RedriveRefused, 409),
    (RunTooLarge, 422),
)
"""The first that fits counts."""


class JsonText(str):
    """A document that is JSON already: payloads keep their text, also where Python could not read or write it again."""


class JsonAnswer(Response):
    """JSON with times in UTC and decimals as text."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The document as UTF-8."""
        if isinstance(content, JsonText):
            return content.encode()
        return json.dumps(content, ensure_ascii=False, default=json_value).encode()


def error_answer(_request: Request, error: Exception) -> Response:
    """`{"error": {"code", "message"}}` with the status that fits what the caller does next."""
    assert isinstance(error, ChatSnapshotError)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, TransientError) else None
    body = {"error": {"code": error.code, "message": str(error)}}
    return JsonAnswer(body, status_code=_status(error), headers=headers)


def _status(error: ChatSnapshotError) -> int:
    for kind, status in _STATUS_OF:
        if isinstance(error, kind):
            return status
    if isinstance(error, InvalidEvent) and error.field == "body" and error.reason is Reason.TOO_LARGE:
        return 413
    if isinstance(error, InvalidEvent | ConfigurationError):
        return 422
    return 500
