"""Transactions belong to an account, errors quote no row, and notices are heard."""

import os
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import monotonic
from types import ModuleType
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, make_url, text

from domain.errors import SyncError
from infra import clock, database, timekeeping
from infra.database import (
    FRESH_SECONDS,
    BadStatement,
    BrokenData,
    DatabaseAway,
    DatabaseDown,
    DatabaseFull,
    Direct,
    dispatch,
    engine,
    plain_errors,
    transaction,
)
from infra.notices import MAY_HAVE_MISSED, Listener
from infra.timekeeping import OFTEN_SECONDS
from infra.together import Together
from tests.cutting import SOCKET
from tests.silence import port_to

pytestmark = pytest.mark.integration

PATIENT = "Ada Example"
PREPARED_AFTER = 5
"""Times a statement is said before the driver has the server keep its plan."""
ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pms_sync_app') THEN
    CREATE ROLE pms_sync_app NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pms_sync_dispatch') THEN
    CREATE ROLE pms_sync_dispatch NOLOGIN;
  END IF;
END $$
"""


@pytest.fixture
def db(empty_database_url: str) -> Iterator[Engine]:
    made = engine(empty_database_url, application_name="tests", pool_size=2)
    with made.begin() as connection:
        connection.execute(text(ROLES))
        connection.execute(
            text(
                "CREATE TABLE people (id int CONSTRAINT people_pk PRIMARY KEY,"
                " name text CONSTRAINT name_is_given CHECK (name <> ''))"
            )
        )
    yield made
    made.dispose()


def everything_said(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def one(engine: Engine, statement: str) -> str:
    with transaction(engine) as connection:
        return str(connection.execute(text(statement)).scalar_one())


def test_sessions_are_utc_named_and_never_idle_in_a_transaction_for_long(db: Engine) -> None:
    assert one(db, "SHOW timezone") == "UTC"
    assert one(db, "SHOW application_name") == "tests"
    assert one(db, "SHOW idle_in_transaction_session_timeout") == "5s"


def test_a_statement_may_be_given_a_time_limit(empty_database_url: str) -> None:
    hurried = engine(empty_database_url, application_name="tests", statement_timeout_ms=50)

    with pytest.raises(DatabaseAway) as caught, transaction(hurried) as connection:
        connection.execute(text("SELECT pg_sleep(5)"))

    assert caught.value.action == "retry"
    hurried.dispose()


def test_a_transaction_of_an_account_runs_as_the_app_and_only_until_its_end(db: Engine) -> None:
    scope = text("SELECT current_user::text, current_setting('app.account', true)")

    with transaction(db, account_id="acct-1") as connection:
        assert tuple(connection.execute(scope).one()) == ("pms_sync_app", "acct-1")
    with transaction(db) as connection:
        user, account = connection.execute(scope).one()

    assert user != "pms_sync_app"
    assert not account


def test_dispatch_runs_under_its_own_role(db: Engine) -> None:
    with dispatch(db) as connection:
        assert connection.execute(text("SELECT current_user::text")).scalar_one() == (
            "pms_sync_dispatch"
        )


def test_an_account_id_cannot_break_out_of_its_quotes(db: Engine) -> None:
    hostile = "x', true); SET ROLE postgres; --"

    with transaction(db, account_id=hostile) as connection:
        found = connection.execute(text("SELECT current_setting('app.account')")).scalar_one()

    assert found == hostile


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("INSERT INTO people VALUES (1, 'Ada Example')", "people_pk"),
        ("INSERT INTO people VALUES (2, '')", "name_is_given"),
        ("INSERT INTO people SELECT id, 'Ada Example' FROM people", "people_pk"),
    ],
)
def test_a_refused_row_names_its_constraint_and_nothing_else(
    db: Engine, statement: str, constraint: str
) -> None:
    with transaction(db) as connection:
        connection.execute(text("INSERT INTO people VALUES (1, 'Ada Example')"))

    with pytest.raises(BrokenData) as caught, transaction(db) as connection:
        connection.execute(text(statement))

    assert caught.value.constraint == constraint
    assert "Failing row" not in everything_said(caught.value)
    assert "already exists" not in everything_said(caught.value)


def test_a_value_the_database_cannot_read_is_not_quoted(db: Engine) -> None:
    with pytest.raises(BrokenData) as caught, transaction(db) as connection:
        connection.execute(text("SELECT CAST(:value AS int)"), {"value": PATIENT})

    assert PATIENT not in everything_said(caught.value)


def test_nobody_can_forget_the_plain_errors(db: Engine) -> None:
    with pytest.raises(BrokenData) as caught, db.begin() as connection:
        connection.execute(text("INSERT INTO people VALUES (1, :name)"), {"name": ""})

    assert "Failing row" not in everything_said(caught.value)
    assert "INSERT" not in everything_said(caught.value).replace(
        'text("INSERT INTO people VALUES (1, :name)")', ""
    )


def test_errors_below_sqlalchemy_are_plain_too(db: Engine) -> None:
    with pytest.raises(BrokenData) as caught, transaction(db) as connection:
        connection.connection.cursor().execute("INSERT INTO people VALUES (1, '')")

    assert caught.value.constraint == "name_is_given"
    assert "Failing row" not in everything_said(caught.value)
    assert "Failing row" not in str(caught.value.__context__)


def test_a_row_refused_of_a_direct_statement_names_its_constraint_and_nothing_else(
    db: Engine,
) -> None:
    insert = Direct("INSERT INTO people VALUES (:id, :name)")
    with transaction(db) as connection:
        insert.run(connection, {"id": 1, "name": PATIENT})

    with pytest.raises(BrokenData) as caught, transaction(db) as connection:
        insert.run(connection, {"id": 1, "name": PATIENT})

    assert caught.value.constraint == "people_pk"
    assert "already exists" not in everything_said(caught.value)
    assert PATIENT not in everything_said(caught.value)


def test_a_direct_statement_speaks_with_the_driver_as_any_other_does(db: Engine) -> None:
    asked = "SELECT CAST(:one AS int) + :one, '100 %', :word || '\\:x', CAST(:none AS date)"
    values = {"one": 1, "word": "a", "none": None}

    with transaction(db) as connection:
        found = Direct(asked).rows(connection, values)
        same = connection.execute(text(asked), values).all()

    assert found == [(2, "100 %", "a:x", None)]
    assert [tuple(row) for row in same] == found


@pytest.mark.parametrize("value", [object(), "\ud800 Ada", "\0 Ada"])
def test_a_value_that_cannot_be_sent_directly_is_not_quoted(db: Engine, value: object) -> None:
    with pytest.raises(SyncError) as caught, transaction(db) as connection:
        Direct("SELECT CAST(:value AS text)").run(connection, {"value": value})

    assert "Ada" not in everything_said(caught.value)
    assert "object at" not in everything_said(caught.value)


def test_a_connection_lost_under_a_direct_statement_is_worth_another_try(db: Engine) -> None:
    with pytest.raises(DatabaseAway), transaction(db) as connection:
        Direct("SELECT pg_terminate_backend(pg_backend_pid())").run(connection, {})

    assert one(db, "SELECT 1") == "1"


def test_a_bug_in_a_statement_is_not_retried(db: Engine) -> None:
    with pytest.raises(BadStatement, match="42P01") as caught, transaction(db) as connection:
        connection.execute(text("SELECT * FROM nowhere"))

    assert caught.value.action == "stop"


def test_a_value_that_cannot_be_sent_is_not_quoted(db: Engine) -> None:
    with pytest.raises(BadStatement) as caught, transaction(db) as connection:
        connection.execute(text("SELECT :value"), {"value": object()})

    assert "object at" not in everything_said(caught.value)


def test_a_lost_connection_is_worth_another_try_and_the_next_one_works(db: Engine) -> None:
    with pytest.raises(DatabaseAway), transaction(db) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert one(db, "SELECT 1") == "1"


def kill_all(url: str) -> None:
    with psycopg.connect(plain(url), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tests' AND datname = current_database()"
        )


def use_both(db: Engine) -> set[str]:
    """The backends of the two connections that the pool keeps."""
    backend = text("SELECT pg_backend_pid()::text")
    with transaction(db) as first, transaction(db) as second:
        return {str(one.execute(backend).scalar_one()) for one in (first, second)}


def test_connections_that_died_while_they_rested_are_made_anew_unnoticed(
    db: Engine, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = use_both(db)
    kill_all(empty_database_url)
    later = monotonic() + FRESH_SECONDS
    monkeypatch.setattr(database, "monotonic", lambda: later)

    assert use_both(db).isdisjoint(before)


def test_a_machine_whose_clock_is_wrong_goes_by_the_databases(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong_by = timedelta(days=1)
    monkeypatch.setattr(clock, "_heard", clock.Heard())
    monkeypatch.setattr(clock, "machine_clock", lambda: datetime.now(UTC) + wrong_by)
    made = engine(empty_database_url, application_name="tests", pool_size=1)

    assert one(made, "SELECT 1") == "1"
    heard = clock.system_clock() - datetime.now(UTC)
    wrong_by = timedelta(minutes=-5)
    jumped = clock.system_clock() - datetime.now(UTC)

    made.dispose()
    assert max(abs(heard), abs(jumped)) < timedelta(seconds=3)


@pytest.mark.parametrize(
    ("by", "seconds"),
    [(database, FRESH_SECONDS), (timekeeping, OFTEN_SECONDS)],
    ids=["by one that rested", "by one that never rests"],
)
def test_the_time_is_heard_again(
    by: ModuleType, seconds: float, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_heard", clock.Heard())
    made = engine(empty_database_url, application_name="tests", pool_size=1)
    assert one(made, "SELECT 1") == "1"
    clock.heard(datetime.now(UTC) + timedelta(hours=1), took=0)
    later = monotonic() + seconds
    monkeypatch.setattr(by, "monotonic", lambda: later)

    assert one(made, "SELECT 1") == "1"

    made.dispose()
    assert abs(clock.system_clock() - datetime.now(UTC)) < timedelta(seconds=3)


def test_the_time_is_asked_outside_of_every_transaction(db: Engine) -> None:
    with transaction(db) as connection:
        began, now = connection.execute(text("SELECT now(), clock_timestamp()")).one()
        inside = connection.connection.driver_connection
        assert inside is not None
        assert inside.autocommit is False

    assert began <= now


def test_a_connection_used_just_now_is_not_asked_whether_it_lives(
    db: Engine, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_both(db)
    now = monotonic()
    monkeypatch.setattr(database, "monotonic", lambda: now)
    kill_all(empty_database_url)

    with pytest.raises(DatabaseAway):
        one(db, "SELECT 1")


def test_a_connection_that_comes_back_after_its_engine_was_disposed_of_is_closed(
    db: Engine,
) -> None:
    with db.connect() as held:
        driver = held.connection.dbapi_connection
        db.dispose()

    assert driver is not None
    assert driver.closed


def test_an_engine_that_was_disposed_of_works_on_with_new_connections(db: Engine) -> None:
    db.dispose()

    for _ in range(2):
        with db.connect() as one:
            assert one.execute(text("SELECT 1")).scalar_one() == 1


def test_what_is_done_together_is_one_transaction_begun_by_the_first_of_it(db: Engine) -> None:
    begun = []

    @contextmanager
    def begin() -> Iterator[Connection]:
        with transaction(db) as connection:
            begun.append(connection)
            yield connection

    with Together(begin):
        pass
    assert not begun

    def add_twice(all_of_it: Together) -> None:
        for _ in range(2):
            all_of_it.begun().execute(text("INSERT INTO people VALUES (1, 'Ada')"))

    with pytest.raises(BrokenData), Together(begin) as all_of_it:
        add_twice(all_of_it)

    assert len(begun) == 1
    assert one(db, "SELECT count(*) FROM people") == "0"


def test_a_deadlock_or_serialization_failure_is_worth_another_try(db: Engine) -> None:
    with transaction(db) as connection:
        connection.execute(text("INSERT INTO people VALUES (1, 'Ada'), (2, 'Bo')"))
    serial = db.execution_options(isolation_level="SERIALIZABLE")
    count = text("SELECT count(*) FROM people")

    def both_count_and_add() -> None:
        with transaction(serial) as first, transaction(serial) as second:
            first.execute(count)
            second.execute(count)
            second.execute(text("INSERT INTO people VALUES (3, 'Cy')"))
            first.execute(text("INSERT INTO people VALUES (4, 'Di')"))

    with pytest.raises(DatabaseAway, match="40001"):
        both_count_and_add()


def test_a_disk_without_room_is_told_apart_and_worth_another_try(db: Engine) -> None:
    full = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"

    no_room = pytest.raises(DatabaseFull, match="no room left on its disk")
    with no_room as caught, transaction(db) as connection:
        connection.execute(text(full))

    assert caught.value.action == "retry"


def test_a_statement_from_before_a_migration_is_worth_another_try(db: Engine) -> None:
    everyone = "SELECT * FROM people"
    with db.connect() as same:
        for _ in range(PREPARED_AFTER + 1):
            same.execute(text(everyone))
            same.commit()
        with db.begin() as other:
            other.execute(text("ALTER TABLE people ADD COLUMN born date"))

        with pytest.raises(DatabaseAway) as caught:
            same.execute(text(everyone))
        same.rollback()
        found = same.execute(text(everyone)).keys()

    assert caught.value.action == "retry"
    assert "born" in found


def test_a_migration_fails_one_piece_of_work_of_a_process_not_one_for_each_connection(
    db: Engine, empty_database_url: str
) -> None:
    everyone = text("SELECT * FROM people")
    with db.connect() as first, db.connect() as second:
        for one_of_both in (first, second):
            for _ in range(PREPARED_AFTER + 1):
                one_of_both.execute(everyone)
                one_of_both.commit()
    with psycopg.connect(plain(empty_database_url), autocommit=True) as migrating:
        migrating.execute("ALTER TABLE people ADD COLUMN born date")

    with pytest.raises(DatabaseAway), transaction(db) as connection:
        connection.execute(everyone)
    with transaction(db) as third, transaction(db) as fourth:
        found = [connection.execute(everyone).keys() for connection in (third, fourth)]

    assert all("born" in keys for keys in found)


def test_nor_where_they_say_the_same_directly(db: Engine, empty_database_url: str) -> None:
    everyone = Direct("SELECT * FROM people")
    for _ in range(PREPARED_AFTER + 1):
        with transaction(db) as first, transaction(db) as second:
            everyone.run(first, {})
            everyone.run(second, {})
    with psycopg.connect(plain(empty_database_url), autocommit=True) as migrating:
        migrating.execute("ALTER TABLE people ADD COLUMN born date")
        migrating.execute("INSERT INTO people VALUES (1, 'Ada Example')")

    with pytest.raises(DatabaseAway), transaction(db) as connection:
        everyone.run(connection, {})
    with transaction(db) as third, transaction(db) as fourth:
        found = [everyone.rows(connection, {}) for connection in (third, fourth)]

    assert found == [[(1, "Ada Example", None)]] * 2


def test_a_server_that_takes_no_changes_any_more_is_left_for_the_one_that_does(
    db: Engine, empty_database_url: str
) -> None:
    insert = text("INSERT INTO people VALUES (1, 'Ada Example')")
    name = make_url(empty_database_url).database
    db.dispose()
    with psycopg.connect(plain(empty_database_url), autocommit=True) as operator:
        operator.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        assert one(db, "SHOW transaction_read_only") == "on"
        operator.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())

    with pytest.raises(DatabaseAway) as caught, transaction(db) as connection:
        connection.execute(insert)
    with transaction(db) as connection:
        connection.execute(insert)

    assert caught.value.action == "retry"


def test_a_server_that_vanishes_without_a_word_is_given_up_within_half_a_minute(
    db: Engine, empty_database_url: str
) -> None:
    with db.connect() as connection:
        driver: Any = connection.connection.driver_connection
        told = driver.info.get_parameters()
    with Listener(plain(empty_database_url), "bell") as bell:
        held: Any = bell._connection  # noqa: SLF001 - nobody else holds it
        heard = held.info.get_parameters()

    for given in (told, heard):
        silence = int(given["keepalives_idle"])
        silence += int(given["keepalives_interval"]) * int(given["keepalives_count"])
        assert max(silence, int(given["tcp_user_timeout"]) / 1000) <= 30


def test_a_database_that_is_not_there_says_so_without_a_password() -> None:
    away = engine("postgresql://app:s3cr3t@127.0.0.1:1/pms", application_name="tests")

    with pytest.raises(DatabaseDown, match="cannot be reached") as caught, transaction(away):
        pass

    assert "s3cr3t" not in everything_said(caught.value)


def test_an_exhausted_pool_is_worth_another_try(empty_database_url: str) -> None:
    small = engine(empty_database_url, application_name="tests", pool_size=1, pool_seconds=0.05)

    with (
        pytest.raises(DatabaseAway, match="in use"),
        transaction(small),
        transaction(small),
    ):
        pass
    small.dispose()


def test_our_own_errors_pass_through_untouched() -> None:
    with pytest.raises(BrokenData) as caught, plain_errors():
        raise BrokenData("kept", constraint=None, sqlstate="23505")

    assert str(caught.value) == "kept"


def test_a_notice_is_heard_at_once(empty_database_url: str) -> None:
    with Listener(empty_database_url, "jobs") as ear:
        speaker = Thread(target=_notify, args=(empty_database_url, "jobs", "42"))
        speaker.start()

        assert ear.wait(timeout=10) == ["42"]
        speaker.join()
        assert ear.wait(timeout=0.01) == []


def test_a_listener_that_lost_its_connection_says_it_may_have_missed_something(
    empty_database_url: str,
) -> None:
    with Listener(empty_database_url, "jobs") as ear:
        with psycopg.connect(plain(empty_database_url), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'pms-sync listening%'"
                " AND datname = current_database()"
            )

        assert ear.wait(timeout=10) == [MAY_HAVE_MISSED]
        _notify(empty_database_url, "jobs", "43")
        assert ear.wait(timeout=10) == ["43"]


def test_a_listener_without_a_database_says_it_is_away() -> None:
    ear = Listener("postgresql://127.0.0.1:1/pms", "jobs")

    with pytest.raises(DatabaseAway):
        ear.wait(timeout=0.1)


def _notify(url: str, channel: str, payload: str) -> None:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", (channel, payload))


if sys.platform == "linux":  # where the kernel can be told how long to wait

    def test_a_server_that_is_gone_without_a_word_is_given_up_within_half_a_minute(
        database_url: str,
    ) -> None:
        address = make_url(database_url)
        with port_to(f"{address.query['host']}/{SOCKET}") as port:
            there = address.difference_update_query(["host"]).set(host="127.0.0.1", port=port)
            url = there.render_as_string(hide_password=False)
            made = engine(url, application_name="tests")
            with made.connect() as db, Listener(url, "nobody") as listener:
                lines = [db.connection.driver_connection, listener._connection]  # noqa: SLF001
                waits = [patience(line.fileno()) for line in lines if line is not None]
            made.dispose()

        assert len(waits) == 2
        assert all(0 < unheard <= 10 and 0 < idle <= 30 for unheard, idle in waits)

    def patience(line: int) -> tuple[float, int]:
        """Seconds until what was sent and not heard ends a connection, and until silence does."""
        with socket.socket(fileno=os.dup(line)) as tcp:
            idle, apart, times = (
                tcp.getsockopt(socket.IPPROTO_TCP, name)
                for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
            unheard = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        return unheard / 1000, idle + apart * times
