"""The page says why a row is off the sheet, and why a sync was not done whole."""

import pytest
from sqlalchemy import text

from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

HELD_BACK = "11 of 15 appointments of 23 November would leave the sheet, so none did."


def change(site: Site, statement: str, **values: object) -> None:
    with site.everything() as db:
        db.execute(text(statement), values)


def take_off(site: Site, *flags: str) -> None:
    statement = (
        "UPDATE run_sheet_appointments SET removed_at = now(), flags = :flags WHERE id = :id"
    )
    change(site, statement, flags=list(flags), id=site.ids["Grace Invented"])


def page(site: Site, path: str = "/") -> str:
    return site.client.get(path, headers={"Accept": "text/html"}).text


def test_a_row_that_our_own_choice_leaves_out_is_not_called_gone(site: Site) -> None:
    site.sign_in()
    take_off(site, "left_out")

    told = page(site)

    assert "Left out here" in told
    assert "It was still in the PMS" in told


def test_a_row_whose_visit_is_for_others_now_is_not_called_gone(site: Site) -> None:
    site.sign_in()
    take_off(site, "for_others")

    told = page(site)

    assert "Not theirs any more" in told
    assert "for somebody else or for nobody" in told


def test_a_row_that_the_pms_has_no_more_is_called_gone(site: Site) -> None:
    site.sign_in()
    before = page(site).count("Gone from the PMS")
    take_off(site)

    assert page(site).count("Gone from the PMS") == before + 1


def held_back(site: Site, why: str = HELD_BACK) -> None:
    statement = (
        "UPDATE pms_connections SET last_sync_status = 'partial', last_sync_error = :why"
        " WHERE connector = 'gentu'"
    )
    change(site, statement, why=why)


def test_the_sheet_says_at_once_that_a_sync_was_held_back(site: Site) -> None:
    site.sign_in()
    assert HELD_BACK not in page(site)

    held_back(site)

    assert HELD_BACK in page(site)
    assert HELD_BACK in page(site, "/connections")
    assert HELD_BACK in page(site, "/sync")


@pytest.mark.parametrize("path", ["/connections", "/sync"])
def test_a_practice_whose_sync_was_held_back_is_not_called_on_time(site: Site, path: str) -> None:
    site.sign_in()
    before = page(site, path)

    held_back(site)

    after = page(site, path)
    assert after.count("On time") == before.count("On time") - 1
    assert after.count("Done in part") == 1


def test_the_sheet_says_why_a_practice_is_paused(site: Site) -> None:
    site.sign_in()
    statement = (
        "UPDATE pms_connections SET state = 'INACTIVE', state_reason = :why"
        " WHERE connector = 'gentu'"
    )
    change(site, statement, why="Closed for the weekend")

    assert "Closed for the weekend" in page(site)
    assert "Closed for the weekend" in page(site, "/connections")


def test_the_sheet_of_another_day_does_not_say_so(site: Site) -> None:
    site.sign_in()
    held_back(site)

    assert HELD_BACK not in page(site, "/?date=2026-11-24")


def test_a_clinician_who_could_not_be_read_is_told_without_an_engineers_words(site: Site) -> None:
    site.sign_in()
    held_back(site, "1 of 3 practitioners could not be read: Gentu: GET /tenants/1 answered 500")

    told = page(site)

    assert "1 of 3 practitioners could not be read: Gentu: it answered 500" in told
    assert "GET /" not in told
