"""The login role that docs/setup.md tells to make, no superuser, can do all of the work."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

import migrations
from infra import embedded
from infra.database import ARCHIVE_ROLE, dispatch, engine, transaction
from tests.console.conftest import Shell

pytestmark = pytest.mark.integration


@pytest.fixture
def own(tmp_path: Path) -> Iterator[embedded.Servers]:
    """A cluster of this test alone: roles belong to all databases of one."""
    with embedded.start(tmp_path / "servers", durable=False) as running:
        as_admin(running, "CREATE ROLE prod LOGIN PASSWORD 'x' CREATEROLE")
        as_admin(running, "CREATE DATABASE prod OWNER prod")
        yield running


def as_admin(servers: embedded.Servers, statement: str) -> None:
    url = make_url(servers.database_url).set(drivername="postgresql")
    plain = url.render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as db:
        db.execute(statement.encode())


def as_prod(servers: embedded.Servers) -> str:
    url = make_url(servers.database_url).set(username="prod", database="prod")
    return url.render_as_string(hide_password=False)


def test_it_migrates_and_works_afterwards(own: embedded.Servers) -> None:
    migrations.upgrade(as_prod(own))

    database = engine(as_prod(own), application_name="tests")
    seen = text("SELECT count(*) FROM accounts")
    with dispatch(database) as db:
        assert db.execute(seen).scalar_one() == 1
    with transaction(database, account_id="default") as db:
        assert db.execute(seen).scalar_one() == 1
    with transaction(database, account_id="default", role=ARCHIVE_ROLE) as db:
        assert db.execute(text("SELECT count(*) FROM audit_cuts")).scalar_one() == 0
    database.dispose()


def test_it_needs_no_right_to_make_roles_where_they_are_made(own: embedded.Servers) -> None:
    migrations.upgrade(as_prod(own), "0011")
    as_admin(own, "ALTER ROLE prod NOCREATEROLE")

    migrations.upgrade(as_prod(own))

    database = engine(as_prod(own), application_name="tests")
    with dispatch(database) as db:
        assert db.execute(text("SELECT current_user")).scalar_one() == "pms_sync_dispatch"
    database.dispose()


def test_the_doctor_names_the_grant_that_is_missing(
    own: embedded.Servers, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(as_prod(own))
    as_admin(own, "REVOKE pms_sync_dispatch FROM prod GRANTED BY prod")
    monkeypatch.setenv("DATABASE_URL", as_prod(own))
    monkeypatch.setenv("REDIS_URL", own.redis_url)

    told = shell("doctor", "--json").out

    assert "GRANT pms_sync_app, pms_sync_dispatch, pms_sync_archive TO prod" in told
