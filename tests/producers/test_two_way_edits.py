"""What people set by hand in rows of a practice that takes changes: under whom, and why not."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, text

from adapters.storage.tables import pms_clinician_mappings
from domain.pushes import NO_COLUMN
from tests.producers.conftest import Site
from tests.producers.seeding import pms_says
from tests.producers.two_way import TwoWayDay, two_way_day

pytestmark = pytest.mark.integration

SHEET = "/api/run-sheet/appointments"
REASON = "Has a cold"


@pytest.fixture
def day(make_site: Callable[..., Site]) -> TwoWayDay:
    return two_way_day(make_site())


def edit(site: Site, patient: str, **changes: Any) -> httpx.Response:
    return site.client.patch(
        f"{SHEET}/{site.ids[patient]}",
        headers={**site.bearer(), "If-Match": "*"},
        json=changes,
    )


def steps(site: Site, patient: str) -> list[dict[str, Any]]:
    answer = site.client.get(f"{SHEET}/{site.ids[patient]}/history", headers=site.bearer())
    found: list[dict[str, Any]] = answer.json()["history"]
    return found


def test_a_visit_goes_to_another_clinician_and_is_owed(day: TwoWayDay) -> None:
    other = day.site.column("Omar Supposed LCSW")

    answer = edit(day.site, "Eve Pattern", clinician=str(other))

    found = answer.json()["appointment"]
    assert (found["clinician_id"], found["clinician"]) == (str(other), "Omar Supposed LCSW")
    with day.site.everything() as db:
        query = text("SELECT push_state FROM run_sheet_appointments WHERE id = :id")
        state = db.execute(query, {"id": day.ids["Eve Pattern"]}).scalar_one()
    assert state == "pending"


def test_a_clinician_without_a_column_there_is_refused_at_once(day: TwoWayDay) -> None:
    other = day.site.column("Omar Supposed LCSW")
    with day.site.everything() as db:
        of_other = pms_clinician_mappings.c.run_sheet_clinician_id == other
        db.execute(delete(pms_clinician_mappings).where(of_other))

    answer = edit(day.site, "Eve Pattern", clinician=str(other))

    assert (answer.status_code, answer.json()["detail"]) == (422, NO_COLUMN)


@pytest.mark.parametrize(
    "given", ["Omar Supposed LCSW", None, 7, "7e1d4c6a-0000-4000-8000-00000000beef"]
)
def test_a_clinician_is_named_by_an_id_of_the_sheet(day: TwoWayDay, given: object) -> None:
    answer = edit(day.site, "Eve Pattern", clinician=given)

    assert answer.status_code == 422
    assert "Name a clinician of the sheet" in answer.json()["detail"]
    assert "GET /api/run-sheet" in answer.json()["detail"]


def test_a_clinician_a_row_went_to_is_named_in_its_history(day: TwoWayDay) -> None:
    edit(day.site, "Eve Pattern", clinician=str(day.site.column("Omar Supposed LCSW")))

    path = f"/api/run-sheet/appointments/{day.ids['Eve Pattern']}/history"
    [step] = day.site.client.get(path, headers=day.site.bearer()).json()["history"]

    assert step["moves"] == [
        {"field": "clinician", "was": "Dr Iris Imagined", "became": "Omar Supposed LCSW"}
    ]


def test_what_was_refused_is_taken_back_at_once_and_what_is_ours_stays(day: TwoWayDay) -> None:
    edit(day.site, "Eve Pattern", status="arrived", duration_minutes=30, notes="Ours alone")
    day.push("Eve Pattern", "error", "That time is full.")
    path = f"/api/run-sheet/appointments/{day.ids['Eve Pattern']}"
    headers = day.site.bearer()
    version = day.site.client.get(path, headers=headers).headers["ETag"]

    answer = day.site.client.post(
        f"{path}/revert",
        json={"field": ["clinician", "duration_minutes", "start", "status"]},
        headers={**headers, "If-Match": version},
    )

    row = answer.json()["appointment"]
    assert (row["status"], row["duration_minutes"]) == ("booked", 45)
    assert row["own_notes"] == "Ours alone"
    with day.site.everything() as db:
        query = text("SELECT push_state, push_reason FROM run_sheet_appointments WHERE id = :id")
        stands = db.execute(query, {"id": day.ids["Eve Pattern"]}).one()
    assert tuple(stands) == ("synced", None)


def test_a_row_of_ours_goes_to_any_clinician(day: TwoWayDay) -> None:
    other = day.site.column("Omar Supposed LCSW")

    assert edit(day.site, "Ivy Newcomer", clinician=str(other)).status_code == 200


def test_whose_visit_it_is_elsewhere_is_the_practices_to_say(site: Site) -> None:
    other = site.column("Dr Tom Whitfield")

    answer = edit(site, "Grace Invented", clinician=str(other))

    assert answer.status_code == 422
    assert "practice's to say" in answer.json()["detail"]


def test_why_a_visit_was_called_off_stays_in_its_history(day: TwoWayDay) -> None:
    answer = edit(day.site, "Eve Pattern", status="cancelled", cancel_reason=f" {REASON} ")

    (step,) = steps(day.site, "Eve Pattern")
    assert answer.json()["appointment"]["status"] == "cancelled"
    assert (step["what"], step["reason"]) == ("edited", REASON)
    with day.site.everything() as db:
        wish = db.execute(text("SELECT args::text FROM jobs WHERE kind = 'push_entry'"))
        assert REASON not in str(wish.all())


@pytest.mark.parametrize("status", [{}, {"status": "no_show"}])
def test_a_reason_goes_with_a_cancellation_alone(day: TwoWayDay, status: dict[str, str]) -> None:
    answer = edit(day.site, "Eve Pattern", cancel_reason=REASON, **status)

    assert answer.status_code == 422
    assert "with the status cancelled" in answer.json()["detail"]


def test_the_reason_is_shown_where_the_history_is(day: TwoWayDay) -> None:
    edit(day.site, "Eve Pattern", status="cancelled", cancel_reason=REASON)
    day.site.sign_in()

    past = day.site.client.get(f"/sheet/entries/{day.ids['Eve Pattern']}/history").text

    assert f"“{REASON}”" in past


def test_a_status_that_the_practice_does_not_take_is_refused_at_once(day: TwoWayDay) -> None:
    answer = edit(day.site, "Eve Pattern", status="confirmed")

    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "AdvancedMD takes no status 'confirmed' from here; these it does: booked, arrived,"
        " in_progress, completed, cancelled, no_show."
    )


def test_what_the_practice_confirmed_is_not_taken_back_from_here(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        pms_says(db, day.site.seal(), day.ids["Eve Pattern"], status="confirmed")
    day.site.sign_in()

    answer = edit(day.site, "Eve Pattern", status="booked")
    panel = day.site.client.get(f"/sheet/entries/{day.ids['Eve Pattern']}").text

    assert answer.status_code == 422
    assert "no status 'booked'" in answer.json()["detail"]
    assert '["confirmed", "Confirmed"]' in panel and '["booked", "Booked"]' not in panel
    assert edit(day.site, "Eve Pattern", status="arrived").status_code == 200


def test_a_practice_with_a_code_of_its_own_takes_it(day: TwoWayDay) -> None:
    with day.site.everything() as db:
        codes = """UPDATE pms_connections SET settings = '{"status_codes": "40=confirmed"}'"""
        db.execute(text(codes))

    assert edit(day.site, "Eve Pattern", status="confirmed").status_code == 200


def test_a_row_of_ours_may_stand_as_anybody_says(day: TwoWayDay) -> None:
    assert edit(day.site, "Ivy Newcomer", status="confirmed").status_code == 200


def test_the_panel_offers_what_can_be_and_asks_why_a_visit_is_called_off(day: TwoWayDay) -> None:
    other = day.site.column("Omar Supposed LCSW")
    day.site.sign_in()

    theirs = day.site.client.get(f"/sheet/entries/{day.ids['Eve Pattern']}").text
    ours = day.site.client.get(f"/sheet/entries/{day.ids['Ivy Newcomer']}").text

    offered = re.search(r"data-edit=\"status\"[^>]*data-choices='([^']*)'", theirs)
    assert offered is not None
    assert "no_show" in offered[1] and "confirmed" not in offered[1]
    assert re.search(r'data-edit="status"[^>]*data-asks-why', theirs)
    assert str(other) in theirs and 'data-edit="clinician"' in theirs
    assert 'data-edit="clinician"' in ours
    assert "data-asks-why" not in ours


def test_who_had_a_visit_before_is_told_by_name(day: TwoWayDay) -> None:
    before = day.site.column("Dr Iris Imagined")
    edit(day.site, "Eve Pattern", clinician=str(day.site.column("Omar Supposed LCSW")))
    day.site.sign_in()

    html = day.site.client.get(f"/sheet/entries/{day.ids['Eve Pattern']}").text

    assert "AdvancedMD says Dr Iris Imagined." in html
    assert f"says {before}" not in html
