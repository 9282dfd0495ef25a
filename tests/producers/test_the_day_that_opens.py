"""Which day the sheet opens on where practices are in several zones, and whose it says it is."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.rezoning import NO_ZONE_YET
from infra.database import transaction
from producers.days import todays
from tests.producers.conftest import Site
from tests.producers.two_way import MORNING, two_way_day

pytestmark = pytest.mark.integration

SATURDAY = datetime(2026, 11, 21, 13, 38, tzinfo=UTC)
"""08:38 in New York; past midnight in Melbourne, where it is Sunday."""
ADDED = "/api/run-sheet/appointments"
TYPED_LAST = "SELECT timezone FROM run_sheet_appointments ORDER BY appointment_time DESC LIMIT 1"
NEW_YORK, MELBOURNE = "America/New_York", "Australia/Melbourne"


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    made = two_way_day(make_site()).site
    made.clock.now = SATURDAY
    stand(made, None)
    return made


def stand(site: Site, own: str | None) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE accounts SET timezone = :own"), {"own": own})


def joined(site: Site, *zones: str) -> None:
    """More practices, in those zones."""
    with site.everything() as db:
        for number, zone in enumerate(zones):
            db.execute(
                text(
                    "INSERT INTO pms_connections (account_id, connector, pms_type, site,"
                    " display_name, timezone, state)"
                    " VALUES ('default', 'gentu', 'gentu', :site, 'One more', :zone, 'ACTIVE')"
                ),
                {"site": f"more-{number}", "zone": zone},
            )


def opens_on(site: Site) -> str:
    site.sign_in()
    page = site.client.get("/").text
    return page.partition('data-today="')[2][:10]


def test_the_accounts_own_zone_comes_first(site: Site) -> None:
    stand(site, MELBOURNE)

    assert opens_on(site) == "2026-11-22"


def test_without_one_the_practices_own_day_opens(site: Site) -> None:
    assert opens_on(site) == "2026-11-21"


def test_the_day_most_practices_are_in_opens_however_many_zones_they_are_in(site: Site) -> None:
    joined(site, NEW_YORK, "Australia/Sydney", "Australia/Perth", MELBOURNE)

    with transaction(site.ports.database, account_id="default") as db:
        found = todays(db, SATURDAY)

    # Perth is still on Saturday: three practices have the 21st, two the 22nd.
    assert (str(found.day), found.zone) == ("2026-11-21", NEW_YORK)
    assert {zone: str(day) for zone, day in found.elsewhere.items()} == {
        "Australia/Sydney": "2026-11-22",
        MELBOURNE: "2026-11-22",
    }


def test_the_page_says_whose_day_it_is_where_practices_have_another(site: Site) -> None:
    stand(site, MELBOURNE)
    site.sign_in()

    apart = site.client.get("/").text
    stand(site, NEW_YORK)
    alone = site.client.get("/").text

    assert "It is Sunday 22 November in Melbourne" in apart
    assert '<a href="/?date=2026-11-21">Saturday 21 November</a> in New York' in apart
    assert 'title="Today in Melbourne (T)"' in apart
    assert 'id="elsewhere"' not in alone


def test_a_practice_whose_zone_nobody_has_told_yet_has_no_day_of_its_own(site: Site) -> None:
    joined(site, *[NO_ZONE_YET] * 5)
    stand(site, MELBOURNE)
    site.sign_in()

    assert "in UTC" not in site.client.get("/").text
    stand(site, None)
    assert opens_on(site) == "2026-11-21"
    with transaction(site.ports.database, account_id="default") as db:
        assert todays(db, SATURDAY).zone == NEW_YORK


def test_an_account_that_left_its_practices_goes_on_by_their_clock(site: Site) -> None:
    leave_all(site)

    assert opens_on(site) == "2026-11-21"
    assert zone_of_typed(site, "2027-01-04T14:45") == NEW_YORK
    stand(site, MELBOURNE)
    assert zone_of_typed(site, "2027-01-05T14:45") == MELBOURNE
    assert zone_of_typed(site, "2027-01-06T14:45", clinician="Dr Iris Imagined") == NEW_YORK


def zone_of_typed(site: Site, start: str, **clinician: str) -> str:
    row = {"source": "manual", "start": start, "patient_name": "Ann Example", **clinician}
    headers = {**site.bearer(), "Idempotency-Key": start}
    site.client.post(ADDED, json=row, headers=headers).raise_for_status()
    with site.everything() as db:
        return str(db.execute(text(TYPED_LAST)).scalar_one())


def test_rows_of_practices_that_were_left_stand_on_the_sheet_and_say_that_nothing_keeps_them(
    site: Site,
) -> None:
    leave_all(site)
    site.sign_in()

    page = site.client.get("/", params={"date": str(MORNING.date())}).text
    bare = site.client.get("/", params={"date": "2027-01-05"}).text

    assert "Ada Sample" in page and "Joan Walkin" in page
    assert "Nothing keeps the appointments below up to date." in page
    assert "<h2>No practice is connected</h2>" in bare


def leave_all(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET removed_at = now(), sync_enabled = false"))


def test_a_column_says_its_zone_before_what_may_be_cut_off(site: Site) -> None:
    stand(site, MELBOURNE)
    site.sign_in()

    page = site.client.get("/", params={"date": str(MORNING.date())}).text

    columns = re.findall(r'<p title="([^"]*booked[^"]*)"', page)
    assert columns
    assert all(one.startswith("New York time · ") for one in columns)


def test_a_question_without_a_date_means_the_same_day(site: Site) -> None:
    answer = site.client.get("/api/run-sheet", headers=site.bearer()).json()

    assert answer["first_day"] == answer["last_day"] == "2026-11-21"


@pytest.mark.parametrize(
    ("path", "wakes"),
    [
        ("/", True),
        ("/?date=2026-11-25", False),
        ("/sheet?date=2026-11-21", False),
    ],
    ids=["today", "another day", "a page that renews itself"],
)
def test_opening_today_wakes_a_practice_that_rests(site: Site, path: str, *, wakes: bool) -> None:
    later = SATURDAY + timedelta(hours=1)
    site.sign_in()  # which opens today
    with site.everything() as db:
        statement = (
            "UPDATE pms_connections SET timezone = 'America/New_York', unchanged_runs = 9,"
            " rests_until = greatest(now(), :later) + interval '1 hour',"
            " next_sync_at = greatest(now(), :later) + interval '1 hour'"
        )
        db.execute(text(statement), {"later": later})

    assert site.client.get(path).status_code == 200

    with site.everything() as db:
        runs = db.execute(text("SELECT unchanged_runs FROM pms_connections")).scalars().all()
    assert (set(runs) == {0}) is wakes
