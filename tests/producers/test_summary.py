"""An account's week, over JSON, as a page, and at the command line."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from adapters.storage.runs import summaries
from domain.people import Role
from domain.summaries import A_WEEK, Summary, TopError, Week, monday
from domain.summary_words import Course, lines, title_of
from domain.window import local_day
from tests.producers.conftest import Site
from tests.producers.ledger import practice, put_run

A_MINUTE = timedelta(minutes=1)
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


def test_a_figure_has_its_course_over_the_weeks_up_to_this_one() -> None:
    told = {one.title: one.course for one in lines(TOLD, [Week(syncs=50), Week(syncs=1200)])}

    assert told["Syncs"] == Course([50, 1200, 200], least="50", most="1,200")
    assert told["Busiest hour"] is None
    assert told["Could not be read"] is None


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


@pytest.mark.integration
def test_the_page_begins_with_the_week_that_goes_on_where_the_one_before_was_empty(
    site: Site,
) -> None:
    site.sign_in(Role.OPS)
    now = site.ports.clock()
    clinic = practice(site, "Example Clinic")
    put_run(site, clinic, 990_001, requests=3)
    with site.everything() as db:
        db.execute(text("UPDATE pms_sync_log SET started_at = :at"), {"at": now - A_MINUTE})
    last = monday(local_day(now, "Australia/Melbourne")) - A_WEEK
    keep(site, replace(TOLD, week=last, this=Week(), before=Week()))

    page = site.client.get("/summary", headers={"Accept": "text/html"}).text
    chosen = site.client.get(f"/summary?week={last}", headers={"Accept": "text/html"}).text

    assert f"Week of {title_of(last + A_WEEK)} <span" in page
    assert "beside the whole week before" in page
    assert f"Week of {title_of(last)}</h1>" in chosen


@pytest.mark.integration
def test_from_the_third_week_on_each_figure_is_drawn(site: Site) -> None:
    site.sign_in(Role.OPS)
    weeks = [WEEK - n * A_WEEK for n in (0, 1)]
    keep(site, *(replace(TOLD, week=week) for week in weeks))
    two = site.client.get(f"/summary?week={WEEK}", headers={"Accept": "text/html"}).text
    keep(site, replace(TOLD, week=WEEK - 2 * A_WEEK, this=Week(syncs=90)))

    three = site.client.get(f"/summary?week={WEEK}", headers={"Accept": "text/html"}).text

    assert 'class="course"' not in two
    assert '<th scope="col">3 weeks</th>' in three
    assert "<title>From 90 to 200</title>" in three
