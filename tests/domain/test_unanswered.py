"""What a caller hears of a tool call that no worker answered is true of what it was about."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.tool_words import unanswered
from domain.tools import NOT_NOW, NOT_REACHED, UNDER_WAY, Told
from domain.wishes import Booking, Cancellation, Move, NewNote, NewPatient, Wish, Write
from domain.writes import KeptWrite, WriteState

TEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NOT_MADE = NOT_REACHED.format(left="no appointment was made")
BOOKING = Booking(patient_id="1", start=TEN, minutes=30, practitioner_id="P")


def kept(wish: Wish, state: WriteState) -> KeptWrite:
    return KeptWrite(
        id=UUID(int=1),
        account_id="default",
        connection_id=UUID(int=2),
        state=state,
        write=Write(wish=wish),
        key="k",
        confirmation="K7M234",
    )


@pytest.mark.parametrize(
    ("wish", "done"),
    [
        (BOOKING, "It is booked."),
        (
            Move(appointment_id="A", start=TEN, minutes=30, practitioner_id="P"),
            "The appointment is moved.",
        ),
        (Cancellation(appointment_id="A"), "The appointment is cancelled."),
        (NewPatient(first_name="Ann", last_name="Ames"), "The new patient is registered."),
        (NewNote(patient_id="1", text="late"), "That is done."),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_the_practice_has_taken_is_told_as_what_it_is(wish: Wish, done: str) -> None:
    said = unanswered(kept(wish, WriteState.CONFIRMED), can_text=True)

    assert said.text == f"{done} The confirmation number is K, 7, M, 2, 3, 4."
    assert (said.told, said.is_error) == (Told.CONFIRMED, False)


@pytest.mark.parametrize(
    ("state", "text", "told"),
    [
        (WriteState.SUBMITTED, UNDER_WAY, Told.REQUESTED),
        (WriteState.UNKNOWN, UNDER_WAY, Told.REQUESTED),
        (WriteState.FAILED, NOT_MADE, Told.FAILED),
        (WriteState.WITHDRAWN, NOT_MADE, Told.FAILED),
    ],
)
def test_no_more_is_promised_than_is_known(state: WriteState, text: str, told: Told) -> None:
    said = unanswered(kept(BOOKING, state), can_text=True)

    assert (said.text, said.told) == (text, told)


def test_where_no_move_was_made_the_appointment_is_as_it_was() -> None:
    move = Move(appointment_id="A", start=TEN, minutes=30, practitioner_id="P")

    assert unanswered(kept(move, WriteState.FAILED), can_text=True).text == NOT_REACHED.format(
        left="nothing was changed"
    )


def test_a_call_that_wrote_nothing_could_not_be_carried_out() -> None:
    assert unanswered(None, can_text=True).text == NOT_NOW
