"""No request body is longer than what any of ours needs, nor on its way for longer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from producers.problems import Problem

MOST_BYTES = 1024 * 1024
MOST_UNKNOWN = 32 * 1024
"""More is taken of those alone whom `knows` lets in."""

Knows = Callable[[Scope], AbstractAsyncContextManager[None]]
MOST_SECONDS = 30.0


class Unwanted(Exception):
    """No more of the body is taken."""


class BodyLimit:
    """Counts what comes and how long it takes, whatever its length claims to be."""

    def __init__(
        self, app: ASGIApp, *, knows: Knows, most: int = MOST_BYTES, seconds: float = MOST_SECONDS
    ) -> None:
        self._app = app
        self._knows = knows
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as held:

            async def known() -> None:
                await held.enter_async_context(self._knows(scope))

            body = _Body(receive, send, known, most=self._most, seconds=self._seconds)
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
    known: Callable[[], Awaitable[None]]
    most: int
    seconds: float
    ends: float | None = None
    taken: int = 0
    is_known: bool = False
    is_whole: bool = False
    is_answered: bool = False
    refusal: JSONResponse | None = None

    async def receiving(self) -> Message:
        message = await self._in_time()
        self.taken += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        if self.taken > self.most:
            self._refuse(_too_long(self.most))
        if self.taken > MOST_UNKNOWN and not self.is_known:
            await self._let_in()
        return message

    async def sending(self, message: Message) -> None:
        if self.refusal is None:  # whatever is made of a body cut short is not the answer
            self.is_answered = True
            await self.send(message)

    async def _in_time(self) -> Message:
        if self.ends is None:
            self.ends = asyncio.get_running_loop().time() + self.seconds
        try:
            # Behind the body there comes only that the other end has left, whenever that is.
            async with asyncio.timeout_at(None if self.is_whole else self.ends):
                return await self.receive()
        except TimeoutError:
            self._refuse(_too_slow(self.seconds))

    async def _let_in(self) -> None:
        try:
            await self.known()
        except Problem as problem:
            self._refuse(_refused(problem.status, problem.detail, headers=problem.headers))
        self.is_known = True

    def _refuse(self, answer: JSONResponse) -> NoReturn:
        self.refusal = answer
        raise Unwanted


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
