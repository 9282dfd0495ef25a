"""A day with more columns than stand side by side: parts of it, and nothing hidden silently."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from domain.accesses import ReadingLimits
from domain.wide import AT_ONCE, WIDE_FROM
from infra import database
from producers.pages import wide
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, NOW, Practice, Slot, pms_says, seed
from tests.producers.test_run_sheet_api import audit

pytestmark = pytest.mark.integration

COLUMNS = WIDE_FROM + 15
FIRST, LAST = "Ann Example 1", f"Ann Example {COLUMNS}"
Made = Callable[..., Site]


def practice(name: str, numbers: Sequence[int]) -> Practice:
    return Practice(
        vendor="gentu",
        name=name,
        timezone="Australia/Melbourne",
        books={
            f"Dr Example {number:03}": (
                Slot(at="09:00", patient=f"Ann Example {number}", minutes=30),
                Slot(at="10:00", patient=f"Bao Example {number}", minutes=30),
            )
            for number in numbers
        },
    )


SOUTH, NORTH = practice("South", range(1, 51)), practice("North", range(51, COLUMNS + 1))


@pytest.fixture
def group(make_site: Made) -> Site:
    """Two practices of one account, with more columns together than stand side by side."""
    site = make_site()
    with site.everything() as db:
        site.ids = seed(db, site.seal(), [SOUTH, NORTH])
    site.sign_in()
    return site


def page(site: Site, **asked: object) -> str:
    answer = site.client.get("/", params={"date": str(DAY), **asked})  # type: ignore[dict-item]
    assert answer.status_code == 200, answer.text
    return answer.text


def columns(shown: str) -> int:
    return shown.count('<section class="column')


def column_of(site: Site, patient: str) -> UUID:
    with site.everything() as db:
        found: UUID = db.execute(
            text("SELECT run_sheet_clinician_id FROM run_sheet_appointments WHERE id = :id"),
            {"id": site.ids[patient]},
        ).scalar_one()
    return found


def practice_id(site: Site, name: str) -> UUID:
    with site.everything() as db:
        found: UUID = db.execute(
            text("SELECT id FROM pms_connections WHERE display_name = :name"), {"name": name}
        ).scalar_one()
    return found


def dispute(site: Site, patient: str) -> None:
    """A person and the PMS both changed the phone."""
    hand = Hand(account_id="default", by="Robin Desk", at=NOW, access=Access(user="Robin Desk"))
    with database.transaction(site.ports.database, account_id="default") as db:
        changes = {"patient_phone": "03 7010 4321"}
        edit_entry(db, site.seal(), site.ids[patient], changes, expected_version=1, hand=hand)
    with site.everything() as db:
        pms_says(db, site.seal(), site.ids[patient], patient_phone="0400 555 019")


def test_a_day_of_very_many_columns_is_shown_in_parts_and_the_rest_is_counted(group: Site) -> None:
    first, second = page(group), page(group, practice="", part=2)

    assert (columns(first), columns(second)) == (AT_ONCE, COLUMNS - AT_ONCE)
    assert f"Columns 1 to {AT_ONCE} of {COLUMNS}" in first
    assert f"Not shown: {COLUMNS - AT_ONCE} columns, {2 * (COLUMNS - AT_ONCE)} booked" in first
    assert (FIRST in first, LAST in first) == (True, False)
    assert (FIRST in second, LAST in second) == (False, True)


def test_a_visit_is_added_for_anybody_whether_their_column_is_shown_or_not(group: Site) -> None:
    shown = page(group)

    assert f'<option value="{column_of(group, LAST)}">' in shown
    assert "Without appointments" not in shown


def test_a_live_update_keeps_to_the_columns_that_are_shown(group: Site) -> None:
    answer = group.client.get(f"/sheet?date={DAY}&practice=&part=2")

    assert columns(answer.text) == COLUMNS - AT_ONCE
    assert 'data-columns="&amp;practice=&amp;part=2"' in answer.text


def test_a_conflict_in_a_column_that_is_not_shown_is_told_and_one_click_away(group: Site) -> None:
    dispute(group, LAST)

    shown = page(group)
    there = f"/?date={DAY}&clinician={column_of(group, LAST)}".replace("&", "&amp;")

    assert LAST not in shown
    assert "1 to decide, 0 overlapping" in shown
    assert there in shown.replace("&amp;", "&").replace("&", "&amp;")
    alone = page(group, clinician=str(column_of(group, LAST)))
    assert columns(alone) == 1
    assert "1 row needs a decision" in alone


def test_an_overlap_in_a_column_that_is_not_shown_is_told(group: Site) -> None:
    with group.everything() as db:
        earlier = """
            UPDATE run_sheet_appointments
            SET appointment_time = appointment_time - interval '45 min'
            WHERE id = :id
        """
        db.execute(text(earlier), {"id": group.ids[LAST.replace("Ann", "Bao")]})

    shown = page(group)

    assert "0 to decide, 2 overlapping" in shown


def test_a_practice_is_chosen_and_remembered_by_this_browser(group: Site) -> None:
    north = str(practice_id(group, "North"))

    chosen = page(group, practice=north, remember="true")
    tomorrow = group.client.get("/", params={"date": str(DAY + timedelta(days=1))})
    again = page(group)
    everybody = page(group, practice="", remember="true")

    assert tomorrow.status_code == 200
    assert columns(chosen) == columns(again) == len(NORTH.books)
    assert f'<option value="{north}" selected>North ({len(NORTH.books)})' in chosen
    assert columns(everybody) == columns(page(group)) == AT_ONCE


def test_clinicians_are_chosen_by_name_and_remembered(group: Site) -> None:
    two = [str(column_of(group, FIRST)), str(column_of(group, LAST))]
    named = group.client.get(f"/sheet/columns?date={DAY}").text

    chosen = group.client.get(
        "/", params={"date": str(DAY), "clinician": two, "remember": "true"}
    ).text

    assert named.count('name="clinician"') == COLUMNS
    assert columns(chosen) == columns(page(group)) == 2
    assert FIRST in chosen
    assert LAST in chosen


def test_a_choice_that_has_nobody_that_day_says_so_and_shows_the_way_to_all(group: Site) -> None:
    """And the audit tells of nothing of a patient."""
    shown = page(group, practice=str(UUID(int=7)))

    *_, read = [one for one in audit(group) if one.action == "run_sheet.read"]
    assert (read.phi_accessed, read.phi_fields) == (False, [])
    assert columns(shown) == 0
    assert "None of these columns has appointments" in shown
    assert f"Show all {COLUMNS} columns" in shown


def test_only_what_is_shown_is_audited_and_counted_and_a_column_counts_once(group: Site) -> None:
    page(group)
    page(group)
    page(group, clinician=str(column_of(group, FIRST)))

    told = [one.request_summary for one in audit(group) if one.action == "run_sheet.read"]
    with group.everything() as db:
        counted = db.execute(
            text("SELECT rows FROM patient_reading WHERE span = 'day'")
        ).scalar_one()

    assert told[-2:] == [
        f"{DAY} to {DAY}: {2 * AT_ONCE} rows in {AT_ONCE} of {COLUMNS} columns",
        f"{DAY} to {DAY}: 2 rows in 1 of {COLUMNS} columns",
    ]
    assert counted == 2 * AT_ONCE


def test_a_patient_is_found_in_a_column_that_is_not_shown(group: Site) -> None:
    headers = group.sign_in()

    found = group.client.post(
        "/sheet/find", json={"day": str(DAY), "name": f"ANN exámple {COLUMNS}"}, headers=headers
    )

    (one,) = found.json()["found"]
    assert one == {
        "id": str(group.ids[LAST]),
        "name": LAST,
        "time": "09:00",
        "clinician": f"Dr Example {COLUMNS:03}",
    }
    assert audit(group)[-1].request_summary == f"{DAY} to {DAY}: 1 rows found by a name"
    assert LAST not in str(audit(group)[-1])


def test_a_patient_is_found_by_a_part_of_their_phone_however_it_is_written(group: Site) -> None:
    headers = group.sign_in()
    own = {**headers, "If-Match": "*"}
    path = f"/api/run-sheet/appointments/{group.ids[LAST]}"
    assert group.client.patch(path, json={"patient_phone": "0370104321"}, headers=own).is_success

    for number in ("7010 43", "+61 3 7010-4321"):
        sought = {"day": str(DAY), "name": number}
        found = group.client.post("/sheet/find", json=sought, headers=headers).json()["found"]
        assert [one["name"] for one in found] == [LAST]
    assert audit(group)[-1].request_summary == f"{DAY} to {DAY}: 1 rows found by a phone"


def test_nobody_looks_for_a_patient_without_the_token_of_the_page(group: Site) -> None:
    sought = {"day": str(DAY), "name": "Ann"}

    assert group.client.post("/sheet/find", json=sought).status_code == 403


def test_whoever_has_read_enough_has_nothing_opened_of_a_day_with_very_many_columns(
    make_site: Made,
) -> None:
    site = make_site(reading=ReadingLimits(rows_an_hour=2 * AT_ONCE))
    with site.everything() as db:
        seed(db, site.seal(), [SOUTH, NORTH])
    site.sign_in()

    refused = site.client.get("/", params={"date": str(DAY), "practice": "", "part": 2})

    assert refused.status_code == 429
    assert LAST not in refused.text


def test_a_day_that_has_room_for_all_columns_is_as_it_was(site: Site) -> None:
    site.sign_in()

    shown = page(site)

    assert 'id="wide"' not in shown
    assert "data-columns" not in shown
    assert "All clinicians" in shown


def test_more_clinicians_than_can_be_remembered_are_refused_in_a_sentence(group: Site) -> None:
    answer = group.client.get("/", params={"clinician": [str(UUID(int=one)) for one in range(101)]})

    assert answer.status_code == 422
    assert "at most 100 columns" in answer.text


@pytest.mark.parametrize("columns", [1, COLUMNS])
def test_a_day_of_more_rows_than_a_page_can_show_is_told_and_not_read(
    make_site: Made, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    site = make_site()
    with site.everything() as db:
        site.ids = seed(db, site.seal(), [practice("South", range(1, columns + 1))])
    site.sign_in()
    shown = 2 * min(columns, AT_ONCE)
    monkeypatch.setattr(wide, "MOST_ROWS", shown - 1)
    before = audit(site)

    answer = site.client.get("/", params={"date": str(DAY)})

    assert answer.status_code == 422
    assert f"{shown} rows stand on this page" in answer.text
    assert audit(site) == before
