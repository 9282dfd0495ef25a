"""Processes that stay, started where a server is away, or is there and does not let them in."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from infra import embedded
from tests.clusters import migrated
from tests.console.conftest import Shell
from tests.e2e.stack import ROOT, free_port

pytestmark = pytest.mark.integration

NOBODYS = "postgresql://somebody:hunter2@127.0.0.1:1/sheet"
LONGER = ("ingress", f"--port={free_port()}")
PROCESSES = (("worker", "--pool=sync"), ("scheduler",), LONGER)
PASSWORDS = "local all pms_sync trust\nlocal all all scram-sha-256\n"
PATIENCE = 60
"""To start on a busy machine; a process that waited would take a quarter of an hour."""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Servers]:
    """Servers that ask for passwords, with somebody who has one and may do nothing else."""
    with migrated(tmp_path_factory.mktemp("locked") / "servers") as servers:
        with psycopg.connect(plain(servers.database_url), autocommit=True) as db:
            db.execute("CREATE ROLE weak LOGIN PASSWORD 'right'")
            [place] = db.execute("SHOW hba_file").fetchone() or [""]
            Path(place).write_text(PASSWORDS)
            db.execute("SELECT pg_reload_conf()")
        with Redis.from_url(servers.redis_url) as client:
            client.execute_command("ACL", "SETUSER", "low", "on", ">right", "+ping")
            client.config_set("requirepass", "right")
        yield servers


def plain(url: str, who: str = "pms_sync", where: str = "pms_sync") -> str:
    name, _, password = who.partition(":")
    made = make_url(url).set(drivername="postgresql", username=name, database=where)
    return made.set(password=password or None).render_as_string(hide_password=False)


def at_redis(servers: embedded.Servers, who: str) -> str:
    return servers.redis_url.replace("unix://", f"unix://{who}")


@contextmanager
def started(
    arguments: tuple[str, ...], given: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "console.main", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("arguments", PROCESSES, ids=lambda given: given[0])
def test_one_that_waits_for_its_database_ends_at_once_when_told(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Without a handler it would end with -15, and as PID 1 hear nothing."""
    given = {
        "PMS_SYNC_HOME": str(tmp_path),
        "DATABASE_URL": NOBODYS,
        "REDIS_URL": "redis://[::1]:1",
    }
    with started(arguments, given) as process:
        assert process.stderr is not None
        assert "start.waits" in process.stderr.readline()

        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=10) == 0
        assert "Traceback" not in process.stderr.read()


def said(given: Mapping[str, str]) -> str:
    """The last words of a scheduler that ends by itself."""
    with started(("scheduler",), given) as process:
        _, words = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
    return words.strip()


@pytest.mark.parametrize(
    ("who", "where", "why"),
    [
        ("prod:wrong", "pms_sync", 'password authentication failed for user "prod"'),
        ("prod", "pms_sync", "no password supplied"),
        ("pms_sync", "elsewhere", 'database "elsewhere" does not exist'),
    ],
)
def test_a_database_that_lets_nobody_in_is_not_waited_for(
    locked: embedded.Servers, tmp_path: Path, who: str, where: str, why: str
) -> None:
    url = plain(locked.database_url, who, where)

    told = said(
        {"PMS_SYNC_HOME": str(tmp_path), "DATABASE_URL": url, "REDIS_URL": "redis://[::1]:1"}
    )

    assert why in told
    assert told.endswith("mend DATABASE_URL, or make what it names")
    assert "wrong" not in told


def test_a_role_without_rights_is_told_who_names_them(
    locked: embedded.Servers, tmp_path: Path
) -> None:
    url = plain(locked.database_url, "weak:right")

    told = said(
        {"PMS_SYNC_HOME": str(tmp_path), "DATABASE_URL": url, "REDIS_URL": "redis://[::1]:1"}
    )

    assert told.endswith("'pms-sync doctor' names the grant that is missing.")


@pytest.mark.parametrize("who", ["", ":wrong@", "low:right@"])
def test_a_redis_that_lets_nobody_in_is_not_waited_for(
    locked: embedded.Servers, tmp_path: Path, who: str
) -> None:
    given = {"DATABASE_URL": locked.database_url, "REDIS_URL": at_redis(locked, who)}

    told = said({"PMS_SYNC_HOME": str(tmp_path), **given})

    assert told.startswith("Redis does not let us in (")
    assert told.endswith("mend user and password in REDIS_URL.")


def test_the_doctor_says_the_same(
    locked: embedded.Servers, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = plain(locked.database_url, "weak:wrong")
    monkeypatch.setenv("DATABASE_URL", refused)
    monkeypatch.setenv("REDIS_URL", at_redis(locked, quote(":wrong", safe=":") + "@"))

    told = shell("doctor").out.replace("\n", " ")

    found = " ".join(told.split())
    assert "does not let us in (password authentication failed" in found
    assert "start PostgreSQL" not in found
    assert "Redis does not let us in (AuthenticationError)" in found
