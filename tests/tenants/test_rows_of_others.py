"""Tables: as the app's role an account sees, changes and adds rows of its own, and no others."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, Table, func, insert, select, text

from adapters.storage.people.accounts import Account, add
from adapters.storage.tables import metadata
from infra.database import BadStatement, dispatch, engine, transaction
from tests.tenants.rows import fill, owned

pytestmark = pytest.mark.integration

OWN, OTHER = "stranger", "default"


@pytest.fixture(scope="module")
def filled(module_database_url: str) -> Iterator[Engine]:
    made = engine(module_database_url, application_name="tests")
    with dispatch(made) as db:
        add(db, Account(id=OWN, name="A stranger"))
    for account_id in (OTHER, OWN):
        with transaction(made) as db:
            fill(db, account_id)
    yield made
    made.dispose()


@pytest.mark.parametrize("table", owned(), ids=lambda table: table.name)
def test_no_row_of_another_account_is_seen(filled: Engine, table: Table) -> None:
    others = select(func.count()).select_from(table).where(table.c.account_id == OTHER)
    with transaction(filled) as db:
        there_are = db.execute(others).scalar_one()

    with transaction(filled, account_id=OWN) as db:
        seen = _counted(db, others)

    assert there_are >= 1
    assert seen in {0, None}


@pytest.mark.parametrize("table", owned(), ids=lambda table: table.name)
def test_no_row_of_another_account_is_changed_or_removed(filled: Engine, table: Table) -> None:
    for statement in (
        f"UPDATE {table.name} SET account_id = :own WHERE account_id = :other",  # noqa: S608
        f"DELETE FROM {table.name} WHERE account_id = :other",  # noqa: S608
    ):
        try:
            with transaction(filled, account_id=OWN) as db:
                touched = db.execute(text(statement), {"own": OWN, "other": OTHER}).rowcount
        except BadStatement:
            touched = 0
        assert touched == 0


@pytest.mark.parametrize("table", owned(), ids=lambda table: table.name)
def test_no_row_is_put_into_another_account(filled: Engine, table: Table) -> None:
    with transaction(filled) as db:
        row = dict(
            db.execute(select(table).where(table.c.account_id == OTHER).limit(1)).mappings().one()
        )
    stored = {
        name: value
        for name, value in row.items()
        if table.c[name].computed is None and table.c[name].identity is None
    }

    # Refused for whose it is, before it is looked at whether there is such a row.
    with pytest.raises(BadStatement, match="42501"), transaction(filled, account_id=OWN) as db:
        db.execute(insert(table), stored)


@pytest.mark.parametrize("account_id", ["", "nobody"])
def test_without_an_account_nothing_is_seen(filled: Engine, account_id: str) -> None:
    seen = {}
    for table in owned():
        with transaction(filled, account_id=account_id) as db:
            seen[table.name] = _counted(db, select(func.count()).select_from(table))

    assert {name for name, count in seen.items() if count} == set()


def test_every_view_asks_for_whoever_looks(filled: Engine) -> None:
    query = text(
        """
        SELECT relname FROM pg_class
        WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
          AND NOT COALESCE(reloptions @> ARRAY['security_invoker=true'], false)
        """
    )
    with transaction(filled) as db:
        assert db.execute(query).scalars().all() == []


def test_tables_without_an_account_hold_nothing_the_app_may_read_of_people(
    filled: Engine,
) -> None:
    query = text(
        "SELECT table_name FROM information_schema.role_table_grants "
        "WHERE grantee = 'pms_sync_app' AND privilege_type = 'SELECT'"
    )
    with transaction(filled) as db:
        readable = set(db.execute(query).scalars())
    owned_names = {table.name for table in owned()}
    shared = {table.name for table in metadata.sorted_tables} & readable - owned_names

    assert shared == {"accounts", "vendor_requests"}


def _counted(db: Db, query: object) -> int | None:
    """None where the role may not even look."""
    try:
        with db.begin_nested():
            found: int = db.execute(query).scalar_one()  # type: ignore[call-overload]
    except BadStatement:
        return None
    return found
