"""A scan, a typed entry and the PMS's row of one visit are one row, in whatever order they come."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.storage.by_hand.given_rows import read_rows
from adapters.storage.by_hand.own_rows import Outcome, Placed, place
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.sheet import linking
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from adapters.storage.sheet.reading import read_entry, read_sheet
from domain.errors import BadInput
from domain.fields import Source
from domain.intake import row_id, sort_page
from domain.sheet import EntryView, Stale
from infra.database import transaction
from tests.storage.desk import ADA, START, VISIT, WINDOW, Desk, moved, rephoned

pytestmark = pytest.mark.integration

SCAN = {
    "start": START.isoformat(),
    "patient_name": "EXAMPLE, Ada",
    "patient_phone": "03 9000 0001",
    "patient_date_of_birth": "1970-01-01",
    "appointment_type": "Telehealth",
}


def post(desk: Desk, *rows: dict[str, Any], source: str = "ocr") -> list[Placed]:
    hand = desk.hand
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        given = read_rows(db, Source(source), rows, timezone="Australia/Melbourne", hand=hand)
        placed = place(db, desk.seal, given, hand=hand)
    return [one for one in placed if isinstance(one, Placed)]


def sheet(desk: Desk) -> dict[UUID, EntryView]:
    day = START.date()
    with transaction(desk.engine, account_id=desk.account) as db:
        read = read_sheet(
            db,
            desk.seal,
            account_id=desk.account,
            first_day=day - timedelta(days=1),
            last_day=day + timedelta(days=1),
            access=desk.hand.access,
        )
    return {one.id: one for one in read.entries}


def order_of(said: str) -> tuple[str, ...]:
    return ("scan", "sync") if said == "scan first" else ("sync", "scan")


def only(desk: Desk) -> EntryView:
    (one,) = sheet(desk).values()
    return one


def test_a_scan_of_nothing_known_is_a_row_of_its_own(desk: Desk) -> None:
    (placed,) = post(desk, SCAN)

    row = only(desk)
    assert (placed.outcome, placed.linked, placed.id) == (Outcome.CREATED, False, row.id)
    assert (row.source, row.is_manual_entry, row.start) == ("ocr", False, START)
    assert row.patient is not None
    assert (row.patient.full_name, row.patient.phone) == ("EXAMPLE, Ada", "(03) 9000 0001")
    assert (row.status, row.duration_minutes) == ("booked", 30)
    assert row.provenance["patient_name"].source == "ocr"
    assert "duration_minutes" not in row.provenance, "nobody told it"


def test_the_same_scan_over_and_over_is_one_row_and_no_write(desk: Desk) -> None:
    (first,) = post(desk, SCAN)
    before = desk.all("SELECT * FROM run_sheet_appointments")

    again = [post(desk, SCAN)[0] for _ in range(3)]

    assert {one.outcome for one in again} == {Outcome.UNCHANGED}
    assert {one.id for one in again} == {first.id}
    assert desk.all("SELECT * FROM run_sheet_appointments") == before


@pytest.mark.parametrize("order", ["scan first", "sync first"])
def test_a_scan_with_the_family_name_first_is_the_same_row(desk: Desk, order: str) -> None:
    given = {**SCAN, "patient_name": "EXAMPLE ADA", "clinician": "Dr Who"}
    without_phone = {key: one for key, one in given.items() if "phone" not in key}

    for source in order_of(order):
        desk.told(VISIT) if source == "sync" else post(desk, without_phone)

    assert only(desk).source == "pms"


@pytest.mark.parametrize("order", ["scan first", "sync first"])
def test_a_scan_nobody_is_sure_of_is_flagged_in_either_order(desk: Desk, order: str) -> None:
    loose = {"start": moved(VISIT, 5).start.isoformat(), "patient_name": "EXAMPLE ADA"}

    for source in order_of(order):
        desk.told(VISIT) if source == "sync" else post(desk, loose)

    scan = next(one for one in sheet(desk).values() if one.source == "ocr")
    assert scan.flags == ("may_be_double",)
    version = scan.version
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    assert sheet(desk)[scan.id].version == version


def test_a_scan_that_names_nobody_is_not_doubled_either(desk: Desk) -> None:
    block = {"kind": "block", "start": START.isoformat(), "appointment_type": "Lunch"}

    outcomes = [post(desk, block)[0].outcome for _ in range(2)]

    assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED]
    assert len(sheet(desk)) == 1


def test_a_scan_after_the_sync_fills_gaps_only(desk: Desk) -> None:
    assert VISIT.patient is not None
    desk.told(replace(VISIT, patient=replace(ADA, phone=None, date_of_birth=None)))

    (placed,) = post(desk, SCAN)

    row = only(desk)
    assert (row.id, row.source) == (desk.id_of(VISIT), "pms")
    assert row.patient is not None
    assert (row.patient.full_name, row.patient.phone) == ("Ada Example", "(03) 9000 0001")
    assert row.provenance["patient_phone"].source == "ocr"
    assert (placed.outcome, placed.id) == (Outcome.LINKED, row.id)


def test_a_sync_after_the_scan_takes_its_place_and_keeps_what_it_lacks(desk: Desk) -> None:
    (placed,) = post(desk, SCAN)

    desk.told(replace(VISIT, patient=replace(ADA, phone=None)))

    row = only(desk)
    assert (row.id, row.source) == (desk.id_of(VISIT), "pms")
    assert row.patient is not None
    assert (row.patient.full_name, row.patient.phone) == ("Ada Example", "(03) 9000 0001")
    assert row.appointment_type == "Review"
    linked = desk.one("SELECT linked_to FROM run_sheet_appointments WHERE id = :id", id=placed.id)
    assert linked["linked_to"] == row.id
    assert post(desk, SCAN)[0].outcome is Outcome.UNCHANGED


def test_a_row_typed_before_the_sync_stands_by_the_rule_of_each_field(desk: Desk) -> None:
    typed = {
        "start": (START + timedelta(minutes=5)).isoformat(),
        "patient_name": "Ada Exemple",
        "patient_phone": "03 9555 0199",
        "patient_date_of_birth": "1970-01-01",
        "notes": "Bring letters.",
    }
    post(desk, typed, source="manual")
    assert only(desk).is_manual_entry

    desk.told(VISIT)

    row = only(desk)
    assert row.id == desk.id_of(VISIT)
    assert row.patient is not None
    assert row.patient.full_name == "Ada Example", "the PMS is preferred"
    assert row.patient.phone == "(03) 9555 0199", "the person is preferred"
    assert row.notes == "from the PMS\nBring letters."
    assert {one.field for one in row.conflicts} == {"patient_phone", "start"}
    assert row.provenance["patient_name"].other is not None


def test_a_row_typed_after_the_sync_is_an_edit_of_it(desk: Desk) -> None:
    desk.told(VISIT)

    (placed,) = post(
        desk,
        {"start": START.isoformat(), "patient_name": "Ada Example", "notes": "Call first."},
        source="manual",
    )

    row = only(desk)
    assert (placed.outcome, placed.linked, placed.id) == (Outcome.LINKED, True, row.id)
    assert row.notes == "from the PMS\nCall first."
    assert row.conflicts == ()
    assert row.provenance["notes"].by == "reception"


def test_a_scan_still_finds_a_visit_that_a_person_moved(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="11:45", patient_name="Ada Exampleson")

    (placed,) = post(desk, SCAN)

    assert placed.linked
    assert only(desk).id == desk.id_of(VISIT)


def test_a_scan_still_finds_its_own_row_after_a_person_corrected_it(desk: Desk) -> None:
    (placed,) = post(desk, SCAN)
    with transaction(desk.engine, account_id=desk.account) as db:
        edit_entry(
            db,
            desk.seal,
            placed.id,
            {"start": "12:30", "patient_name": "Someone Else"},
            expected_version=1,
            hand=desk.hand,
        )

    again = post(desk, SCAN)[0]

    assert (again.id, again.outcome) == (placed.id, Outcome.UNCHANGED)
    desk.told(VISIT)
    assert only(desk).id == desk.id_of(VISIT)


def test_an_old_scan_does_not_bring_back_the_time_the_pms_moved_away_from(desk: Desk) -> None:
    desk.told(VISIT)
    post(desk, SCAN)
    desk.told(moved(VISIT, 90))

    (late,) = post(desk, SCAN)

    assert late.outcome is Outcome.UNCHANGED
    assert only(desk).start == moved(VISIT, 90).start


def test_a_scan_of_the_new_time_is_linked_once_the_sync_has_it_too(desk: Desk) -> None:
    desk.told(VISIT)
    new_time = {**SCAN, "start": moved(VISIT, 90).start.isoformat()}
    post(desk, new_time)
    assert len(sheet(desk)) == 2

    desk.told(moved(VISIT, 90))

    assert only(desk).id == desk.id_of(VISIT)


def test_two_rows_that_may_be_meant_link_nothing_and_a_person_is_told(desk: Desk) -> None:
    twin = replace(VISIT, pms_id="a-2")
    desk.told(VISIT, twin)

    (placed,) = post(desk, SCAN)

    rows = sheet(desk)
    assert len(rows) == 3
    assert list(rows[placed.id].flags) == ["may_be_double"]


def test_a_family_back_to_back_stays_apart(desk: Desk) -> None:
    assert ADA.phone is not None
    desk.told(VISIT)

    (placed,) = post(
        desk,
        {
            "start": moved(VISIT, 10).start.isoformat(),
            "patient_name": "Ben Example",
            "patient_phone": ADA.phone,
        },
    )

    assert placed.outcome is Outcome.CREATED
    assert len(sheet(desk)) == 2


@pytest.mark.parametrize(
    ("named", "is_linked"), [("Strange", False), ("Dr Nobody Knows", True), ("Who", True)]
)
def test_a_clinician_the_pms_knows_contradicts_and_a_new_one_does_not(
    desk: Desk, named: str, *, is_linked: bool
) -> None:
    desk.told(VISIT)
    clinician = desk.connection.clinicians["dr-1"]
    other = desk.one(
        "INSERT INTO run_sheet_clinicians (account_id, name) VALUES ('default', 'Dr Strange')"
        " RETURNING id"
    )["id"]
    for practitioner, column in (("dr-1", clinician), ("dr-2", other)):
        desk.all(
            "INSERT INTO pms_clinician_mappings (account_id, pms_connection_id,"
            " pms_practitioner_id, pms_practitioner_name, run_sheet_clinician_id)"
            " VALUES ('default', :connection, :practitioner, 'x', :column) RETURNING id",
            connection=desk.connection.id,
            practitioner=practitioner,
            column=column,
        )

    (placed,) = post(desk, {**SCAN, "clinician": named})

    assert placed.linked is is_linked


def test_a_typed_row_is_still_seen_when_the_pms_takes_its_row_off(desk: Desk) -> None:
    post(desk, {**SCAN, "notes": "Call first."}, source="manual")
    desk.told(VISIT)

    desk.gone(VISIT)

    row = only(desk)
    assert row.removed
    assert row.notes == "from the PMS\nCall first."


def test_the_hidden_row_is_answered_by_the_one_that_stands_for_it(desk: Desk) -> None:
    (placed,) = post(desk, SCAN)
    desk.told(VISIT)

    with transaction(desk.engine, account_id=desk.account) as db:
        found = read_entry(
            db, desk.seal, placed.id, account_id=desk.account, access=desk.hand.access
        )
        assert found.id == desk.id_of(VISIT)
        with pytest.raises(Stale):
            edit_entry(
                db, desk.seal, placed.id, {"notes": "x"}, expected_version=None, hand=desk.hand
            )


def test_a_scan_drops_what_cannot_be_and_a_person_is_told(desk: Desk) -> None:
    nonsense = {**SCAN, "patient_phone": "12", "status": "l8"}

    post(desk, nonsense)
    with pytest.raises(BadInput, match=r"appointments\[0\]"):
        post(desk, nonsense, source="manual")

    row = only(desk)
    assert list(row.flags) == ["partly_read"]
    assert row.patient is not None
    assert row.patient.phone is None


def test_a_page_without_anybody_waiting_asks_once(desk: Desk) -> None:
    post(desk, {**SCAN, "start": "2026-08-01T09:00:00+10:00"})
    desk.told(VISIT)

    assert len(sheet(desk)) == 1
    assert desk.all("SELECT id FROM run_sheet_appointments WHERE linked_to IS NOT NULL") == []


def test_a_phone_of_the_pms_beats_a_scan_and_keeps_it_as_lost(desk: Desk) -> None:
    post(desk, {**SCAN, "patient_phone": "03 9000 0777"})

    desk.told(rephoned(VISIT, "(03) 9000 0002"))

    row = only(desk)
    assert row.patient is not None
    assert row.patient.phone == "(03) 9000 0002"
    other = row.provenance["patient_phone"].other
    assert other is not None
    assert (other.source, other.value) == ("ocr", "(03) 9000 0777")


def test_a_scan_that_comes_while_a_page_is_being_written_waits_for_it(desk: Desk) -> None:
    placed: list[Placed] = []
    late = Thread(target=lambda: placed.extend(post(desk, SCAN)))
    keyed = [(row_id(desk.connection.id, VISIT), VISIT)]

    with transaction(desk.engine, account_id=desk.account) as db:
        pms = ConnectionSheet(db, desk.connection, desk.seal)
        found = sort_page(
            keyed,
            {},
            connection=desk.connection,
            window=WINDOW,
            fingerprint=desk.sealer.fingerprint,
        )
        pms.apply(found.fresh, at=START, run_id=uuid4())
        late.start()
        while not desk.all("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert late.is_alive()
    late.join(timeout=10)

    assert [one.linked for one in placed] == [True]
    assert only(desk).id == desk.id_of(VISIT)
