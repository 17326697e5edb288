"""Routing on the path as it was sent."""

from starlette.types import ASGIApp, Receive, Scope, Send


class EncodedPaths:
    """A run id may hold `/`, percent-encoded, and stays one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace the decoded path by the raw one."""
        if scope["type"] == "http" and (raw := scope.get("raw_path")):
            scope = {**scope, "path": raw.decode("ascii", "replace")}
        await self._app(scope, receive, send)
