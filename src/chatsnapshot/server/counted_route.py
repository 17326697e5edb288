"""Counts and times what a route answers."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatsnapshot.server import metrics


def counted(route: Route) -> Route:
    """The same route, measured under its path pattern. Its endpoint is a coroutine function."""
    endpoint = route.endpoint

    async def measured(request: Request) -> Response:
        began, status = time.monotonic(), 500
        try:
            answer: Response = await endpoint(request)
            status = answer.status_code
        finally:
            metrics.HTTP_REQUESTS.labels(route.path, status).inc()
            metrics.HTTP_SECONDS.labels(route.path).observe(time.monotonic() - began)
        return answer

    return Route(route.path, measured, methods=sorted(route.methods or ()))
