"""What the doctor says of the settings, the servers and the machine it runs on."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import text

import migrations
from adapters.storage import keeping as keeps
from console.doctor.findings import Finding, Verdict
from console.wiring import Wiring, revision
from domain.errors import SyncError
from infra.clock import machine_clock, system_clock
from infra.database import transaction
from infra.links import in_the_clear
from infra.redis import policy_problem, room_problem
from infra.settings import Settings
from infra.vendor_urls import is_loopback
from migrations.drift import differences

LARGEST_SKEW = 2.0
MOST_DIFFERENCES = 5
LITTLE_LEFT, HARDLY_ANY = 2 * 1024**3, 256 * 1024**2

_NOW = text("SELECT clock_timestamp()")
_FOREIGN = text("SELECT count(*) FROM pms_connections")
_MEMBER = text("SELECT rolbypassrls FROM pg_roles WHERE rolname = 'pms_sync_app'")


class Unmade(SyncError):
    """There are no tables to look at, or those of a version before."""


def settings(wiring: Wiring) -> Iterator[Finding]:
    given = wiring.settings
    yield Finding("settings", "ok", f"profile {given.profile.value}, home {given.home}")
    for warning in given.warnings:
        yield Finding("settings", "warning", warning)


def links(wiring: Wiring) -> Iterator[Finding]:
    """Whether what passes between the machines can be read on the way."""
    given = wiring.settings
    worst: Verdict = "bad" if given.is_production else "warning"
    if _is_open(given, given.database_url):
        advice = "PostgreSQL is reached in the clear; add ?sslmode=verify-full to DATABASE_URL"
        yield Finding("tls", worst, advice)
    if _is_open(given, given.redis_url):
        yield Finding("tls", worst, "Redis is reached in the clear; use rediss:// in REDIS_URL")
    for vendor, told in sorted(given.vendor_urls.items()):
        if told.minimum_tls == "1.2":
            advice = f"{vendor} is let in with TLS 1.2; unset {vendor.upper()}_MINIMUM_TLS"
            yield Finding("tls", "warning", advice)
    if not given.app_base_url.startswith("https://") and not is_loopback(
        urlsplit(given.app_base_url).hostname or ""
    ):
        yield Finding("tls", worst, "pages are served in the clear; set APP_BASE_URL to https://")


def disk(wiring: Wiring) -> Iterator[Finding]:
    """The embedded servers, the sealed secrets and the logs stop where there is no room."""
    home = wiring.settings.home.absolute()
    yield room(shutil.disk_usage(_existing(home)).free, wiring.settings.home)


def room(free: int, home: Path) -> Finding:
    told = f"{free / 1024**3:.1f} GB free under {home}"
    if free < HARDLY_ANY:
        return Finding("disk", "bad", f"{told}; make room now, nothing can be written soon")
    if free < LITTLE_LEFT:
        return Finding("disk", "warning", f"{told}; make room")
    return Finding("disk", "ok", told)


def database(wiring: Wiring) -> Iterator[Finding]:
    held, newest = revision(wiring.engine), migrations.newest()
    if held is None:
        raise Unmade("has no tables yet; run 'pms-sync migrate'")
    if held == newest:
        yield Finding("database", "ok", f"answers, schema {held}")
    elif migrations.is_served(held):
        told = f"schema {held} is a later version's than this one's ({newest}), which it serves"
        yield Finding("database", "warning", told)
    else:
        raise Unmade(f"schema {held}, not {newest}; run 'pms-sync migrate'")


def keeping(wiring: Wiring) -> Iterator[Finding]:
    """Tables can be read for a long time after the last row found room."""
    with transaction(wiring.engine) as db:
        why = keeps.refusal(db)
    if why is not None:
        yield Finding("saving", "bad", f"nothing can be saved: {why}")


def schema(wiring: Wiring) -> Iterator[Finding]:
    """Only of the newest schema: an older one is different, and to be migrated first."""
    if revision(wiring.engine) != migrations.newest():
        return
    # No transaction: it compares for seconds where the machine is busy, and would stand idle.
    with wiring.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        found = differences(db)
    grave = [one for one in found if not one.is_harmless]
    if grave:
        told = _some([str(one) for one in grave])
        advice = "restore it from your backup, or make it as migrations/sql does"
        if all(one.is_built_later for one in grave):
            advice = "run 'pms-sync migrate'"
        yield Finding("schema", "bad", f"not what the migrations made: {told}; {advice}")
    elif found:
        told = _some([str(one) for one in found])
        yield Finding("schema", "warning", f"holds what is not ours: {told}")
    else:
        yield Finding("schema", "ok", "tables, indexes, policies and triggers are the migrations'")


def isolation(wiring: Wiring) -> Iterator[Finding]:
    """An account that does not exist must see nothing, whatever there is."""
    with transaction(wiring.engine, account_id=f"nobody-{uuid4().hex}") as db:
        seen = db.execute(_FOREIGN).scalar_one()
        bypasses = db.execute(_MEMBER).scalar_one()
    if seen or bypasses:
        yield Finding("isolation", "bad", "accounts see each other's rows; stop and ask for help")
    else:
        yield Finding("isolation", "ok", "a foreign account sees no row")


def redis(wiring: Wiring) -> Iterator[Finding]:
    problem = policy_problem(wiring.redis) or room_problem(wiring.redis)
    yield Finding("redis", "bad", problem) if problem else Finding("redis", "ok", "noeviction")


def own_clock(wiring: Wiring) -> Iterator[Finding]:
    """Of the machine the doctor is asked on, beside the database's."""
    with transaction(wiring.engine) as db:
        behind = (db.execute(_NOW).scalar_one() - machine_clock()).total_seconds()
    if abs(behind) > LARGEST_SKEW:
        yield Finding("clocks", "warning", f"this machine: {wrong_by(behind)}")
    else:
        yield Finding("clocks", "ok", f"this machine is {abs(behind):.1f} s off the database")


def wrong_by(behind: float) -> str:
    """What to do where a machine's clock lacks so many seconds."""
    how = "behind" if behind > 0 else "ahead of"
    return (
        f"its clock is {abs(behind):.1f} s {how} the database's, by which it goes meanwhile;"
        " run NTP on both"
    )


def redis_clock(wiring: Wiring) -> Iterator[Finding]:
    seconds, micros = wiring.redis.time()
    there = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
    off = abs((there - system_clock()).total_seconds())
    told = f"redis is {off:.1f} s off the database"
    if off > LARGEST_SKEW:
        yield Finding("clocks", "bad", f"{told}; run NTP on both")
    else:
        yield Finding("clocks", "ok", told)


def _is_open(given: Settings, link: SecretStr | None) -> bool:
    """What an operator calls this machine is, as it is when the settings are read."""
    hosts = given.same_machine_hosts
    return link is not None and in_the_clear(link.get_secret_value(), same_machine=hosts)


def _existing(path: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _some(told: list[str]) -> str:
    more = len(told) - MOST_DIFFERENCES
    listed = ", ".join(told[:MOST_DIFFERENCES])
    return f"{listed} and {more} more" if more > 0 else listed
