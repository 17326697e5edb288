"""What a request with a body is answered when the body, or what is in it, is at fault."""

from collections.abc import Awaitable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chatsnapshot.server.answers import JsonAnswer, error_answer
from chatsnapshot.server.request_body import BODY_WITHIN_S
from chatsnapshot_schemas.errors import ChatSnapshotError

TOO_SLOW, GONE = 408, 400


async def answered(request: Request, answering: Awaitable[Response]) -> Response:
    """The answer that comes, or the one that says what was wrong."""
    try:
        return await answering
    except ChatSnapshotError as error:
        return error_answer(request, error)
    except TimeoutError:
        message = f"the body did not come within {BODY_WITHIN_S:.0f} s"
        return JsonAnswer({"error": {"code": "body_timeout", "message": message}}, status_code=TOO_SLOW)
    except ClientDisconnect:
        return Response(status_code=GONE)
