"""What every desk must keep where it writes; each is a sentence about a played one."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from domain.desk import PatientCard, PatientQuery, Verdict
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.wishes import Booking, Cancellation, Move, NewPatient
from infra.clock import system_clock
from tests.contract.desks import (
    AT_ONCE,
    LATER,
    MINUTES,
    Ends,
    Played,
    Row,
    answered,
    end,
    start,
    written,
)
from tests.contract.kit import is_shown_twice

PAGE = b"<html><body>Canary Example</body></html>"
SAID = b'{"message": "Canary Example, born 1984-12-10"}'


def books_what_was_asked_for_once_and_says_which_it_is(played: Played) -> None:
    wish, before = played.a_booking(), played.truth()

    found = played.carried(wish)

    (made,) = _new(played, before)
    assert (found.verdict, found.pms_id) == (Verdict.DONE, made["id"])
    assert _is_as(made, wish, played)
    assert _changed(played, before) == []


def books_no_other_hour_where_the_clock_shows_one_twice(played: Played) -> None:
    """The second, told without its offset, is the first: the patient would come an hour early."""
    zone, before = ZoneInfo(played.connection.timezone), played.truth()
    today = system_clock().astimezone(zone).replace(minute=0, second=0, microsecond=0)
    hours = (today + timedelta(hours=each) for each in range(366 * 24))
    second = next(at.replace(fold=1) for at in hours if is_shown_twice(at))

    with suppress(Refused):
        played.carried(played.a_booking(start=second.astimezone(UTC)))
    assert {start(one) for one in _new(played, before)} <= {second.astimezone(UTC)}


def calls_nothing_done_that_is_not_in_the_book(played: Played) -> None:
    """Until the book has it a write is under way; a caller is told "confirmed" by this word."""
    desk, write, before = played.desk(), written(played.a_booking()), played.truth()
    receipt = desk.submit(write)
    if receipt.is_final:
        assert receipt.pms_id in played.truth().keys() - before.keys()
        return
    while desk.outcome(write, receipt).verdict is not Verdict.DONE:
        Event().wait(0.05)
    assert len(_new(played, before)) == 1
    played.followed(desk, write, receipt)


def hands_out_what_a_write_was_paid_with(played: Played) -> None:
    """Else a vendor clock that was lost would be rebuilt without it."""
    desk, write = played.desk(), written(played.a_booking())
    paid = len(played.throttle.spends)

    receipt = desk.submit(write)

    spent = sum(map(len, played.throttle.spends[paid:]))
    assert len(desk.drain_spent()) == spent > 0
    played.followed(desk, write, receipt)


def tells_a_booking_whose_answer_was_lost_from_the_book(played: Played) -> None:
    wish, before, version = played.a_booking(), played.truth(), played.version()
    sent = len(played.line.writes)

    write = played.doubted(wish, serves=Ends.LOST)
    played.settles(version)

    (made,) = _new(played, before)
    found = played.read_back(write)
    assert (found.verdict, found.pms_id) == (Verdict.DONE, made["id"])
    assert len(played.line.writes) == sent + 1, "a write is sent once, whatever came of it"


def does_not_take_a_booking_that_never_came_for_done(played: Played) -> None:
    wish, before = played.a_booking(), played.truth()

    write = played.doubted(wish, serves=Ends.NEVER_THERE)

    for after in (AT_ONCE, LATER):
        assert played.read_back(write, after=after).verdict is not Verdict.DONE
    assert _new(played, before) == []


def does_not_take_another_booking_at_that_time_for_ours(played: Played) -> None:
    """Somebody else's with whom was wished for, and the patient's own with somebody else."""
    row = played.a_visit()
    person, who = row["patients"][0]["id"], row["practitioner_id"]
    rows = [one for one in played.truth().values() if one["patients"]]
    other = next(one["patients"][0]["id"] for one in rows if one["patients"][0]["id"] != person)
    elsewhere = next(one["practitioner_id"] for one in rows if one["practitioner_id"] != who)
    for patient_id, practitioner_id in ((other, who), (person, elsewhere)):
        wish = played.a_booking()
        write = played.doubted(wish, serves=Ends.NEVER_THERE)

        played.control(
            "appointments",
            start_utc=wish.start.isoformat(),
            minutes=MINUTES,
            patient_ids=[patient_id],
            practitioner_id=practitioner_id,
        )

        assert played.read_back(write).verdict is not Verdict.DONE


def is_in_doubt_where_an_answer_says_nothing_of_what_was_done(played: Played) -> None:
    """A gateway that gave up, or a page in the answer's place: the write may have come."""
    for answer in (answered(500), answered(502), answered(504), answered(200, PAGE)):
        played.doubted(played.a_booking(), serves=answer)


