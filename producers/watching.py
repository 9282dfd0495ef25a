"""Gives each request an id and a time, and says afterwards how it went: one line, one measure."""

import time
from contextlib import AbstractContextManager
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.tracing import NOTHING, Span, span
from producers.arrivals import PROBES, way_of
from producers.metrics.registry import Metrics

log = structlog.get_logger()

UNKNOWN = "unknown"


class Watching:
    """The route is named, never the address: addresses hold ids and one-time tokens."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, request_id = time.perf_counter(), 500, uuid4().hex
        scope.setdefault("state", {}).update(started=started, request_id=request_id)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            _traced(scope, request_id) as told,
        ):
            try:
                await self._app(scope, receive, sending)
            finally:
                route = self._tell(scope, status, time.perf_counter() - started)
                told.tell(f"{scope['method']} {route}", status=str(status))

    def _tell(self, scope: Scope, status: int, seconds: float) -> str:
        route, method = _route(scope), scope["method"]
        self._metrics.answered(method, route, status=status, seconds=seconds)
        if route not in PROBES:
            log.info(
                "request.answered",
                route=route,
                method=method,
                status=status,
                milliseconds=round(seconds * 1000),
            )
        return route


def _route(scope: Scope) -> str:
    """A webhook that was refused at the door has no route yet, and is told by where it came."""
    found = getattr(scope.get("route"), "path", None)
    return str(found or way_of(scope["path"]) or UNKNOWN)


def _traced(scope: Scope, request_id: str) -> AbstractContextManager[Span]:
    """What comes every few seconds, whoever asks, would only fill the traces."""
    if scope["path"] in PROBES:
        return NOTHING
    return span("request", kind="server", trace_id=request_id)
