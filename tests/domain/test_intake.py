"""Which records belong on the sheet, and which of those need a write."""

import hashlib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.appointments import Appointment, Patient, Status
from domain.connections import Connection, KnownType
from domain.intake import Sorted, Stored, belongs, canonical, filed, row_id, sort_page, told
from domain.window import Window

CLINICIAN = UUID(int=11)
START = datetime(2026, 6, 2, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
CONNECTION = Connection(
    id=UUID(int=1),
    account_id="default",
    vendor="gentu",
    site="1",
    timezone="UTC",
    telehealth_only=False,
    clinicians={"dr-1": CLINICIAN},
    types={"t-off": KnownType(name="Off", sync_enabled=False), "t-on": KnownType(name="On")},
)
VISIT = Appointment(
    pms_id="a-1",
    start=START,
    end=START + timedelta(minutes=30),
    practitioner_id="dr-1",
    patient=Patient(pms_id="p-1", full_name="Ada Example", phone="0390000001"),
)


def mark(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()


def sort(*visits: Appointment, stored: dict[UUID, Stored] | None = None) -> Sorted:
    keyed = [(row_id(CONNECTION.id, one), one) for one in visits]
    return sort_page(keyed, stored or {}, connection=CONNECTION, window=WINDOW, fingerprint=mark)


def held(visit: Appointment, *, is_removed: bool = False) -> dict[UUID, Stored]:
    line = filed(visit, CLINICIAN, timezone=CONNECTION.timezone)
    return {row_id(CONNECTION.id, visit): Stored(mark(line), is_removed)}


@pytest.mark.parametrize(
    ("change", "telehealth_only", "wanted"),
    [
        ({}, False, True),
        ({"practitioner_id": "dr-2"}, False, False),
        ({"practitioner_id": None}, False, True),
        ({"type_id": "t-on"}, False, True),
        ({"type_id": "t-off"}, False, False),
        ({"type_id": "t-unheard-of"}, False, True),
        ({"removed": True}, False, False),
        ({}, True, False),
        ({"is_telehealth": True}, True, True),
        ({"patient": None}, False, True),
    ],
)
def test_the_connection_s_own_filters_decide_what_belongs(
    change: dict[str, Any], telehealth_only: bool, wanted: bool
) -> None:
    connection = replace(CONNECTION, telehealth_only=telehealth_only)

    assert belongs(replace(VISIT, **change), connection) is wanted


def test_a_new_record_is_fresh_and_has_its_column() -> None:
    found = sort(VISIT)

    (one,) = found.fresh
    assert (one.clinician_id, one.appointment) == (CLINICIAN, VISIT)
    assert (found.unchanged, found.skipped, found.is_quiet) == (0, 0, False)


def test_a_record_as_stored_is_left_alone() -> None:
    found = sort(VISIT, stored=held(VISIT))

    assert (found.fresh, found.unchanged, found.is_quiet) == ([], 1, True)
    assert found.seen == [row_id(CONNECTION.id, VISIT)]


def test_a_record_is_fresh_in_another_time_zone() -> None:
    moved = replace(CONNECTION, timezone="Australia/Perth")
    keyed = [(row_id(CONNECTION.id, VISIT), VISIT)]

    found = sort_page(keyed, held(VISIT), connection=moved, window=WINDOW, fingerprint=mark)

    assert [one.appointment for one in found.fresh] == [VISIT]


def test_a_record_that_comes_back_is_fresh_although_nothing_in_it_changed() -> None:
    assert len(sort(VISIT, stored=held(VISIT, is_removed=True)).fresh) == 1


def test_a_row_that_no_longer_belongs_leaves_once() -> None:
    other = replace(VISIT, practitioner_id="dr-2")
    row = row_id(CONNECTION.id, VISIT)

    leaving = sort(other, stored=held(VISIT))
    gone = sort(other, stored=held(VISIT, is_removed=True))
    never = sort(other)

    assert (list(leaving.leaving), leaving.skipped) == ([row], 1)
    assert gone.leaving == never.leaving == {}


def test_a_record_beyond_the_window_concerns_us_only_if_we_hold_its_row() -> None:
    away = replace(VISIT, start=WINDOW.end, end=WINDOW.end + timedelta(minutes=30))

    assert sort(away).seen == []
    moved = sort(away, stored=held(VISIT))
    assert [one.appointment for one in moved.fresh] == [away]


def test_a_record_sent_twice_on_a_page_is_written_once_as_it_came_last() -> None:
    later = replace(VISIT, notes="second")

    (one,) = sort(VISIT, later).fresh

    assert one.appointment.notes == "second"


def test_the_patients_of_a_group_are_rows_of_their_own() -> None:
    assert VISIT.patient is not None
    other = replace(VISIT, patient=replace(VISIT.patient, pms_id="p-2"))
    nobody = replace(VISIT, patient=None)

    ids = {row_id(CONNECTION.id, one) for one in (VISIT, other, nobody)}

    assert len(ids) == 3
    assert row_id(CONNECTION.id, VISIT) in ids
    assert row_id(UUID(int=2), VISIT) not in ids


CHANGES: dict[str, Any] = {
    "pms_id": "a-2",
    "start": START + timedelta(minutes=1),
    "end": START + timedelta(minutes=31),
    "status": Status.ARRIVED,
    "status_raw": "here",
    "is_telehealth": True,
    "type_id": "t-on",
    "type_name": "On",
    "practitioner_id": "dr-2",
    "notes": "note",
    "telehealth_link": "https://example.com/a",
    "telehealth_host_link": "https://example.com/b",
    "flags": frozenset({"gap"}),
    "patient": None,
    "version": "2026-06-01T10:00:00",
    "facility_id": "f-2",
    "referral_id": "r-2",
}
# The name is the column's, which comes from the mapping; a removed record has no row to compare;
# nothing of an origin is shown.
NOT_SHOWN = {"practitioner_name", "removed", "origin"}


def test_every_field_of_an_appointment_is_looked_at() -> None:
    assert {one.name for one in fields(Appointment)} == set(CHANGES) | NOT_SHOWN


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_a_change_of_any_field_is_noticed(field: str) -> None:
    changed = replace(VISIT, **{field: CHANGES[field]})

    assert canonical(changed, CLINICIAN) != canonical(VISIT, CLINICIAN)


@pytest.mark.parametrize("field", [one.name for one in fields(Patient)])
def test_a_change_of_any_field_of_the_patient_is_noticed(field: str) -> None:
    assert VISIT.patient is not None
    changed = replace(VISIT, patient=replace(VISIT.patient, **{field: "changed"}))

    assert canonical(changed, CLINICIAN) != canonical(VISIT, CLINICIAN)


def test_a_pms_without_marks_of_its_rows_reads_as_ever() -> None:
    """Or every row of every practice would be looked at again for nothing."""
    marked = canonical(replace(VISIT, version="v-1"), CLINICIAN)

    assert marked == canonical(VISIT, CLINICIAN)[:-1] + b", 'v-1', None)"


def test_a_pms_without_referrals_reads_as_ever() -> None:
    referred = canonical(replace(VISIT, referral_id="r-1"), CLINICIAN)

    assert referred == canonical(VISIT, CLINICIAN)[:-1] + b", ('referral', 'r-1'))"


def test_another_column_is_noticed() -> None:
    assert canonical(VISIT, UUID(int=12)) != canonical(VISIT, CLINICIAN)


@given(st.sets(st.text(max_size=5), max_size=4))
def test_the_order_of_flags_is_no_change(flags: set[str]) -> None:
    one = replace(VISIT, flags=frozenset(flags))
    other = replace(VISIT, flags=frozenset(sorted(flags, reverse=True)))

    assert canonical(one, CLINICIAN) == canonical(other, CLINICIAN)


@given(notes=st.text(max_size=10), name=st.text(max_size=10))
def test_what_stands_in_one_field_cannot_be_taken_for_another(notes: str, name: str) -> None:
    one = replace(VISIT, notes=notes, type_name=name)
    other = replace(VISIT, notes=name, type_name=notes)

    assert (canonical(one, CLINICIAN) == canonical(other, CLINICIAN)) == (notes == name)


def test_a_row_is_known_by_the_line_it_was_printed_from_before() -> None:
    visit = replace(
        VISIT,
        start=datetime(2026, 6, 2, tzinfo=UTC),
        end=datetime(2026, 6, 2, 0, 15, tzinfo=UTC),
        is_telehealth=True,
        notes="Bring\nforms",
        flags=frozenset({"gap", "fold"}),
        patient=Patient(pms_id="p-1", full_name="Ann O'Example"),
    )

    assert canonical(visit, UUID(int=11)) == (
        b"(1, 'a-1', '2026-06-02T00:00:00+00:00', '2026-06-02T00:15:00+00:00', 'booked', None, "
        b"True, None, None, 'dr-1', UUID('00000000-0000-0000-0000-00000000000b'), "
        b"""'Bring\\nforms', None, None, ['fold', 'gap'], """
        b"""('p-1', "Ann O'Example", None, None, None, None, None))"""
    )


def test_what_the_pms_said_is_written_as_it_was_when_rows_were_printed_before() -> None:
    visit = Appointment(
        pms_id="a-1",
        start=datetime(2026, 6, 2, 0, tzinfo=UTC),
        end=datetime(2026, 6, 2, 0, 15, tzinfo=UTC),
        patient=Patient(pms_id="p-1", full_name="Ann O'Example"),
    )
    rest = (
        b"""'a-1', 15, 'booked', False, None, None, None, None, None, None, """
        b"""('p-1', "Ann O'Example", None, None, None, None, None))"""
    )

    assert told(visit, timezone="Australia/Melbourne") == (
        b"('2026-06-02T00:00:00+00:00', " + rest,
        b"('2026-06-02T10:00:00', " + rest,
    )


def test_what_was_told_before_does_not_change_how_an_instant_is_written() -> None:
    east = timezone(timedelta(hours=10))
    told(VISIT, timezone="Australia/Melbourne")

    by_instant, by_wall = told(
        replace(VISIT, start=VISIT.start.astimezone(east)), timezone="Australia/Melbourne"
    )

    assert by_instant.startswith(f"('{VISIT.start.astimezone(east).isoformat()}'".encode())
    assert by_wall == told(VISIT, timezone="Australia/Melbourne")[1]


def test_a_print_that_is_stamped_on_a_row_leaves_it_the_row_it_was() -> None:
    stamped = replace(VISIT)

    stamped.stamp(b"print")

    assert (stamped, hash(stamped), stamped.origin) == (VISIT, hash(VISIT), b"print")
