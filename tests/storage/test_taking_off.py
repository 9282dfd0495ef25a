"""Who took a row off is told, and what was typed by hand has nothing beneath it to go back to."""

import pytest

from adapters.storage.by_hand.sheet_edits import revert_field
from adapters.storage.by_hand.undoing import take_off, undo_row
from domain.board import lay_out
from domain.errors import BadInput
from domain.sheet import Column, EntryView, Settled
from infra.database import transaction
from tests.storage.desk import START, VISIT, Desk
from tests.storage.test_linking import SCAN, only, post
from tests.storage.test_undoing import run, undo

pytestmark = pytest.mark.integration

TYPED = {"start": START.isoformat(), "patient_name": "Ada Example", "patient_phone": "03 9000 0001"}


def undo_all(desk: Desk, entry: EntryView) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        undo_row(db, desk.seal, entry.id, expected_version=None, hand=desk.hand)


def back(desk: Desk, entry: EntryView, field: str) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        revert_field(db, desk.seal, entry.id, field, expected_version=None, hand=desk.hand)


def test_a_row_of_an_undone_run_says_who_undid_it(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))

    row = only(desk)
    assert (row.removed, row.is_undone, row.undone_by) == (True, True, "reception")
    assert row.undone_at is not None
    assert row.clinician_id is not None
    known = [Column(id=row.clinician_id, name="Dr Who")]
    (column,) = lay_out(START.date(), known, [row]).columns
    assert (column.expected, column.undone) == (0, 1)


def test_a_column_tells_what_was_taken_off_from_what_was_undone(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))
    row = only(desk)
    assert row.clinician_id is not None
    known = [Column(id=row.clinician_id, name="Dr Who")]

    for connected, counts in ({desk.connection.id}, (1, 0)), (set(), (0, 1)):
        (column,) = lay_out(START.date(), known, [row], connected=connected).columns
        assert (column.undone, column.taken_off) == counts


def test_a_row_that_the_pms_dropped_was_undone_by_nobody(desk: Desk) -> None:
    desk.told(VISIT)
    desk.gone(VISIT)

    row = only(desk)
    assert (row.removed, row.is_undone, row.undone_by) == (True, False, None)


def test_a_row_of_our_own_says_who_took_it_off(desk: Desk) -> None:
    post(desk, TYPED, source="manual")
    entry = only(desk).id
    with transaction(desk.engine, account_id=desk.account) as db:
        take_off(db, desk.seal, entry, expected_version=None, hand=desk.hand)

    assert (only(desk).undone_by, only(desk).is_undone) == ("reception", False)


def test_undoing_everything_in_a_row_that_is_undone_is_refused(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))
    before = only(desk).version

    with pytest.raises(Settled, match="off the sheet already"):
        undo_all(desk, only(desk))

    assert only(desk).version == before


@pytest.mark.parametrize("field", ["patient_name", "start", "patient_phone", "status"])
def test_what_was_typed_by_hand_has_nothing_to_go_back_to(desk: Desk, field: str) -> None:
    post(desk, {**TYPED, "status": "confirmed"}, source="manual")
    row = only(desk)

    is_assumed = field == "status"
    assert row.can_undo(field) is is_assumed
    if not is_assumed:
        with pytest.raises(BadInput, match="nothing to go back to"):
            back(desk, row, field)
        assert only(desk).patient == row.patient


def test_what_was_typed_over_a_scan_goes_back_to_the_scan(desk: Desk) -> None:
    post(desk, SCAN)
    post(desk, {**TYPED, "patient_name": "Ada Maria Example"}, source="manual")
    row = only(desk)

    assert row.can_undo("patient_name")
    back(desk, row, "patient_name")

    patient = only(desk).patient
    assert patient is not None
    assert patient.full_name == "EXAMPLE, Ada"
