"""How often one address may try to sign in; counted in Redis for all processes together."""

import hashlib
from http import HTTPStatus

from fastapi import Request
from redis.exceptions import RedisError

from producers.ports import Ports
from producers.problems import Problem

MOST = 20
SECONDS = 60


def check_attempts(request: Request, ports: Ports) -> None:
    """429 once too many attempts of an address failed within a minute.

    While Redis is away nobody is counted: a link is 256 random bits, and late is worse than loud.
    """
    try:
        failed = int(ports.redis.get(_key(request)) or 0)
    except RedisError:
        return
    if failed >= MOST:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many attempts to sign in came from your address; wait a minute.",
            headers={"Retry-After": str(SECONDS)},
        )


def note_failure(request: Request, ports: Ports) -> None:
    key = _key(request)
    try:
        with ports.redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, SECONDS)
            pipe.execute()
    except RedisError:
        return


def _key(request: Request) -> str:
    """By a digest: whose address it was is nobody's business in Redis."""
    host = request.client.host if request.client else ""
    return f"pms-sync:attempts:{hashlib.sha256(host.encode()).hexdigest()[:16]}"
