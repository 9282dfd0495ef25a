"""Is this process alive, and is everything it needs there."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis import RedisError, ResponseError
from sqlalchemy import text

from adapters.storage.jobs.register import living_workers
from domain.errors import SyncError
from domain.jobs import Queue
from infra.database import dispatch, transaction
from infra.redis import cannot_keep
from producers.answers import Success
from producers.ports import GivenPorts, Ports

router = APIRouter(tags=["health"])

OK = "ok"

# A standby, or a server whose disk ran full: it answers, and keeps nothing.
_READ_ONLY = text("SHOW transaction_read_only")


class Alive(Success):
    status: str = OK


class Ready(BaseModel):
    """`success` only if every check is; each says in one sentence what is missing."""

    success: bool
    checks: Mapping[str, str]


@router.get("/healthz")
async def alive() -> Alive:
    # On no thread: while all of them wait for the database, this process lives.
    return Alive()


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Something it needs is missing."}},
)
def ready(ports: GivenPorts) -> JSONResponse:
    """Ready only when every check is; each says in one sentence what is missing."""
    checks = {name: _asked(check, ports) for name, check in CHECKS.items()}
    is_ready = all(found == OK for found in checks.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"success": is_ready, "checks": checks}, status_code=status)


def _asked(check: Callable[[Ports], str], ports: Ports) -> str:
    try:
        return check(ports)
    except (SyncError, RedisError) as error:
        return f"does not answer ({type(error).__name__})"


def _database(ports: Ports) -> str:
    with transaction(ports.database) as db:
        is_read_only = db.execute(_READ_ONLY).scalar_one() == "on"
    return "is read only: nothing can be saved" if is_read_only else OK


def _migrations(ports: Ports) -> str:
    with transaction(ports.database) as db:
        found = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    wanted = ports.newest_revision
    # A later version's schema only adds: while it is rolled out, or taken back, this one serves.
    is_served = found is not None and found >= wanted
    return OK if is_served else f"is at {found}, needs {wanted}: run 'pms-sync migrate'"


def _redis(ports: Ports) -> str:
    try:
        ports.redis.ping()
    except ResponseError as refusal:
        if not cannot_keep(refusal):
            raise
        return "takes nothing in until it can write to its disk again"
    return OK


def _workers(ports: Ports) -> str:
    with dispatch(ports.database) as db:
        living = living_workers(db)
    missing = [queue.value for queue in Queue if not living.get(queue.value)]
    return f"nobody serves {', '.join(missing)}" if missing else OK


CHECKS: Mapping[str, Callable[[Ports], str]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "workers": _workers,
}
