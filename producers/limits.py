"""No request body is longer than what any of ours needs."""

from contextlib import suppress
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
        taken, answered, too_long = 0, False, _claimed(scope) > self._most

        async def receiving() -> Message:
            nonlocal taken, too_long
            message = await receive()
            taken += len(message.get("body", b""))
            too_long = taken > self._most
            if too_long:
                raise TooLong
            return message

        async def sending(message: Message) -> None:
            nonlocal answered
            if not too_long:  # whatever is made of a body cut short is not the answer
                answered = True
                await send(message)

        if not too_long:
            with suppress(TooLong):
                await self._app(scope, receiving, sending)
        if too_long and not answered:
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
