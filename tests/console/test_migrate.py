"""`pms-sync migrate` where the database will not have it: a sentence that says what to do."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

import migrations
from infra import embedded
from migrations.stopping import MigrationStopped, sentence
from tests.console.conftest import Shell

pytestmark = pytest.mark.integration

WAITS = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"


@pytest.fixture
def database(empty_database_url: str, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> str:
    """The address of an empty database that the command is given."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    return plain(empty_database_url)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[embedded.Servers]:
    """A cluster of this test alone: roles belong to all databases of one."""
    with embedded.start(tmp_path / "servers", durable=False) as running:
        yield running


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_role_without_the_right_is_told_which_role_to_take(
    own: embedded.Servers, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(plain(own.database_url), autocommit=True) as db:
        db.execute("CREATE ROLE guest LOGIN")
    guest = make_url(own.database_url).set(username="guest")
    monkeypatch.setenv("DATABASE_URL", guest.render_as_string(hide_password=False))

    told = shell.complaint("migrate")

    assert "may not change the schema: run 'pms-sync migrate' as the role that owns" in told


def test_a_standby_is_told_apart(database: str, shell: Shell) -> None:
    name = make_url(database).database
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())

    assert "The database is read only: give DATABASE_URL the primary" in shell.complaint("migrate")


def test_a_connection_lost_midway_is_told_and_nothing_is_half_done(
    database: str, shell: Shell
) -> None:
    migrations.upgrade(database, "0013")
    heard: list[str] = []
    with psycopg.connect(database, autocommit=True) as slow:
        with slow.transaction():
            slow.execute("LOCK TABLE pms_rejects IN ACCESS EXCLUSIVE MODE")
            thread = threading.Thread(target=lambda: heard.append(shell.complaint("migrate")))
            thread.start()
            end_who_waits(database)
            thread.join(60)
        held = slow.execute("SELECT version_num FROM alembic_version").fetchone()

    assert "was lost or cannot be made: see that PostgreSQL runs" in heard[0]
    assert held == ("0013",)


def end_who_waits(database: str) -> None:
    """As soon as the migration waits for its table, its connection is cut."""
    with psycopg.connect(database, autocommit=True) as db:
        while not (found := db.execute(WAITS, [make_url(database).database]).fetchall()):
            pass
        db.execute("SELECT pg_terminate_backend(%s)", found[0])


def test_what_the_address_asks_of_the_server_holds_while_migrating(
    empty_database_url: str,
) -> None:
    asked = make_url(empty_database_url).update_query_dict({"options": "-c statement_timeout=1"})

    with pytest.raises(MigrationStopped, match="statement_timeout"):
        migrations.upgrade(asked.render_as_string(hide_password=False))


def test_a_table_of_somebody_elses_is_in_the_way(database: str, shell: Shell) -> None:
    with psycopg.connect(database) as db:
        db.execute("CREATE TABLE accounts (id text)")

    assert "of the same name that no migration made" in shell.complaint("migrate")


def test_what_is_built_beside_the_work_is_named(database: str, shell: Shell) -> None:
    migrations.upgrade(database)
    with psycopg.connect(database) as db:
        db.execute("DROP INDEX ix_pms_sync_log_running")

    assert shell("doctor", "--json").out.count("run 'pms-sync migrate'") == 1
    assert shell.answer("migrate")["indexes"] == ["ix_pms_sync_log_running"]
    assert shell("migrate").out == "The database was up to date.\n"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("55P03", "stays in use"),
        ("53100", "The disk of the database is full: make room there"),
        ("53300", "no connection left"),
        ("53200", "run out of memory"),
        ("57014", "statement_timeout"),
        ("57P01", "was lost"),
        ("08006", "was lost"),
        ("", "was lost"),
        ("28P01", "does not let the role of DATABASE_URL in"),
        ("42601", "(42601): see PostgreSQL's log"),
    ],
)
def test_each_state_of_the_database_has_its_sentence(state: str, told: str) -> None:
    assert told in sentence(state)
    assert sentence(state).count(". ") == 0
