"""`/metrics`: what Prometheus reads."""

import hmac
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from producers.ports import GivenPorts
from producers.problems import Problem

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, ports: GivenPorts) -> Response:
    """Counts, ages and ids of connections; nothing about any person.

    With METRICS_TOKEN set only who sends it as a bearer token is answered.
    """
    _check(request, ports.metrics_token)
    return Response(await request.app.state.metrics.told(), media_type=CONTENT_TYPE_LATEST)


def _check(request: Request, token: str | None) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "Send METRICS_TOKEN as a bearer token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