def leaves_nothing_in_doubt_that_certainly_never_left(played: Played) -> None:
    before = played.truth()
    played.line.serves = Ends.UNSENT

    with pytest.raises(Transient):
        played.desk().submit(written(played.a_booking()))
    assert _new(played, before) == []


def says_that_it_was_refused_and_nothing_of_the_patient(played: Played) -> None:
    for status in (400, 422):
        played.line.serves = answered(status, SAID)
        with pytest.raises(Refused) as refusal:
            played.desk().submit(written(played.a_booking(reason="Canary, and why they come")))

        told = f"{refusal.value!r} {refusal.value.__cause__!r}"
        assert "Canary" not in told and "1984" not in told


def waits_where_the_vendor_says_wait_with_nothing_done(played: Played) -> None:
    before, sent = played.truth(), len(played.line.writes)
    headers = {"retry-after": "17"}
    played.line.serves = answered(429, b"{}", **headers)

    with pytest.raises(Throttled):
        played.desk().submit(written(played.a_booking()))
    assert _new(played, before) == []
    assert len(played.line.writes) == sent + 1


def moves_a_visit_and_nothing_else(played: Played) -> None:
    row, before = played.a_visit(), played.truth()
    wish = _move(played, row)

    found = played.carried(wish)

    now = played.truth()[row["id"]]
    assert (found.verdict, found.pms_id) == (Verdict.DONE, row["id"])
    assert (start(now), end(now) - start(now)) == (wish.start, end(row) - start(row))
    assert played.whose(now) == played.whose(row)
    assert now["patients"] == row["patients"]
    assert _changed(played, before) == [row["id"]]
    assert _new(played, before) == []


def moves_a_visit_to_somebody_else(played: Played) -> None:
    row = played.a_visit()
    every = played.truth().values()
    other = next(one for one in every if played.whose(one) != played.whose(row))
    wish = replace(_move(played, row), practitioner_id=played.whose(other))

    found = played.carried(wish)

    now = played.truth()[row["id"]]
    assert found.verdict is Verdict.DONE
    assert (start(now), played.whose(now)) == (wish.start, played.whose(other))


def tells_a_move_whose_answer_was_lost_from_the_book(played: Played) -> None:
    row, version = played.a_visit(), played.version()
    write = played.doubted(_move(played, row), serves=Ends.LOST)
    played.settles(version)

    found = played.read_back(write)

    assert (found.verdict, found.pms_id) == (Verdict.DONE, row["id"])


def does_not_take_a_move_that_never_came_for_done(played: Played) -> None:
    write = played.doubted(_move(played, played.a_visit()), serves=Ends.NEVER_THERE)

    assert played.read_back(write).verdict is not Verdict.DONE


def cancels_a_visit_and_nothing_else(played: Played) -> None:
    row, before = played.a_visit(), played.truth()

    found = played.carried(_cancel(row))

    assert (found.verdict, found.pms_id) == (Verdict.DONE, row["id"])
    assert played.truth()[row["id"]]["meaning"] == "cancelled"
    assert _changed(played, before) == [row["id"]]
    assert row["id"] not in {one.pms_id for one in played.desk().busy(played.window())}


def does_not_take_a_cancellation_that_never_came_for_done(played: Played) -> None:
    """Whoever still has the appointment would be told that it is off."""
    row = played.a_visit()
    write = played.doubted(_cancel(row), serves=Ends.NEVER_THERE)

    for after in (AT_ONCE, LATER):
        assert played.read_back(write, after=after).verdict is not Verdict.DONE
    assert played.truth()[row["id"]]["meaning"] == "booked"


