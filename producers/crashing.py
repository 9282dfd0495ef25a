"""What nobody foresaw is answered in here: the server's own answer would pass by our headers."""

from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Crashes:
    """Says sorry like any other answer; where one has begun already, the line ends."""

    def __init__(self, app: ASGIApp, *, sorry: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._sorry = sorry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if scope["type"] != "http" or has_begun:
                raise
            answer = await run_in_threadpool(self._sorry, Request(scope), error)
            await answer(scope, receive, send)
