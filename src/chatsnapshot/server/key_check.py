"""`Authorization: Bearer <key>`, where a key is set."""

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from chatsnapshot.server.answers import JsonAnswer

OPEN_PATHS = ("/healthz", "/readyz")


class KeyCheck:
    """Every request but the health checks carries the key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """401 without the key."""
        headers: dict[bytes, bytes] = dict(scope.get("headers", ()))
        if (
            scope["type"] != "http"
            or scope["path"] in OPEN_PATHS
            or hmac.compare_digest(headers.get(b"authorization", b""), self._expected)
        ):
            await self._app(scope, receive, send)
        else:
            body = {"error": {"code": "unauthorized", "message": "Authorization: Bearer <key> is needed"}}
            answer = JsonAnswer(body, status_code=401, headers={"WWW-Authenticate": "Bearer"})
            await answer(scope, receive, send)
