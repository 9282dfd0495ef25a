"""Whoever follows the sheet is told of a restored database, also by a server that hides much."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text

from adapters.storage.sheet.change_cursors import decode, encode
from adapters.storage.sheet.sheet_changes import here
from infra.database import transaction
from tests.producers.conftest import Site
from tests.producers.seeding import seed
from tests.producers.test_changes_api import Copy, ask, edit, sheet

pytestmark = pytest.mark.integration


@pytest.fixture
def hiding(site: Site) -> Site:
    """A server that lets no ordinary role ask what it is."""
    with site.everything() as db:
        for name in ("pg_control_system()", "pg_control_checkpoint()"):
            db.execute(text(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC"))
    return site


@pytest.fixture(params=["hiding", "site"])
def either(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def told_of(site: Site, life: str) -> httpx.Response:
    """What is answered to a cursor of now, but of another database."""
    cursor = ask(site, after="now").json()["next_cursor"]
    return ask(site, after=encode(replace(decode(cursor), life=life)))


def test_a_copy_is_followed_as_ever(hiding: Site) -> None:
    copy = Copy(hiding)
    copy.follow()
    edit(hiding, hiding.ids["Ann Example"], notes="Later")

    assert [one["id"] for one in copy.follow()] == [str(hiding.ids["Ann Example"])]
    assert copy.rows == sheet(hiding)


def test_a_cursor_of_another_database_is_refused(hiding: Site) -> None:
    assert told_of(hiding, "16384.700").status_code == 410
    assert told_of(hiding, "1-1").status_code == 410


def test_a_column_that_was_made_anew_is_of_another_life(hiding: Site) -> None:
    """As a dump makes it that is loaded into the same database."""
    cursor = ask(hiding, after="now").json()["next_cursor"]
    with hiding.everything() as db:
        db.execute(text("ALTER TABLE run_sheet_appointments RENAME COLUMN changed_in TO was"))
        db.execute(text("ALTER TABLE run_sheet_appointments RENAME COLUMN was TO changed_in"))

    assert ask(hiding, after=cursor).status_code == 410


def test_a_server_that_went_back_in_time_is_noticed_by_the_last_row_that_was_told(
    either: Site,
) -> None:
    """As one that failed over without its last changes, or was put back from a snapshot."""
    copy = Copy(either)
    copy.follow()
    told = "SELECT id FROM run_sheet_appointments ORDER BY changed_in DESC, id DESC LIMIT 1"
    edit(either, either.ids["Ann Example"], notes="Lost")
    copy.follow()
    with either.everything() as db:
        assert db.execute(text(told)).scalar_one() == either.ids["Ann Example"]
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(
            text("UPDATE run_sheet_appointments SET changed_in = changed_in - 1 WHERE id = :id"),
            {"id": either.ids["Ann Example"]},
        )
    edit(either, either.ids["Bao Placeholder"], notes="Since")

    answer = ask(either, after=copy.after)

    assert answer.status_code == 410
    assert "without `after`" in answer.json()["detail"]


def test_a_row_that_changes_again_bears_witness_all_the_same(either: Site) -> None:
    copy = Copy(either)
    copy.follow()
    edit(either, either.ids["Ann Example"], notes="Once")
    copy.follow()
    edit(either, either.ids["Ann Example"], notes="Twice")

    assert [one["id"] for one in copy.follow()] == [str(either.ids["Ann Example"])]
    assert copy.follow() == []
    assert copy.rows == sheet(either)


def test_whoever_follows_an_empty_sheet_is_told_its_first_row(
    make_site: Callable[[], Site],
) -> None:
    site = make_site()
    copy = Copy(site, after=ask(site, after="now").json()["next_cursor"])
    assert copy.follow() == []
    with site.everything() as db:
        site.ids = seed(db, site.seal())

    assert len(copy.follow()) == len(site.ids)


def test_a_service_that_may_ask_nothing_is_told_of_all_the_same(hiding: Site) -> None:
    """What is written to endpoints names a place as well."""
    with transaction(hiding.ports.database, account_id="default") as db:
        place = here(db, "default", at=hiding.clock())

    assert ask(hiding, after=encode(place)).json()["changes"] == []