def does_not_say_that_what_was_lost_and_done_was_not(played: Played) -> None:
    """Told "it did not work", a caller books again: there would be two."""
    row, version = played.a_visit(), played.version()
    write = played.doubted(_cancel(row), serves=Ends.LOST)
    played.settles(version)

    assert played.read_back(write).verdict is not Verdict.FAILED


def refuses_to_change_what_is_not_there(played: Played) -> None:
    before = played.truth()
    row = {**played.a_visit(), "id": "90210"}
    for wish in (_cancel(row), _move(played, row)):
        try:
            found = played.carried(wish)
        except SyncError:
            continue
        assert found.verdict is not Verdict.DONE
    assert played.truth() == before


def makes_a_patient_once_who_is_found_from_then_on(played: Played) -> None:
    wish = _newcomer(played)

    found = played.carried(wish)

    assert found.verdict is Verdict.DONE
    (card,) = _found(played, wish)
    assert found.pms_id in {None, card.patient.pms_id}
    assert (card.patient.first_name, card.patient.last_name) == (wish.first_name, wish.last_name)
    assert wish.phone in card.phones


def makes_no_second_patient_where_the_answer_was_lost(played: Played) -> None:
    wish, sent = _newcomer(played), len(played.line.writes)

    write = played.doubted(wish, serves=Ends.LOST)
    until_found = played.desk()
    while not until_found.search_patients(_by_birth(wish)):
        Event().wait(0.05)

    assert played.read_back(write).verdict is not Verdict.FAILED
    assert len(played.line.writes) == sent + 1
    assert len(_found(played, wish)) == 1


def asks_for_a_person_where_it_is_signed_out(played: Played) -> None:
    before = played.truth()
    refusals = played.told.get("refusals", ["401"])
    played.control("faults", scripts=[{"fault": one, "times": 50} for one in refusals])
    try:
        with pytest.raises(NeedsReconnect):
            played.desk().submit(written(played.a_booking()))
    finally:
        played.simulator.delete("/_sim/faults").raise_for_status()
    assert _new(played, before) == []


def _move(played: Played, row: Row) -> Move:
    return Move(
        appointment_id=row["id"],
        start=played.a_time(),
        minutes=int((end(row) - start(row)) / timedelta(minutes=1)),
        practitioner_id=played.whose(row),
        operatory_id=row.get("operatory"),
        patient_id=row["patients"][0]["id"],
        day=start(row).date(),
    )


def _cancel(row: Row) -> Cancellation:
    return Cancellation(
        appointment_id=row["id"],
        patient_id=row["patients"][0]["id"],
        start=start(row),
        day=start(row).date(),
    )


def _newcomer(played: Played) -> NewPatient:
    """With a name and a number that nobody has yet."""
    count = len(played.line.asked)
    letters = "".join(chr(ord("a") + int(one)) for one in str(count))
    return NewPatient(
        first_name="Ann",
        last_name=f"Example{letters}",
        date_of_birth=start(played.a_visit()).date().replace(year=1984),
        phone=f"+1212555{count % 10_000:04d}",
        practitioner_id=played.whose(played.a_visit()),
    )


def _by_birth(wish: NewPatient) -> PatientQuery:
    return PatientQuery(last_name=wish.last_name, date_of_birth=wish.date_of_birth)


def _found(played: Played, wish: NewPatient) -> list[PatientCard]:
    return list(played.desk().search_patients(_by_birth(wish)))


def _new(played: Played, before: dict[str, Row]) -> list[Row]:
    return [one for pms_id, one in played.truth().items() if pms_id not in before]


def _changed(played: Played, before: dict[str, Row]) -> list[str]:
    """Which of those that were there before are otherwise now, or gone."""
    now = played.truth()
    return [pms_id for pms_id, row in before.items() if _plain(now.get(pms_id)) != _plain(row)]


def _plain(row: Row | None) -> object:
    """Without what a vendor stamps on it."""
    if row is None:
        return None
    return (start(row), end(row), row["meaning"], row["practitioner_id"], row["patients"])


def _is_as(row: Row, wish: Booking, played: Played) -> bool:
    return (start(row), end(row) - start(row), played.whose(row), row["patients"][0]["id"]) == (
        wish.start,
        timedelta(minutes=wish.minutes),
        wish.practitioner_id,
        wish.patient_id,
    )
