"""What is asked for once more, and what is asked for anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.sameness import again
from domain.wishes import Booking, Cancellation, Move, Wish, Write
from domain.writes import KeptWrite, NewWrite, WriteState

PRACTICE = UUID(int=1)
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
OWN, OTHER = "call-1", "call-2"
BOOKING = Booking(patient_id="p-1", start=NINE, minutes=30, practitioner_id="lee")
CANCELLATION = Cancellation(appointment_id="a-1")


def move(start: datetime) -> Move:
    return Move(appointment_id="a-1", start=start, minutes=30, practitioner_id="lee")


def asked(wish: Wish) -> NewWrite:
    return NewWrite(
        connection_id=PRACTICE,
        write=Write(wish=wish),
        key="new",
        asked_by="voice",
        trace_id="t",
        call_id=OWN,
    )


def kept(wish: Wish, state: WriteState, *, call_id: str = OTHER) -> KeptWrite:
    return KeptWrite(
        id=UUID(int=2),
        account_id="default",
        connection_id=PRACTICE,
        state=state,
        write=Write(wish=wish),
        key="old",
        confirmation="1234567",
        call_id=call_id,
    )


@pytest.mark.parametrize("wish", [BOOKING, move(TEN), CANCELLATION])
def test_what_another_call_has_under_way_is_the_same(wish: Wish) -> None:
    earlier = kept(wish, WriteState.SUBMITTED)

    assert again(asked(wish), [earlier]) is earlier


@pytest.mark.parametrize(
    ("wish", "is_same"), [(BOOKING, False), (move(TEN), False), (CANCELLATION, True)]
)
def test_of_what_another_call_has_done_only_a_cancellation_is_not_done_anew(
    wish: Wish, is_same: bool
) -> None:
    earlier = kept(wish, WriteState.CONFIRMED)

    assert (again(asked(wish), [earlier]) is earlier) == is_same


def test_a_move_that_the_call_has_made_itself_is_not_made_twice() -> None:
    earlier = kept(move(TEN), WriteState.CONFIRMED, call_id=OWN)

    assert again(asked(move(TEN)), [earlier]) is earlier


def test_a_booking_of_the_same_call_is_found_without_us() -> None:
    assert again(asked(BOOKING), [kept(BOOKING, WriteState.SUBMITTED, call_id=OWN)]) is None


def test_what_was_moved_meanwhile_is_moved_back() -> None:
    latest, first = (kept(move(to), WriteState.CONFIRMED, call_id=OWN) for to in (NINE, TEN))

    assert again(asked(move(TEN)), [latest, first]) is None
    assert again(asked(move(NINE)), [latest, first]) is latest


@pytest.mark.parametrize("state", [WriteState.FAILED, WriteState.WITHDRAWN])
def test_what_came_to_nothing_is_asked_for_anew(state: WriteState) -> None:
    assert again(asked(CANCELLATION), [kept(CANCELLATION, state)]) is None


def test_nobody_is_given_what_was_asked_for_somebody_else_or_another_time() -> None:
    earlier = kept(BOOKING, WriteState.SUBMITTED)

    assert again(asked(replace(BOOKING, patient_id="p-2")), [earlier]) is None
    assert again(asked(replace(BOOKING, start=TEN)), [earlier]) is None
    assert again(asked(CANCELLATION), [earlier]) is None
