"""The schema goes up and down, is what the code thinks it is, and answers the operators."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Inspector, inspect, text

import migrations
from adapters.storage.audit.audit import Access, record
from adapters.storage.tables import metadata
from domain.errors import BadInput
from infra.database import APP_ROLE, DISPATCH_ROLE, engine, transaction
from migrations.drift import differences, found_guards
from migrations.guards import SQL, guards
from tests.migrations.comparing import comparing
from tests.storage.rig import ACCOUNT, Rig, rig_on

pytestmark = pytest.mark.integration

STATUS = """
SELECT provider, provider_name, status, last_sync_at, last_error FROM pms_integrations
"""
LAST_CALLS = """
SELECT created_at, action, endpoint, method, user_id, response_status, response_time, success
FROM pms_audit_logs ORDER BY created_at DESC LIMIT 20
"""
BY_ACTION = """
SELECT action, count(*) AS calls, avg(response_time) AS average FROM pms_audit_logs
WHERE created_at > now() - interval '24 hours' GROUP BY action ORDER BY calls DESC
"""


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    made = engine(empty_database_url, application_name="tests")
    yield made
    made.dispose()


@pytest.fixture
def rig(database_url: str) -> Iterator[Rig]:
    with rig_on(database_url) as made:
        yield made


def everything(db: Engine) -> set[str]:
    """Tables, views, indexes, policies, triggers, functions and each grant, to the column."""
    query = """
        SELECT 'relation ' || relkind::text || ' ' || relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'
        UNION ALL SELECT 'policy ' || tablename || ' ' || policyname FROM pg_policies
        UNION ALL SELECT 'function ' || proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT format('grant %s on %s to %s', privilege_type, table_name, grantee)
        FROM information_schema.role_table_grants
        WHERE grantee LIKE 'pms_sync_%' AND table_schema = 'public'
        UNION ALL
        SELECT format('grant %s (%s) on %s to %s', privilege_type, column_name, table_name, grantee)
        FROM information_schema.column_privileges
        WHERE grantee LIKE 'pms_sync_%' AND table_schema = 'public'
    """
    with transaction(db) as connection:
        return set(connection.execute(text(query)).scalars())


def test_up_down_and_up_again_leaves_the_same_schema(
    empty: Engine, empty_database_url: str
) -> None:
    bare = everything(empty)
    migrations.upgrade(empty_database_url)
    first = everything(empty)

    migrations.downgrade(empty_database_url)
    assert everything(empty) == bare
    migrations.upgrade(empty_database_url)

    assert everything(empty) == first
    assert len(first) > 100


def test_a_server_too_old_for_the_schema_is_refused_before_anything_is_made(
    empty_database_url: str, empty: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "OLDEST_SERVER", (99,))

    with pytest.raises(BadInput, match="give DATABASE_URL a server of 99 or newer"):
        migrations.upgrade(empty_database_url)

    assert inspect(empty).get_table_names() == []


def test_no_column_is_computed_when_it_is_read_which_only_the_newest_servers_can() -> None:
    said = [
        part
        for one in SQL.glob("*.sql")
        for part in one.read_text().split("GENERATED ALWAYS AS (")[1:]
    ]

    assert said
    assert all(") STORED" in part.partition("\n")[0] for part in said)


def test_each_step_down_can_be_taken_up_again(empty_database_url: str, empty: Engine) -> None:
    at: dict[str, set[str]] = {}
    for revision in migrations.revisions():
        migrations.upgrade(empty_database_url, revision)
        at[revision] = everything(empty)

    # From the same schema as on the way up, every later step is the one that was tried there.
    for before, revision in pairwise(reversed(at)):
        migrations.downgrade(empty_database_url, revision)
        assert everything(empty) == at[revision]
        migrations.upgrade(empty_database_url, before)
        assert everything(empty) == at[before]
        migrations.downgrade(empty_database_url, revision)


# Alembic cannot compare the expressions of computed columns, and says so of each.
@pytest.mark.filterwarnings("ignore:Computed default")
def test_the_tables_in_the_code_are_the_tables_in_the_database(rig: Rig) -> None:
    with comparing(rig.engine) as db:
        context = MigrationContext.configure(
            db, opts={"compare_type": True, "compare_server_default": True}
        )
        drift = compare_metadata(context, metadata)

    assert drift == []


def test_what_guards_the_rows_is_what_the_sql_of_the_migrations_says(rig: Rig) -> None:
    with comparing(rig.engine) as db:
        found = found_guards(db)
        drifted = differences(db)

    assert found == guards()
    assert len(found) > 50
    assert drifted == []


def test_the_database_is_at_the_newest_revision(rig: Rig) -> None:
    with rig.engine.connect() as db:
        at = MigrationContext.configure(db).get_current_revision()

    assert at == migrations.newest()


def test_the_roles_cannot_log_in_or_pass_row_security(rig: Rig) -> None:
    query = text("SELECT * FROM pg_roles WHERE rolname LIKE 'pms_sync_%' AND rolname <> :owner")
    with transaction(rig.engine) as db:
        owner = db.execute(text("SELECT current_user")).scalar_one()
        roles = {row.rolname: row for row in db.execute(query, {"owner": owner})}

    assert {APP_ROLE, DISPATCH_ROLE} <= set(roles)
    for name in (APP_ROLE, DISPATCH_ROLE):
        role = roles[name]
        assert not (role.rolcanlogin or role.rolbypassrls or role.rolsuper or role.rolcreaterole)


def test_every_table_of_an_account_has_forced_row_security(rig: Rig) -> None:
    query = """
        SELECT relname, relrowsecurity AND relforcerowsecurity AS forced FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    """
    with transaction(rig.engine) as db:
        forced = {row.relname: row.forced for row in db.execute(text(query))}
    owned = {table.name for table in metadata.tables.values() if "account_id" in table.columns}

    assert {name for name in {"accounts", *owned} if not forced[name]} == set()


def test_who_may_sign_in_is_looked_up_by_dispatch_only(rig: Rig) -> None:
    query = text(
        """
        SELECT grantee FROM information_schema.role_table_grants
        WHERE grantee LIKE 'pms_sync_%' AND table_name IN ('sessions', 'login_links')
        """
    )
    with transaction(rig.engine) as db:
        roles = set(db.execute(query).scalars())

    assert roles == {DISPATCH_ROLE}


def indexed_columns(inspector: Inspector, table: str) -> Iterator[list[str]]:
    for index in inspector.get_indexes(table):
        yield [name or "" for name in index["column_names"]]
    for unique in inspector.get_unique_constraints(table):
        yield unique["column_names"]
    yield inspector.get_pk_constraint(table)["constrained_columns"]


def test_foreign_keys_have_an_index_or_are_few(rig: Rig) -> None:
    inspector = inspect(rig.engine)
    keys = {
        (table, tuple(key["constrained_columns"]))
        for table in inspector.get_table_names()
        for key in inspector.get_foreign_keys(table)
        if key["referred_table"] != "accounts"
    }
    led = {
        (table, tuple(indexed[: len(columns)]))
        for table, columns in keys
        for indexed in indexed_columns(inspector, table)
    }

    # Nothing is looked up, and nothing is ever deleted, through these.
    assert keys - led == {
        ("login_links", ("user_id",)),
        ("run_sheet_appointments", ("run_sheet_clinician_id",)),
        ("run_sheet_appointments", ("run_sheet_id",)),
        ("run_sheet_clinicians", ("pms_connection_id",)),
        ("run_sheet_events", ("connection_id",)),
        ("sessions", ("user_id",)),
    }


def test_the_operators_three_queries_answer(rig: Rig) -> None:
    rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        for milliseconds in range(25):
            access = Access(user="reception", elapsed_ms=partial(int, milliseconds))
            record(db, access, account_id=ACCOUNT, action="run_sheet.read")

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        (status,) = db.execute(text(STATUS)).mappings()
        calls = db.execute(text(LAST_CALLS)).all()
        (action,) = db.execute(text(BY_ACTION)).mappings()

    assert (status["provider"], status["provider_name"]) == ("GENTU", "site")
    assert status["status"] == "ACTIVE"
    assert len(calls) == 20
    assert (action["action"], action["calls"], float(action["average"])) == (
        "run_sheet.read",
        25,
        12.0,
    )


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("state = 'NEEDS_SIGN_IN'", "ERROR"),
        ("removed_at = now()", "INACTIVE"),
        ("state = 'SETUP_REQUIRED'", "SETUP_REQUIRED"),
    ],
)
def test_the_view_speaks_the_older_words(rig: Rig, change: str, status: str) -> None:
    rig.connect("site")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(text(f"UPDATE pms_connections SET {change}"))  # noqa: S608 - the test's own
        shown = db.execute(text("SELECT status FROM pms_integrations")).scalar_one()

    assert shown == status


def test_the_view_shows_an_account_its_own_integrations_only(rig: Rig) -> None:
    rig.connect("site")
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")

    with transaction(rig.engine, account_id="other") as db:
        assert db.execute(text(STATUS)).all() == []
