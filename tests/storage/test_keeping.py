"""A database that answers and keeps nothing is told, whatever the reason."""

from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, make_url, text

from adapters.storage.keeping import NEEDS_ROOM, refusal
from infra.database import engine, transaction

pytestmark = pytest.mark.integration

# What it takes to fill a file finds no room, as on a disk that is full.
NO_ROOM = """
CREATE FUNCTION public.repeat(text, int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$
"""


def with_options(url: str, setting: str) -> str:
    """The same database, for sessions that begin with that setting."""
    sign = "&" if make_url(url).query else "?"
    return f"{url}{sign}options={quote(f'-c {setting}')}"


def refused(url: str) -> str | None:
    made = engine(url, application_name="tests")
    with transaction(made) as db:
        found = refusal(db)
    made.dispose()
    return found


def prepared(url: str, statement: str) -> None:
    made = create_engine(url)
    with made.begin() as db:
        db.execute(text(statement))
    made.dispose()


def test_one_that_is_well_keeps_what_it_is_given(empty_database_url: str) -> None:
    assert refused(empty_database_url) is None


def test_one_that_is_read_only_is_told_with_what_to_do(empty_database_url: str) -> None:
    told = refused(with_options(empty_database_url, "default_transaction_read_only=on"))

    assert told is not None
    assert told.startswith("it is read only")
    assert "default_transaction_read_only" in told


def test_one_whose_disk_is_full_is_told_although_it_can_be_read(empty_database_url: str) -> None:
    prepared(empty_database_url, NO_ROOM)

    told = refused(with_options(empty_database_url, "search_path=public,pg_catalog"))

    assert told == "its disk is full; make room on it"


def test_what_asks_for_room_takes_it_on_the_disk(empty_database_url: str) -> None:
    made = engine(empty_database_url, application_name="tests")
    with transaction(made) as db:
        refusal(db)
        plan = db.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {NEEDS_ROOM}"))
        written = plan.scalar_one()[0]["Plan"]["Temp Written Blocks"]
    made.dispose()

    assert written > 900
