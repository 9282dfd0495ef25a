"""An account's week, over JSON, as a page, and at the command line."""

from datetime import date

import pytest

from adapters.storage.runs import summaries
from domain.people import Role
from domain.summaries import Summary, TopError, Week
from domain.summary_words import lines, title_of
from tests.producers.conftest import Site

WEEK = date(2026, 11, 9)
TOLD = Summary(
    week=WEEK,
    timezone="Australia/Melbourne",
    this=Week(
        syncs=200,
        complete=190,
        failed=10,
        mean_seconds=4.25,
        conflicts=3,
        removed=7,
        bookings=12,
        booked=11,
        calls=40,
        busiest_hour=23,
        late_times=2,
        late_minutes=85,
        errors=[TopError("Gentu: GET appointments answered 500 <b>", 10)],
    ),
    before=Week(syncs=100, complete=100),
)


def keep(site: Site, *told: Summary) -> None:
    with site.everything() as db:
        for one in told:
            assert summaries.keep(db, "default", one)


def test_a_week_is_read_in_lines_beside_the_week_before() -> None:
    told = {one.title: (one.this, one.before) for one in lines(TOLD)}

    assert told["Ended complete"] == ("95.0%", "100.0%")
    assert told["Freshness promises broken"] == ("2, for 1 h in all", "0")
    assert told["Busiest hour"] == ("23:00 to 00:00", "–")  # noqa: RUF001
    assert [one.title for one in lines(TOLD) if one.needs_look] == [
        "Ended complete",
        "Freshness promises broken",
    ]


def test_a_week_is_named_by_its_days() -> None:
    assert title_of(WEEK) == "9 to 15 Nov 2026"
    assert title_of(date(2026, 11, 30)) == "30 Nov to 6 Dec 2026"


@pytest.mark.integration
def test_the_newest_week_is_answered_and_any_other_by_a_day_of_it(site: Site) -> None:
    later = Summary(week=date(2026, 11, 16), timezone="UTC", this=Week(syncs=1), before=TOLD.this)
    keep(site, TOLD, later)

    newest = site.client.get("/api/pms/summary", headers=site.bearer(Role.OPS)).json()
    other = site.client.get("/api/pms/summary?week=2026-11-12", headers=site.bearer()).json()

    assert newest["summary"]["week"] == "2026-11-16"
    assert newest["weeks"] == ["2026-11-16", "2026-11-09"]
    assert newest["summary"]["before"]["syncs"] == 200
    assert other["summary"]["this"]["booked"] == 11
    assert other["summary"]["this"]["errors"][0]["times"] == 10


@pytest.mark.integration
def test_no_week_is_a_sentence_and_another_account_s_is_none(site: Site) -> None:
    none_yet = site.client.get("/api/pms/summary", headers=site.bearer())
    keep(site, TOLD)
    missing = site.client.get("/api/pms/summary?week=2020-01-01", headers=site.bearer())
    foreign = site.client.get("/api/pms/summary", headers=site.bearer(account_id="nobody"))

    assert (none_yet.status_code, missing.status_code) == (404, 404)
    assert "Monday" in none_yet.json()["detail"]
    assert "no summary" in missing.json()["detail"]
    assert foreign.status_code in {401, 404}


@pytest.mark.integration
def test_the_page_shows_the_week_and_what_went_wrong(site: Site) -> None:
    site.sign_in(Role.OPS)
    before = site.client.get("/summary", headers={"Accept": "text/html"}).text
    keep(site, TOLD)

    page = site.client.get("/summary", headers={"Accept": "text/html"}).text

    assert "There is no summary yet" in before
    assert 'href="/summary"' not in before
    assert 'href="/summary" aria-current="page"' in page
    assert "Week of 9 to 15 Nov 2026" in page
    assert "Monday to Sunday, Melbourne time." in page
    assert "95.0%" in page
    assert "answered 500 &lt;b&gt;" in page
