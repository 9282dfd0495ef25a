"""Which writes a row needs so that its PMS says what the sheet shows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.appointments import Status
from domain.errors import Refused
from domain.fields import Cell, Given, Source
from domain.pushes import (
    NO_COLUMN,
    Place,
    differing,
    disputed,
    may_be_set,
    next_push,
    sent,
    told_of,
)
from domain.wishes import Cancellation, LastTold, Move, StatusChange

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
START = datetime(2026, 6, 2, 15, tzinfo=UTC)
HERS, HIS = UUID(int=1), UUID(int=2)
SAID: Mapping[str, Any] = {
    "start": START,
    "duration_minutes": 30,
    "clinician": HERS,
    "status": "booked",
    "patient_name": "Ada Example",
}
PLACE = Place(
    pms_id="a-1",
    day=date(2026, 6, 2),
    patient_id="p-1",
    practitioner_id="c-1",
    version="v-1",
    columns={"c-1": HERS, "c-2": HIS},
)
MARKED: dict[str, Any] = {"appointment_id": "a-1", "patient_id": "p-1", "expected_version": "v-1"}
MARKED |= {"day": date(2026, 6, 2)}


def row(said: Mapping[str, Any] = SAID, /, **ours: Any) -> dict[str, Cell]:
    """What the PMS said, and what a person typed over it."""
    told = {name: Given(value, Source.PMS, AT) for name, value in said.items()}
    typed = {name: Given(value, Source.MANUAL, AT, "person:ann") for name, value in ours.items()}
    return {
        **{name: Cell.of(one) for name, one in told.items()},
        **{name: Cell.of(one, base=told.get(name)) for name, one in typed.items()},
    }


@pytest.mark.parametrize(
    "ours", [{}, {"patient_name": "Ada E."}, {"status": "booked"}, {"duration_minutes": 30}]
)
def test_a_row_that_says_what_its_pms_says_needs_no_write(ours: dict[str, Any]) -> None:
    cells = row(**ours)

    assert differing(cells) == frozenset()
    assert next_push(cells, PLACE) is None


def test_a_change_of_status_is_one_write_with_the_version_it_was_read_at() -> None:
    assert next_push(row(status="arrived"), PLACE) == StatusChange(status="arrived", **MARKED)


def test_calling_off_is_a_cancellation_and_moves_nothing() -> None:
    cells = row(status="cancelled", start=START + timedelta(hours=1))

    assert next_push(cells, PLACE) == Cancellation(**MARKED)


def test_what_is_called_off_on_both_sides_goes_nowhere() -> None:
    cells = row({**SAID, "status": "cancelled"}, start=START + timedelta(hours=1))

    assert next_push(cells, PLACE) is None


def test_another_time_is_a_move_that_keeps_the_rest() -> None:
    later = START + timedelta(hours=1)

    assert next_push(row(start=later), PLACE) == Move(
        start=later, minutes=30, practitioner_id="c-1", **MARKED
    )


def test_another_clinician_is_a_move_to_their_column() -> None:
    found = next_push(row(clinician=HIS), PLACE)

    assert isinstance(found, Move)
    assert found.practitioner_id == "c-2"


def test_a_clinician_without_a_column_at_the_pms_is_said_so() -> None:
    with pytest.raises(Refused, match=NO_COLUMN):
        next_push(row(clinician=UUID(int=9)), PLACE)


def test_of_two_columns_of_one_clinician_the_present_one_stays() -> None:
    place = replace(PLACE, columns={"c-0": HERS, "c-1": HERS})

    found = next_push(row(duration_minutes=45), place)

    assert isinstance(found, Move)
    assert found.practitioner_id == "c-1"


def test_the_place_is_put_right_before_the_status() -> None:
    assert isinstance(next_push(row(status="arrived", duration_minutes=45), PLACE), Move)


def test_a_visit_is_called_back_before_it_moves() -> None:
    cells = row({**SAID, "status": "cancelled"}, status="booked", duration_minutes=45)

    assert next_push(cells, PLACE) == StatusChange(status="booked", **MARKED)


def test_a_field_that_both_sides_changed_is_disputed() -> None:
    cells = row(status="arrived")
    cells["status"] = replace(cells["status"], losing=Given("no_show", Source.PMS, AT))

    assert disputed(cells) == {"status"}


@pytest.mark.parametrize(
    ("push", "left"),
    [
        (Cancellation(appointment_id="a-1"), {"status": "cancelled"}),
        (StatusChange(appointment_id="a-1", status="arrived"), {"status": "arrived"}),
        (
            Move(appointment_id="a-1", start=START, minutes=45, practitioner_id="c-2"),
            {"start": START, "duration_minutes": 45, "clinician": HIS},
        ),
    ],
    ids=["cancelled", "arrived", "moved"],
)
def test_what_a_write_leaves_there_is_known(push: Any, left: Mapping[str, Any]) -> None:
    assert sent(push, columns=PLACE.columns) == left


def test_a_write_carries_what_the_pms_said_last_not_what_was_typed_over_it() -> None:
    cells = row(start=START + timedelta(hours=1), status="arrived")
    told = told_of(cells, practitioner_id="c-1", status_raw=None)

    assert told == LastTold(start=START, minutes=30, status="booked", practitioner_id="c-1")
    wish = next_push(cells, replace(PLACE, version=None, last_told=told))
    assert wish is not None and wish.last_told == told


def test_a_confirmation_that_cannot_be_given_cannot_be_taken_back() -> None:
    takes = {Status.BOOKED, Status.ARRIVED}
    confirmed = row({**SAID, "status": "confirmed"}, status="arrived")

    assert may_be_set(confirmed, takes) == {Status.ARRIVED, Status.CONFIRMED}
    assert may_be_set(confirmed, {*takes, Status.CONFIRMED}) == {*takes, Status.CONFIRMED}
    assert may_be_set(row(status="arrived"), takes) == takes
    assert may_be_set({}, takes) == takes


def test_what_a_run_said_and_somebody_undid_is_not_known() -> None:
    told = told_of(
        row(), practitioner_id="c-1", status_raw="9", undone=["status", "clinician", "start"]
    )

    assert told == LastTold(minutes=30)
