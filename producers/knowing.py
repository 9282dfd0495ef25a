"""A long body is read of somebody who is known alone, and of each one at a time."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from producers.arrivals import way_of
from producers.crowds import Crowds
from producers.ports import Ports
from producers.security import authenticate


def knowing(ports: Ports) -> Callable[[Scope], AbstractAsyncContextManager[None]]:
    """Who may send more than a few pages, for as long as it takes; Problem for anybody else.

    The framework reads JSON before it asks who sends it, a third of a second for a MiB, and
    meanwhile nobody is answered. What machines send is proved before it is read.
    """
    turns = Crowds(at_once=1)

    @asynccontextmanager
    async def known(scope: Scope) -> AsyncIterator[None]:
        if way_of(scope["path"]) is not None:
            yield
            return
        person = await run_in_threadpool(authenticate, Request(scope), ports)
        async with turns.turn(person):
            yield

    return known
