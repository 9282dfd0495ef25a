"""Migrating a database that is worked with: nobody is kept out, what broke off is built again."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

import migrations
from infra.database import engine, transaction
from migrations.alone import NUMBER, alone
from migrations.drift import differences
from migrations.stopping import MigrationStopped
from tests.migrations.comparing import comparing
from tests.storage.rig import rig_on

pytestmark = pytest.mark.integration

BEFORE, WITH_IT, INDEX = "0013", "0014", "ix_pms_sync_log_running"
RUN = """
INSERT INTO pms_sync_log (account_id, pms_connection_id, job_id, sync_type, day_from, day_to,
                          trace_id)
SELECT 'default', id, %s, 'full', '2026-06-02', '2026-06-02', 'trace' FROM pms_connections
"""
WAITS = text(
    """
    SELECT count(*) FROM pg_stat_progress_create_index
    WHERE command = 'CREATE INDEX CONCURRENTLY' AND phase LIKE 'waiting%'
    """
)


CANCEL = text("SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index")
ASLEEP = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


VALUES = {
    "uuid": "gen_random_uuid()",
    "date": "current_date",
    "boolean": "false",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
    "timestamp with time zone": "now()",
}
"""Something of each type that is neither a word nor a number."""

NEEDED = text(
    """
    SELECT table_name, array_agg(column_name::text), array_agg(data_type::text)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_nullable = 'NO'
      AND table_name NOT IN ('alembic_version', 'accounts')
      AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
    GROUP BY table_name
    """
)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Engine]:
    made = engine(empty_database_url, application_name="tests")
    yield made
    made.dispose()


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def worked_with(url: str) -> None:
    """An older database with a practice and a run of it."""
    migrations.upgrade(url)
    with rig_on(url) as rig:
        rig.connect("site")
    migrations.downgrade(url, BEFORE)
    with psycopg.connect(plain(url)) as db:
        db.execute(RUN, [1])


def is_valid(database: Engine, name: str) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    with transaction(database) as db:
        return bool(db.execute(query, {"name": name}).scalar_one_or_none())


def turn_invalid(url: str) -> None:
    """As a build that was cut off leaves it."""
    with psycopg.connect(plain(url)) as db:
        db.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [INDEX]
        )


@contextmanager
def migrating(url: str) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=migrations.upgrade, args=(url, WITH_IT))
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def until_it_waits(database: Engine, thread: threading.Thread) -> None:
    """Returns when the build has begun and waits for who wrote before."""
    while True:
        assert thread.is_alive()
        with transaction(database) as db:
            if db.execute(WAITS).scalar_one():
                return


def test_an_index_is_built_while_others_write(empty_database_url: str, database: Engine) -> None:
    worked_with(empty_database_url)

    with psycopg.connect(plain(empty_database_url)) as slow:
        slow.execute(RUN, [2])
        with migrating(empty_database_url) as thread:
            until_it_waits(database, thread)
            with psycopg.connect(plain(empty_database_url)) as other:
                other.execute("SET lock_timeout = '1s'")
                other.execute(RUN, [3])
            slow.commit()

    assert is_valid(database, INDEX)
    with transaction(database) as db:
        assert db.execute(text("SELECT count(*) FROM pms_sync_log")).scalar_one() == 3


def test_after_it_the_schema_is_what_the_code_thinks(
    empty_database_url: str, database: Engine
) -> None:
    worked_with(empty_database_url)

    built = migrations.upgrade(empty_database_url)

    assert INDEX in built
    with comparing(database) as db:
        assert differences(db) == []


def test_the_first_schema_comes_to_the_newest_at_once_with_rows_in_every_table(
    empty_database_url: str, database: Engine
) -> None:
    """An index was taken away that had not been made: it was one of those to be built after."""
    migrations.upgrade(empty_database_url, "0001")
    with transaction(database) as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        for table, columns, types in db.execute(NEEDED).all():
            row = ", ".join(VALUES.get(one, "'1'") for one in types)
            db.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({row})"))  # noqa: S608

    built = migrations.upgrade(empty_database_url)

    assert len(built) > 10
    with comparing(database) as db:
        assert differences(db) == []


def test_a_build_that_broke_off_is_found_and_done_again(
    empty_database_url: str, database: Engine
) -> None:
    migrations.upgrade(empty_database_url)
    turn_invalid(empty_database_url)
    with comparing(database) as db:
        (told,) = [str(one) for one in differences(db)]

    assert told == f"index {INDEX} is unfinished"
    assert migrations.upgrade(empty_database_url) == [INDEX]
    assert is_valid(database, INDEX)
    assert migrations.upgrade(empty_database_url) == []


def test_a_new_database_has_nothing_to_build_afterwards(empty_database_url: str) -> None:
    assert migrations.upgrade(empty_database_url) == []


def test_a_table_in_use_is_tried_again_until_it_is_free(
    empty_database_url: str, database: Engine
) -> None:
    migrations.upgrade(empty_database_url, BEFORE)
    with psycopg.connect(plain(empty_database_url)) as slow:
        slow.execute("LOCK TABLE pms_rejects IN ACCESS EXCLUSIVE MODE")

        migrations.upgrade(empty_database_url, pause=lambda _: slow.rollback())

    with transaction(database) as db:
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == (
            migrations.newest()
        )


def test_one_that_stays_in_use_is_told_with_what_to_do(
    empty_database_url: str,
) -> None:
    migrations.upgrade(empty_database_url, BEFORE)
    pauses: list[float] = []
    with psycopg.connect(plain(empty_database_url)) as slow:
        slow.execute("LOCK TABLE pms_rejects IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(MigrationStopped, match="stays in use: end what holds it"):
            migrations.upgrade(empty_database_url, pause=pauses.append, tries=2)

    assert len(pauses) == 1


def test_who_migrates_second_waits_for_the_first(empty_database_url: str) -> None:
    with psycopg.connect(plain(empty_database_url), autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [NUMBER])

        def ended(_seconds: float) -> None:
            first.execute("SELECT pg_advisory_unlock(%s)", [NUMBER])

        migrations.upgrade(empty_database_url, pause=ended)

        assert migrations.upgrade(empty_database_url) == []


def test_an_index_that_cannot_be_built_is_told_apart_from_tables_that_are_not_migrated(
    empty_database_url: str, database: Engine
) -> None:
    worked_with(empty_database_url)
    told: list[str] = []

    def migrate() -> None:
        with pytest.raises(MigrationStopped) as stopped:
            migrations.upgrade(empty_database_url, WITH_IT)
        told.append(str(stopped.value))

    with psycopg.connect(plain(empty_database_url)) as slow:
        slow.execute(RUN, [2])
        thread = threading.Thread(target=migrate)
        thread.start()
        until_it_waits(database, thread)
        with transaction(database) as db:
            db.execute(CANCEL)
        thread.join(60)

    assert told[0].endswith("its processes may start: an index is missing.")
    with transaction(database) as db:
        held = db.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert held == WITH_IT


def test_one_that_was_killed_keeps_the_next_out_for_seconds_and_not_to_the_end_of_its_statement(
    empty_database_url: str, database: Engine
) -> None:
    migrations.upgrade(empty_database_url)

    with alone(empty_database_url) as db:
        line = db.connection.dbapi_connection
        assert line is not None
        dies = threading.Thread(target=once_it_sleeps, args=(database, line.fileno()))
        dies.start()
        with pytest.raises(DBAPIError):
            db.execute(text("SELECT pg_sleep(300)"))
        dies.join(60)

    assert migrations.upgrade(empty_database_url) == []


def once_it_sleeps(database: Engine, line: int) -> None:
    """Its end of the line is closed, as that of a process that was killed is."""
    while True:
        with transaction(database) as db:
            if db.execute(ASLEEP).scalar_one():
                break
    with socket.socket(fileno=os.dup(line)) as ours:
        ours.shutdown(socket.SHUT_RDWR)
