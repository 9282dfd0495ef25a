"""Nobody carries the sheet away: reading is counted, bounded and told, and a usual day is not."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from adapters.storage.audit import audit_findings
from adapters.storage.audit.audit_watch import Watch
from adapters.storage.upkeep.pruning import prune
from domain.accesses import FOLLOWING, ReadingLimits, Rule, Thresholds
from domain.people import Role
from infra.database import transaction
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, NOW, Practice, Slot, seed

pytestmark = pytest.mark.integration

SHEET = "/api/run-sheet"
A_DAY = 3
"""Rows of patients on each day of the practice below."""

SMALL = Practice(
    vendor="gentu",
    name="Example Clinic",
    timezone="Australia/Melbourne",
    books={
        "Dr Priya Nair": tuple(
            Slot(at=f"{9 + number:02}:00", patient=f"Ann Example {number}")
            for number in range(A_DAY)
        )
    },
)
Made = Callable[..., Site]


@pytest.fixture
def practice(make_site: Made) -> Made:
    """An ingress with these limits over a practice of so many days."""

    def made(*, days: int, **limits: int) -> Site:
        site = make_site(reading=ReadingLimits(**limits))
        with site.everything() as db:
            seed(db, site.seal(), [SMALL], day=DAY)
            db.execute(SPREAD, {"days": days - 1})
        return site

    return made


# The same rows on every day before, as ciphertexts that nobody opens: only their number matters.
SPREAD = text(
    """
    INSERT INTO run_sheet_appointments
      (id, account_id, run_sheet_id, pms_connection_id, pms_appointment_id, pms_patient_id, source,
       appointment_time, appointment_duration_minutes, appointment_status, timezone)
    SELECT gen_random_uuid(), account_id, run_sheet_id, pms_connection_id,
           pms_appointment_id || '-' || back, 'p' || back, source,
           appointment_time - make_interval(days => back), appointment_duration_minutes,
           appointment_status, timezone
    FROM run_sheet_appointments CROSS JOIN generate_series(1, :days) AS back
    """
)

ONE_MORE = text(
    """
    INSERT INTO run_sheet_appointments
      (id, account_id, run_sheet_id, pms_connection_id, pms_appointment_id, pms_patient_id, source,
       appointment_time, appointment_duration_minutes, appointment_status, timezone, patient_name)
    SELECT gen_random_uuid(), account_id, run_sheet_id, pms_connection_id, 'more', 'more', source,
           appointment_time, appointment_duration_minutes, appointment_status, timezone, NULL
    FROM run_sheet_appointments
    WHERE (appointment_time AT TIME ZONE timezone)::date = :day LIMIT 1
    """
)


def read(site: Site, first: date, last: date | None = None, **more: Any) -> httpx.Response:
    params = {"from": str(first), "to": str(last or first)}
    return site.client.get(SHEET, params=params, headers=site.bearer(**more))


def year(site: Site) -> list[httpx.Response]:
    """A year, as somebody takes it who carries it away."""
    starts = [DAY - timedelta(days=90 * (number + 1) - 1) for number in range(4)]
    return [read(site, one, one + timedelta(days=89)) for one in starts]


def findings(site: Site, **thresholds: int) -> Mapping[Rule, int]:
    watch = Watch(engine=site.ports.database, clock=site.clock, thresholds=Thresholds(**thresholds))
    watch.watch("default")
    with transaction(site.ports.database, account_id="default") as db:
        return {one.rule: one.counted for one in audit_findings.listed(db)}


def actions(site: Site, action: str) -> list[Any]:
    with site.everything() as db:
        rows = db.execute(text("SELECT * FROM pms_audit_logs WHERE action = :one"), {"one": action})
        return list(rows)


def test_whoever_has_read_enough_in_an_hour_is_refused_until_the_next(practice: Made) -> None:
    site = practice(days=9, rows_an_hour=4 * A_DAY)
    first = DAY - timedelta(days=8)
    assert read(site, first, first + timedelta(days=3)).status_code == 200

    refused = read(site, first + timedelta(days=4), DAY)

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == str(55 * 60)  # it is five past
    assert "READ_ROWS_AN_HOUR" in refused.json()["detail"]
    (row,) = actions(site, "access.limited")
    assert (row.user_id, row.response_status, row.success) == ("script", 429, False)
    site.clock.now = NOW + timedelta(minutes=55)
    assert read(site, first + timedelta(days=4), DAY).status_code == 200


def test_a_day_has_its_limit_too(practice: Made) -> None:
    site = practice(days=9, rows_a_day=2 * A_DAY)
    assert read(site, DAY - timedelta(days=1), DAY).status_code == 200
    site.clock.now = NOW + timedelta(hours=3)

    refused = read(site, DAY - timedelta(days=3), DAY - timedelta(days=2))

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == (24 - 3) * 3600 - 5 * 60


def test_a_page_that_renews_itself_is_not_counted_again_nor_closed(practice: Made) -> None:
    site = practice(days=2, rows_an_hour=2 * A_DAY)
    site.sign_in()
    for _ in range(5):
        assert site.client.get("/sheet", params={"date": str(DAY)}).status_code == 200
    yesterday = {"date": str(DAY - timedelta(days=1))}
    assert site.client.get("/sheet", params=yesterday).status_code == 200

    # The limit is reached; what was read today stays open.
    assert site.client.get("/sheet", params=yesterday).status_code == 200


def test_a_booking_more_does_not_shut_a_day_that_is_open(practice: Made) -> None:
    site = practice(days=2, rows_an_hour=2 * A_DAY)
    for day in (DAY, DAY - timedelta(days=1)):
        assert read(site, day).status_code == 200
    with site.everything() as db:
        db.execute(ONE_MORE, {"day": DAY})

    assert read(site, DAY).status_code == 200
    assert len(read(site, DAY).json()["appointments"]) == A_DAY + 1


def test_a_page_of_a_day_too_many_says_so_in_words(practice: Made) -> None:
    site = practice(days=2, rows_an_hour=A_DAY)
    site.sign_in()
    params = {"date": str(DAY - timedelta(days=1))}
    refused = site.client.get("/", params=params, headers={"Accept": "text/html"})

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "patient rows" in refused.text


def test_a_row_that_is_opened_by_itself_counts_once_with_its_history(practice: Made) -> None:
    site = practice(days=1, rows_an_hour=2)
    with site.everything() as db:
        first, second, third = db.execute(text("SELECT id FROM run_sheet_appointments")).scalars()

    def opened(path: str) -> int:
        return site.client.get(path, headers=site.bearer()).status_code

    row = f"{SHEET}/appointments/{first}"
    assert [opened(one) for one in (row, row, f"{row}/history")] == [200] * 3
    assert opened(f"/sheet/entries/{second}") == 200
    assert opened(f"/sheet/entries/{third}") == 429
    assert opened(f"/sheet/entries/{third}/history") == 429
    assert opened(row) == 200


def test_what_a_change_answers_counts_as_reading_its_row_though_nothing_changed(
    practice: Made,
) -> None:
    site = practice(days=1, rows_an_hour=1)
    with site.everything() as db:
        first, second, _ = db.execute(text("SELECT id FROM run_sheet_appointments")).scalars()

    def asked(method: str, path: str, **body: Any) -> int:
        headers = {**site.bearer(), "If-Match": "*"}
        row = f"{SHEET}/appointments/{path}"
        return site.client.request(method, row, headers=headers, json=body).status_code

    assert [asked("POST", f"{first}/put-back") for _ in range(2)] == [200, 200]
    assert asked("PATCH", f"{first}", notes="rang back") == 200
    assert asked("POST", f"{second}/put-back") == 429
    assert asked("PATCH", f"{second}", notes="rang back") == 429
    with site.everything() as db:
        edited = text("SELECT appointment_id FROM run_sheet_history WHERE what = 'edited'")
        assert db.execute(edited).scalars().all() == [first]


def test_each_person_has_an_allowance_of_their_own(practice: Made) -> None:
    site = practice(days=3, rows_an_hour=A_DAY)
    assert read(site, DAY).status_code == 200
    assert read(site, DAY - timedelta(days=1)).status_code == 429

    assert read(site, DAY, claims={"sub": "another"}).status_code == 200


def test_the_feed_of_changes_counts(practice: Made) -> None:
    site = practice(days=4, rows_an_hour=A_DAY)
    page = {"limit": A_DAY}
    first = site.client.get(f"{SHEET}/changes", params=page, headers=site.bearer()).json()
    page["after"] = first["next_cursor"]

    refused = site.client.get(f"{SHEET}/changes", params=page, headers=site.bearer())

    assert refused.status_code == 429
    site.clock.now = NOW + timedelta(hours=1)
    again = site.client.get(f"{SHEET}/changes", params=page, headers=site.bearer()).json()
    assert len(again["changes"]) == A_DAY


def test_exports_of_the_audit_count_the_patients_in_them(practice: Made) -> None:
    site = practice(days=1, rows_an_hour=2)
    with site.everything() as db:
        db.execute(
            text(
                "INSERT INTO pms_audit_logs (account_id, action, user_id, patient_id)"
                " SELECT 'default', 'run_sheet.read', 'Ada', 'p' FROM generate_series(1, 3)"
            )
        )
    export = "/api/audit/export"
    assert site.client.get(export, headers=site.bearer()).status_code == 200

    assert site.client.get(export, headers=site.bearer()).status_code == 429
    # Who sees no patient reads none.
    ops = site.bearer(Role.OPS, claims={"sub": "operator"})
    assert site.client.get(export, headers=ops).status_code == 200
    assert site.client.get(export, headers=ops).status_code == 200


def test_a_year_of_the_sheet_is_a_finding(practice: Made) -> None:
    site = practice(days=365)

    answers = year(site)

    assert [one.status_code for one in answers] == [200] * 4
    assert findings(site) == {Rule.MANY_DAYS: 360}


def test_a_manager_leafing_through_a_month_is_none(practice: Made) -> None:
    site = practice(days=31)
    site.sign_in()
    for back in range(31):
        params = {"date": str(DAY - timedelta(days=back))}
        assert site.client.get("/sheet", params=params).status_code == 200

    assert findings(site) == {}


def test_what_follows_the_sheet_is_told_from_what_opens_it(practice: Made) -> None:
    site = practice(days=1)
    site.sign_in()
    assert {one.endpoint for one in actions(site, "run_sheet.read")} == {"/"}

    site.client.get("/sheet", params={"date": str(DAY)})
    site.client.get(f"{SHEET}/changes", headers=site.bearer())

    (followed,) = actions(site, "run_sheet.changes_read")
    assert (followed.endpoint, actions(site, "run_sheet.read")[-1].endpoint) == FOLLOWING


def test_very_much_within_an_hour_is_a_finding(practice: Made) -> None:
    site = practice(days=10)
    read(site, DAY - timedelta(days=9), DAY)

    assert findings(site, rows_an_hour=10 * A_DAY) == {Rule.BULK_READING: 10 * A_DAY}


def test_what_was_counted_is_forgotten_after_three_days(practice: Made) -> None:
    site = practice(days=1)
    site.clock.now = datetime.now(UTC) - timedelta(days=5)
    read(site, DAY)

    removed = prune(site.ports.database)

    assert (removed["patient_reading"], removed["sheet_days_read"]) == (2, 1)


def test_very_much_within_a_day_is_a_finding(practice: Made) -> None:
    site = practice(days=10)
    read(site, DAY - timedelta(days=9), DAY)

    assert findings(site, rows_a_day=A_DAY) == {Rule.BULK_IN_A_DAY: 10 * A_DAY}
