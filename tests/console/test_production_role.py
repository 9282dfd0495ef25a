"""The login role that docs/setup.md tells to make, no superuser, can do all of the work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

import migrations
from adapters.storage.sheet.sheet_changes import here
from infra import embedded
from infra.clock import system_clock
from infra.database import ARCHIVE_ROLE, dispatch, engine, transaction
from migrations.drift import differences
from migrations.stopping import MigrationStopped
from tests.console.conftest import Shell
from tests.deployment.test_kubernetes import SCALED, SCALER

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


def test_a_second_login_of_one_server_is_told_of_its_roles_and_migrates_once_it_has_them(
    own: embedded.Servers,
) -> None:
    """As docs/setup.md has it: neither gets into the other's database."""
    migrations.upgrade(as_prod(own))
    as_admin(own, "CREATE ROLE staging LOGIN PASSWORD 'x' CREATEROLE")
    as_admin(own, "CREATE DATABASE staging OWNER staging")
    there = make_url(as_prod(own)).set(username="staging", database="staging")
    url = there.render_as_string(hide_password=False)

    with pytest.raises(MigrationStopped, match="another database of this server"):
        migrations.upgrade(url)
    as_admin(own, "REVOKE CONNECT ON DATABASE prod, staging FROM PUBLIC")
    as_admin(own, "GRANT pms_sync_app, pms_sync_dispatch, pms_sync_archive TO staging")
    migrations.upgrade(url)

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(plain(there.set(database="prod").render_as_string(hide_password=False)))


def test_the_doctor_names_the_grant_that_is_missing(
    own: embedded.Servers, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(as_prod(own))
    as_admin(own, "REVOKE pms_sync_dispatch FROM prod GRANTED BY prod")
    monkeypatch.setenv("DATABASE_URL", as_prod(own))
    monkeypatch.setenv("REDIS_URL", own.redis_url)

    told = shell("doctor", "--json").out

    assert "GRANT pms_sync_app, pms_sync_dispatch, pms_sync_archive TO prod" in told


def test_the_scaler_reads_its_queries_as_the_guide_makes_it_and_nothing_else(
    own: embedded.Servers,
) -> None:
    """Not as a part of the dispatching role, which could sign anybody in."""
    migrations.upgrade(as_prod(own))
    with psycopg.connect(plain(as_prod(own)), autocommit=True) as db:
        for statement in SCALER:
            db.execute(statement.encode())
        db.execute(
            "INSERT INTO workers (id, pool, queues, threads) VALUES ('w', 'sync', '{sync}', 8)"
        )
        db.execute("SET ROLE pms_sync_dispatch")
        db.execute(
            "INSERT INTO jobs (kind, queue, due_at, trace_id)"
            " VALUES ('sync', 'sync', now() - interval '30 s', 't')"
        )

    scaler = make_url(as_prod(own)).set(username="pms_sync_scaler")
    with psycopg.connect(
        plain(scaler.render_as_string(hide_password=False)), autocommit=True
    ) as db:
        asked = {
            name.partition("worker-")[2]: db.execute(
                pool["triggers"][0]["metadata"]["query"].encode()
            ).fetchone()
            for name, pool in SCALED.items()
        }
        assert asked == {"voice": (0,), "sync": (0.125,), "default": (0,)}
        assert seen(db) == {"workers", "scaling_jobs"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("DELETE FROM workers")
    database = engine(as_prod(own), application_name="tests")
    with database.connect() as ours:
        # The doctor has nothing to say of it.
        assert differences(ours) == []
    database.dispose()


def seen(db: "psycopg.Connection[Any]") -> set[str]:
    """Every table and view of which this role may read any column, or write anything."""
    rows = db.execute(
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND (has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE')
               OR has_table_privilege(oid, 'DELETE, TRUNCATE'))
        """
    )
    return {name for (name,) in rows.fetchall()}


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_server_that_hides_what_it_is_does_not_trouble_the_doctor(
    own: embedded.Servers, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(as_prod(own))
    url = make_url(own.database_url).set(drivername="postgresql", database="prod")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as db:
        for name in ("pg_control_system()", "pg_control_checkpoint()"):
            db.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC".encode())
    monkeypatch.setenv("DATABASE_URL", as_prod(own))
    monkeypatch.setenv("REDIS_URL", own.redis_url)

    found = shell("doctor", "--json").json["checks"]

    told = {one["what"]: one["verdict"] for one in found}
    assert {told[what] for what in ("database", "schema", "isolation")} == {"ok"}
    database = engine(as_prod(own), application_name="tests")
    with transaction(database, account_id="default") as db:
        assert here(db, "default", at=system_clock()).life
    database.dispose()
