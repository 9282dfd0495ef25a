"""Many rows of the run sheet over JSON: in pages, and never more at once than callers can bear."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.accesses import ReadingLimits
from producers.api import run_sheet
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, DEMO, seed
from tests.producers.test_reading import SMALL, SPREAD, Made
from tests.producers.test_run_sheet_api import SHEET, audit

pytestmark = pytest.mark.integration

ROWS = sum(len(book) for practice in DEMO for book in practice.books.values())


def read(site: Site, **asked: Any) -> dict[str, Any]:
    answer = site.client.get(SHEET, params={"date": str(DAY), **asked}, headers=site.bearer())
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ids(told: dict[str, Any]) -> list[str]:
    return [one["id"] for one in told["appointments"]]


def test_the_pages_of_a_day_are_its_rows_in_their_order_each_once(site: Site) -> None:
    whole, found, cursor = read(site), list[str](), None

    while True:
        told = read(site, limit=9, **({"cursor": cursor} if cursor else {}))
        assert len(told["appointments"]) <= 9
        found += ids(told)
        cursor = told["next_cursor"]
        if cursor is None:
            break

    assert whole["next_cursor"] is None
    assert found == ids(whole)


def test_of_one_connection_only_its_rows_are_paged(site: Site) -> None:
    whole = read(site)
    one = whole["appointments"][0]["connection_id"]

    told = read(site, connection_id=one, limit=5)
    rest = read(site, connection_id=one, limit=1000, cursor=told["next_cursor"])

    own = [row["id"] for row in whole["appointments"] if row["connection_id"] == one]
    assert ids(told) + ids(rest) == own


def test_an_overlap_is_told_with_a_row_of_it_whichever_page_the_other_is_on(site: Site) -> None:
    by_id = {row["id"]: row["overlaps"] for row in read(site)["appointments"]}

    paged = read(site, limit=4)

    assert {row["id"]: row["overlaps"] for row in paged["appointments"]} == {
        one: by_id[one] for one in ids(paged)
    }


def test_the_audit_and_the_count_of_what_was_read_are_of_the_page_that_was_shown(
    site: Site,
) -> None:
    told = read(site, limit=5)

    (line,) = [one for one in audit(site) if one.action == "run_sheet.read"]
    assert len(told["appointments"]) == 5
    assert line.request_summary == f"{DAY} to {DAY}: 5 rows of a page"


def test_more_rows_than_are_answered_at_once_are_refused_with_the_way_to_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_sheet, "MOST_ROWS", ROWS - 1)

    answer = site.client.get(SHEET, params={"date": str(DAY)}, headers=site.bearer())

    assert answer.status_code == 422
    assert f"{ROWS} rows" in answer.json()["detail"]
    assert "limit=1000" in answer.json()["detail"]
    assert [one for one in audit(site) if one.action == "run_sheet.read"] == []


def test_nothing_is_opened_for_whoever_has_read_enough(make_site: Made) -> None:
    """Neither of a day nor of a page: what cannot be opened would fail."""
    site = make_site(reading=ReadingLimits(rows_an_hour=1))
    with site.everything() as db:
        seed(db, site.seal(), [SMALL])
        db.execute(SPREAD, {"days": 1})
    read(site)
    with site.everything() as db:
        db.execute(text("UPDATE run_sheet_appointments SET patient_name = 'garbled'"))

    answers = [
        site.client.get(SHEET, params={"date": str(DAY - timedelta(days=1)), **more}, headers=own)
        for own in [site.bearer()]
        for more in ({}, {"limit": 5})
    ]

    assert [one.status_code for one in answers] == [429, 429]


def test_a_cursor_that_is_none_of_ours_is_refused(site: Site) -> None:
    answer = site.client.get(
        SHEET, params={"date": str(DAY), "cursor": "made-up"}, headers=site.bearer()
    )

    assert answer.status_code == 422
    assert "next_cursor" in answer.json()["detail"]
