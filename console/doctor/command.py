"""The doctor's command: every check made, the answers told, and the exit code."""

import re
from collections.abc import Iterator

import structlog
import typer
from redis import RedisError
from sqlalchemy import make_url

from console import output
from console.doctor.checks import CHECKS, Check, Need
from console.doctor.findings import Finding
from console.doctor.servers import Unmade
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.errors import SyncError
from infra.database import (
    ROLES,
    BadStatement,
    DatabaseAway,
    DatabaseFull,
    DatabaseShut,
    NotAllowed,
)
from infra.embedded import EmbeddedServerError
from infra.redis import problem_of

NONE_FREE = re.compile("too many (clients|connections)|connection slots are reserved")

app = typer.Typer()
log = structlog.get_logger()


@app.command()
def doctor(*, json: AsJson = False) -> None:
    """Check settings, servers, keys, workers and connections; say what to do."""
    found = _examined()
    if json:
        output.answer({"checks": found, "ok": not _is_bad(found)})
    else:
        output.table(["", "Check", "Finding"], [(one.verdict, one.what, one.told) for one in found])
    if _is_bad(found):
        raise typer.Exit(1)


def _examined() -> list[Finding]:
    """Every check made; embedded servers that do not start are the only finding there is."""
    try:
        with wired(migrated=False) as wiring:
            return list(_made(wiring))
    except EmbeddedServerError as problem:
        return [Finding("servers", "bad", str(problem))]


def _made(wiring: Wiring) -> Iterator[Finding]:
    """A server that did not answer once is not waited for again; one line tells what needs it."""
    away: set[Need] = set()
    left_out: list[str] = []
    for check in CHECKS:
        if away.isdisjoint(check.needs):
            yield from _safely(check, wiring, away)
        elif check.name not in left_out:
            left_out.append(check.name)
    if left_out:
        told = f"without {' and '.join(sorted(away))}: {', '.join(left_out)}"
        yield Finding("not checked", "warning", told)


def _safely(check: Check, wiring: Wiring, away: set[Need]) -> list[Finding]:
    """One check that cannot be made does not hide the others."""
    try:
        return list(check.ask(wiring))
    except (SyncError, RedisError) as error:
        away.update(_missed(error))
        return [Finding(check.name, "bad", _advice(error, wiring))]
    except Exception as error:
        log.exception("doctor.check_failed", check=check.name)
        told = f"could not be checked ({type(error).__name__}); the log of this command says why"
        return [Finding(check.name, "bad", told)]


def _missed(error: SyncError | RedisError) -> Iterator[Need]:
    """What need not be asked for again."""
    match error:
        case DatabaseAway():
            yield "database"
        case Unmade():
            yield "this version's tables"
        case RedisError():
            yield "redis"


def _advice(error: SyncError | RedisError, wiring: Wiring) -> str:
    match error:
        case DatabaseShut():
            return str(error)
        case DatabaseAway():
            return f"{error}; {_cure(error)}"
        case NotAllowed():
            role = make_url(wiring.database_url).username
            grant = f"GRANT {', '.join(ROLES)} TO {role}"
            return f"{error}; run 'pms-sync migrate', or as a superuser: {grant}"
        case BadStatement():
            return f"{error}; run 'pms-sync migrate'"
        case RedisError():
            return problem_of(error)
    return str(error)


def _cure(away: DatabaseAway) -> str:
    if isinstance(away, DatabaseFull):
        return "make room on its disk"
    if NONE_FREE.search(str(away)):
        return "end what holds them (pg_stat_activity names it), or raise max_connections"
    return "start PostgreSQL, or mend DATABASE_URL"


def _is_bad(found: list[Finding]) -> bool:
    return any(one.verdict == "bad" for one in found)
