"""Wishes on their way through the ledger: plain JSON and back."""

from datetime import UTC, date, datetime

import pytest

from domain.wishes import Cancellation, LastTold, Move, StatusChange, Wish, Write, WriteKind

DAY = date(2026, 6, 2)
TOLD = LastTold(
    start=datetime(2026, 6, 2, 8, tzinfo=UTC), minutes=15, status="booked", practitioner_id="c-1"
)
MADE: dict[WriteKind, Wish] = {
    WriteKind.RESCHEDULE: Move(
        appointment_id="a-1",
        start=datetime(2026, 6, 2, 9, tzinfo=UTC),
        minutes=30,
        practitioner_id="c-1",
        expected_version="v-1",
        day=DAY,
        last_told=TOLD,
    ),
    WriteKind.CANCEL: Cancellation(appointment_id="a-1", expected_version="v-1", day=DAY),
    WriteKind.SET_STATUS: StatusChange(
        appointment_id="a-1",
        status="arrived",
        expected_version="v-1",
        day=DAY,
        last_told=LastTold(status="booked"),
    ),
}


@pytest.mark.parametrize("kind", MADE, ids=str)
def test_a_wish_comes_back_as_it_was_kept(kind: WriteKind) -> None:
    write = Write(wish=MADE[kind])

    again = Write.from_document(write.kind, write.as_document())

    assert (again.kind, again.wish) == (kind, MADE[kind])


def test_a_wish_kept_before_there_were_versions_still_opens() -> None:
    old = {"appointment_id": "a-1", "patient_id": None, "reason": None}

    assert Write.from_document(WriteKind.CANCEL, old).wish == Cancellation(appointment_id="a-1")
