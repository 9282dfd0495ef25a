"""No request body is longer than what any of ours needs, nor on its way for longer."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1024 * 1024
MOST_SECONDS = 30.0


class Unwanted(Exception):
    """No more of the body is taken."""


class BodyLimit:
    """Counts what comes and how long it takes, whatever its length claims to be."""

    def __init__(
        self, app: ASGIApp, *, most: int = MOST_BYTES, seconds: float = MOST_SECONDS
    ) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, send, most=self._most, seconds=self._seconds)
        if _claimed(scope) > self._most:
            body.refusal = _too_long(self._most)
        else:
            with suppress(Unwanted):
                await self._app(scope, body.receiving, body.sending)
        if body.refusal is not None and not body.is_answered:
            await body.refusal(scope, receive, send)


@dataclass(slots=True)
class _Body:
    """One on its way; `refusal` is the answer where it was not taken."""

    receive: Receive
    send: Send
    most: int
    seconds: float
    ends: float | None = None
    taken: int = 0
    is_whole: bool = False
    is_answered: bool = False
    refusal: JSONResponse | None = None

    async def receiving(self) -> Message:
        if self.ends is None:
            self.ends = asyncio.get_running_loop().time() + self.seconds
        try:
            # Behind the body there comes only that the other end has left, whenever that is.
            async with asyncio.timeout_at(None if self.is_whole else self.ends):
                message = await self.receive()
        except TimeoutError:
            self.refusal = _too_slow(self.seconds)
            raise Unwanted from None
        self.taken += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        if self.taken > self.most:
            self.refusal = _too_long(self.most)
            raise Unwanted
        return message

    async def sending(self, message: Message) -> None:
        if self.refusal is None:  # whatever is made of a body cut short is not the answer
            self.is_answered = True
            await self.send(message)


def _claimed(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _too_long(most: int) -> JSONResponse:
    return _refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request is longer than {most} bytes."
    )


def _too_slow(seconds: float) -> JSONResponse:
    """The line ends with it: the rest may come for ever."""
    said = f"The request was not whole within {seconds:g} seconds."
    return _refused(HTTPStatus.REQUEST_TIMEOUT, said, headers={"Connection": "close"})


def _refused(
    status: HTTPStatus, said: str, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": said}
    return JSONResponse(
        body, status_code=status, media_type="application/problem+json", headers=headers
    )
