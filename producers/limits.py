"""No request body is longer than what any of ours needs."""

from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1024 * 1024


class TooLong(Exception):
    """More came than was allowed."""


class BodyLimit:
    """Counts what comes, whatever its length claims to be."""

    def __init__(self, app: ASGIApp, *, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, answered = 0, False

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise TooLong
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            if _claimed(scope) > self._most:
                raise TooLong  # noqa: TRY301 - one way out for both
            await self._app(scope, receiving, sending)
        except TooLong:
            if not answered:
                await _refusal(self._most)(scope, receive, send)


def _claimed(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _refusal(most: int) -> JSONResponse:
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": f"The request is longer than {most} bytes.",
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
