"""A visit that a PMS cancels and books anew under another id says where the notes have stayed."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.producers.conftest import Site

pytestmark = pytest.mark.integration

STANDS = "which no longer stands"


@pytest.fixture
def headers(site: Site) -> Mapping[str, str]:
    return {**site.sign_in(), "If-Match": "*"}


@pytest.fixture
def visits(site: Site) -> tuple[UUID, UUID]:
    """Two of one patient at one practice: the one that was, and the one that took its place."""
    first = site.ids["Grace Invented"]
    with site.everything() as db:
        second: UUID = db.execute(
            text(
                "SELECT other.id FROM run_sheet_appointments AS other"
                " JOIN run_sheet_appointments AS own USING (pms_connection_id)"
                " WHERE own.id = :id AND other.id <> own.id AND other.removed_at IS NULL"
                " AND other.appointment_status = 'booked' AND other.patient_name IS NOT NULL"
                " ORDER BY other.appointment_time LIMIT 1"
            ),
            {"id": first},
        ).scalar_one()
        db.execute(
            text("UPDATE run_sheet_appointments SET pms_patient_id = 'one' WHERE id = ANY(:ids)"),
            {"ids": [first, second]},
        )
    return first, second


def type_in(site: Site, headers: Mapping[str, str], entry: UUID, **changes: str) -> None:
    path = f"/api/run-sheet/appointments/{entry}"
    assert site.client.patch(path, json=changes, headers=headers).status_code == 200


def says(site: Site, entry: UUID, change: str) -> None:
    statement = f"UPDATE run_sheet_appointments SET {change} WHERE id = :id"  # noqa: S608 - ours
    with site.everything() as db:
        db.execute(text(statement), {"id": entry})


def card(site: Site, entry: UUID) -> str:
    page = site.client.get("/", headers={"Accept": "text/html"}).text
    return page.partition(f'id="e-{entry}"')[2].partition("</li>")[0]


@pytest.mark.parametrize("change", ["appointment_status = 'cancelled'", "removed_at = now()"])
def test_the_new_visit_says_where_what_was_typed_is(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID], change: str
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked", patient_phone="0400 555 010")
    assert STANDS not in card(site, now)

    says(site, was, change)

    assert f"{STANDS}: notes, phone." in card(site, now).replace("phone, notes", "notes, phone")
    assert STANDS not in card(site, was)


def test_it_says_so_no_more_once_somebody_has_typed_there(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID]
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked")
    says(site, was, "removed_at = now()")

    type_in(site, headers, now, notes="interpreter booked")

    assert STANDS not in card(site, now)


def test_another_patients_visit_says_nothing(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID]
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked")
    says(site, was, "removed_at = now()")

    says(site, now, "pms_patient_id = 'another'")

    assert STANDS not in card(site, now)


def test_a_visit_that_our_own_choice_leaves_out_was_not_booked_again(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID]
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked")

    says(site, was, "removed_at = now(), flags = ARRAY['left_out']")

    assert STANDS not in card(site, now)


def test_a_status_that_somebody_set_is_no_loss(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID]
) -> None:
    was, now = visits

    type_in(site, headers, was, status="cancelled")

    assert STANDS not in card(site, now)


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ("appointment_time = appointment_time - interval '7 days'", "appointment of 16 Nov "),
        ("appointment_time = appointment_time + interval '14 days'", "appointment of 7 Dec "),
        ("appointment_time = appointment_time - interval '29 days'", None),
        ("created_at = created_at + interval '1 day'", None),
    ],
)
def test_what_was_typed_on_another_day_is_told_too(
    site: Site,
    headers: Mapping[str, str],
    visits: tuple[UUID, UUID],
    moved: str,
    said: str | None,
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked")

    says(site, was, f"appointment_status = 'cancelled', {moved}")

    assert (STANDS in card(site, now)) == bool(said)
    assert (said or "") in card(site, now)


def test_the_details_of_the_new_visit_lead_to_the_one_in_which_it_was_typed(
    site: Site, headers: Mapping[str, str], visits: tuple[UUID, UUID]
) -> None:
    was, now = visits
    type_in(site, headers, was, notes="interpreter booked")
    says(site, was, "removed_at = now(), appointment_time = appointment_time + interval '7 days'")

    details = site.client.get(f"/sheet/entries/{now}").text

    assert f"{STANDS}: notes." in details
    assert f'data-open="{was}"' in details
