"""The text that tells what became of a request, days later and on its own."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.tool_words import text_of, unsettled_text
from domain.wishes import Booking, Cancellation, Wish, Write
from domain.writes import KeptWrite, WriteState

FIVE = datetime(2026, 11, 23, 17, tzinfo=UTC)
BOOKING = Booking(patient_id="p", start=FIVE, minutes=30, practitioner_id="d")
CANCELLATION = Cancellation(appointment_id="a", start=FIVE)


def kept(wish: Wish, state: WriteState) -> KeptWrite:
    return KeptWrite(
        id=uuid4(),
        account_id="default",
        connection_id=uuid4(),
        state=state,
        write=Write(wish=wish),
        key="k",
        confirmation="K7M2QP",
    )


@pytest.mark.parametrize(
    ("wish", "state", "said"),
    [
        (
            CANCELLATION,
            WriteState.CONFIRMED,
            (
                "Example: your appointment on Monday 23 November 2026 at 5 pm is cancelled."
                " Confirmation number K7M2QP."
            ),
        ),
        (
            BOOKING,
            WriteState.CONFIRMED,
            (
                "Example: your appointment is confirmed for Monday 23 November 2026 at 5 pm."
                " Confirmation number K7M2QP."
            ),
        ),
        (
            CANCELLATION,
            WriteState.FAILED,
            (
                "Example: we are sorry, your wish to cancel the appointment on Monday 23 November"
                " 2026 at 5 pm could not be carried out. Please call us so that we can find another"
                " way."
            ),
        ),
        (
            Cancellation(appointment_id="a"),
            WriteState.CONFIRMED,
            "Example: your appointment is cancelled. Confirmation number K7M2QP.",
        ),
    ],
)
def test_a_text_says_which_appointment_it_is_about(
    wish: Wish, state: WriteState, said: str
) -> None:
    assert text_of(kept(wish, state), "Example", "UTC") == said


def test_a_text_of_what_nobody_knows_says_which_appointment_too() -> None:
    said = unsettled_text(kept(CANCELLATION, WriteState.UNKNOWN), "Example", "UTC")

    assert "cancel the appointment on Monday 23 November 2026 at 5 pm." in said
