"""Servers for the tests: a Postgres and a Valkey per xdist worker, or those of the environment."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import make_url

import migrations
from infra import embedded, logging
from infra.memory import keep_what_is_loaded
from tests import refusals

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM_BYTES = 4 * 2**30
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")


@dataclass(frozen=True, slots=True)
class Databases:
    """Makes and drops them, over one connection to the server."""

    url: str
    connection: psycopg.Connection[Any]

    @contextmanager
    def new(self, *, template: str = "template0") -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        try:
            yield make_url(self.url).set(database=name).render_as_string(hide_password=False)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        self.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def databases_at(url: str) -> Iterator[Databases]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield Databases(url, connection)


# What is judged is what is true of the example, not how busy the machine is that makes it.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a good part of many a test is waiting for processes."""
    has_affinity = hasattr(os, "sched_getaffinity")  # macOS has none
    return 1 + (len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay to the end: no need to look through them."""
    keep_what_is_loaded()


@pytest.fixture(autouse=True)
def quiet_logs() -> None:
    """Jobs that fail on purpose leave one line each, as in a process, and no traceback."""
    pytests_own = threading.excepthook
    logging.configure(json=True, level="ERROR")
    threading.excepthook = pytests_own


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Servers]:
    """DATABASE_URL and REDIS_URL when both are set, else our own; never touched between tests."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database_url and redis_url:
        yield embedded.Servers(database_url=database_url, redis_url=_own_number(redis_url))
        return
    with (
        tempfile.TemporaryDirectory(prefix="pms-sync-tests-", dir=_memory()) as home,
        embedded.start(Path(home), durable=False) as running,
    ):
        yield embedded.Servers(
            database_url=database_url or running.database_url,
            redis_url=_own_number(redis_url) if redis_url else running.redis_url,
        )


def _memory() -> Path | None:
    """Where files live in memory, with room for a server: databases are copied there faster."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY if is_roomy and os.access(MEMORY, os.W_OK) else None


@pytest.fixture(scope="session")
def databases(servers: embedded.Servers) -> Iterator[Databases]:
    with databases_at(servers.database_url) as made:
        yield made


@pytest.fixture(scope="session")
def migrated_template(databases: Databases) -> Iterator[str]:
    """The name of a database at the newest revision, to be copied and never connected to."""
    with databases.new() as url:
        migrations.upgrade(url)
        # The first to come after a change keeps what it found of the catalog, for the copies too.
        migrations.upgrade(url)
        yield str(make_url(url).database)


@pytest.fixture
def database_url(databases: Databases, migrated_template: str) -> Iterator[str]:
    """A migrated database of this test alone."""
    with databases.new(template=migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(databases: Databases, migrated_template: str) -> Iterator[str]:
    """A migrated database for the tests of one module, which only read or roll back."""
    with databases.new(template=migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database of this test alone, without any table."""
    with databases.new() as url:
        yield url


@pytest.fixture
def redis_client(servers: embedded.Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def full(redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """A server that takes nothing in, until it is given room."""
    with refusals.without_room(redis_client):
        yield redis_client


@pytest.fixture
def without_disk(redis_client: redis.Redis) -> Iterator[redis.Redis]:
    """A server that takes nothing in, until it need not save."""
    with refusals.without_disk(redis_client):
        yield redis_client


@pytest.fixture
def redis_url(servers: embedded.Servers, redis_client: redis.Redis) -> str:
    """Empty at the start of the test."""
    return servers.redis_url


def _own_number(redis_url: str) -> str:
    """Each xdist worker flushes a database of its own."""
    return redis_url.partition("?")[0].rstrip("/") + f"?db={WORKER.removeprefix('gw')}"
