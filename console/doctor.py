"""`pms-sync doctor`: whether everything that has to hold does, one line each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import structlog
import typer
from redis import RedisError
from sqlalchemy import text

import migrations
from adapters import pms
from adapters.storage import connection_list, job_list
from console import keys, output, phone_checks
from console.findings import Finding, Verdict
from console.output import AsJson, short
from console.wiring import Wiring, revision, wired
from domain.connections import State
from domain.errors import SyncError
from infra.clock import system_clock
from infra.database import BadStatement, DatabaseAway, dispatch, transaction
from infra.embedded import EmbeddedServerError
from infra.redis import policy_problem

app = typer.Typer()
log = structlog.get_logger()

LARGEST_SKEW = 2.0
SILENT_SECONDS = 60


Check = Callable[[Wiring], Iterator[Finding]]

_NOW = text("SELECT clock_timestamp()")
_FOREIGN = text("SELECT count(*) FROM pms_connections")
_MEMBER = text("SELECT rolbypassrls FROM pg_roles WHERE rolname = 'pms_sync_app'")
_TICKS = text("SELECT extract(epoch FROM now() - min(next_at))::float FROM schedules WHERE enabled")


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


def _settings(wiring: Wiring) -> Iterator[Finding]:
    given = wiring.settings
    yield Finding("settings", "ok", f"profile {given.profile.value}, home {given.home}")
    for warning in given.warnings:
        yield Finding("settings", "warning", warning)


def _database(wiring: Wiring) -> Iterator[Finding]:
    held, newest = revision(wiring.engine), migrations.newest()
    if held == newest:
        yield Finding("database", "ok", f"answers, schema {held}")
    else:
        yield Finding("database", "bad", f"schema {held or 'empty'}; run 'pms-sync migrate'")


def _isolation(wiring: Wiring) -> Iterator[Finding]:
    """An account that does not exist must see nothing, whatever there is."""
    with transaction(wiring.engine, account_id=f"nobody-{uuid4().hex}") as db:
        seen = db.execute(_FOREIGN).scalar_one()
        bypasses = db.execute(_MEMBER).scalar_one()
    if seen or bypasses:
        yield Finding("isolation", "bad", "accounts see each other's rows; stop and ask for help")
    else:
        yield Finding("isolation", "ok", "a foreign account sees no row")


def _redis(wiring: Wiring) -> Iterator[Finding]:
    problem = policy_problem(wiring.redis)
    yield Finding("redis", "bad", problem) if problem else Finding("redis", "ok", "noeviction")


def _database_clock(wiring: Wiring) -> Iterator[Finding]:
    with transaction(wiring.engine) as db:
        yield _skew("database", db.execute(_NOW).scalar_one())


def _redis_clock(wiring: Wiring) -> Iterator[Finding]:
    seconds, micros = wiring.redis.time()
    yield _skew("redis", datetime.fromtimestamp(seconds + micros / 1e6, UTC))


def _skew(name: str, there: datetime) -> Finding:
    skew = abs((there - system_clock()).total_seconds())
    if skew > LARGEST_SKEW:
        return Finding("clocks", "bad", f"{name} is {skew:.1f} s off; run NTP on all machines")
    return Finding("clocks", "ok", f"{name} is {skew:.1f} s off")


def _workers(wiring: Wiring) -> Iterator[Finding]:
    with dispatch(wiring.engine) as db:
        for queue in job_list.queues(db):
            name, serving = f"queue {queue['queue']}", queue["workers"]
            if not serving:
                advice = f"no worker; start 'pms-sync worker --pool {queue['queue']}' or 'up'"
                yield Finding(name, "warning", advice)
            else:
                told = f"{serving} workers, {queue['ready']} ready, {queue['dead']} dead"
                verdict: Verdict = "warning" if queue["dead"] else "ok"
                yield Finding(name, verdict, told)


def _scheduler(wiring: Wiring) -> Iterator[Finding]:
    """Its chores are never long overdue while it ticks."""
    with dispatch(wiring.engine) as db:
        overdue = db.execute(_TICKS).scalar_one()
    if overdue is None or overdue > SILENT_SECONDS:
        yield Finding("scheduler", "warning", "not ticking; start 'pms-sync scheduler' or 'up'")
    else:
        yield Finding("scheduler", "ok", "ticking")


def _connections(wiring: Wiring) -> Iterator[Finding]:
    with dispatch(wiring.engine) as db:
        found = connection_list.listed(db)
    for one in found:
        name = f"connection {short(one['id'])}"
        if one["vendor"] not in pms.registered():
            yield Finding(name, "bad", f"'{one['vendor']}' is no PMS this version knows")
        elif one["state"] == State.ACTIVE:
            yield Finding(name, "ok", f"{one['name']} ({one['vendor']}) is active")
        else:
            advice = ADVICE[State(one["state"])].format(id=short(one["id"]))
            why = f" ({one['state_reason']})" if one["state_reason"] else ""
            yield Finding(name, "warning", f"{one['state']}{why}; {advice}")


def _examined() -> list[Finding]:
    """Every check made; embedded servers that do not start are the only finding there is."""
    try:
        with wired(migrated=False) as wiring:
            return [finding for check in CHECKS for finding in _safely(check, wiring)]
    except EmbeddedServerError as problem:
        return [Finding("servers", "bad", str(problem))]


def _safely(check: Check, wiring: Wiring) -> list[Finding]:
    """One check that cannot be made does not hide the others."""
    name = check.__name__.strip("_").replace("_", " ")
    try:
        return list(check(wiring))
    except DatabaseAway as error:
        advice = "start PostgreSQL, or mend DATABASE_URL"
        return [Finding(name, "bad", f"{error}; {advice}")]
    except BadStatement as error:
        return [Finding(name, "bad", f"{error}; run 'pms-sync migrate'")]
    except RedisError as error:
        # Its text may quote the address, and with it a password.
        told = f"Redis does not answer ({type(error).__name__}); start it, or mend REDIS_URL"
        return [Finding(name, "bad", told)]
    except SyncError as error:
        return [Finding(name, "bad", str(error))]
    except Exception as error:
        log.exception("doctor.check_failed")
        told = f"could not be checked ({type(error).__name__}); the log of this command says why"
        return [Finding(name, "bad", told)]


def _is_bad(found: list[Finding]) -> bool:
    return any(one.verdict == "bad" for one in found)


ADVICE = {
    State.SETUP_REQUIRED: "run 'pms-sync connections pair {id} CODE'",
    State.INACTIVE: "run 'pms-sync connections resume {id}' to sync again",
    State.ERROR: "run 'pms-sync connections test {id}'",
    State.NEEDS_SIGN_IN: (
        "run 'pms-sync connections reconnect {id} --secret KEY=VALUE', or 'connections pair {id}"
        " CODE' where the PMS pairs"
    ),
}
CHECKS: tuple[Check, ...] = (
    _settings,
    _database,
    _isolation,
    _redis,
    keys.keys_of_credentials,
    keys.keys_of_rows,
    _database_clock,
    _redis_clock,
    _workers,
    _scheduler,
    _connections,
    phone_checks.phone,
)
