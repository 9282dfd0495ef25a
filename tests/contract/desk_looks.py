"""What every desk must keep where it looks something up; each is a sentence about a played one."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.appointments import Status
from domain.desk import Ability, Busy, PatientQuery
from domain.errors import Refused, SyncError, Throttled
from domain.slots import PRACTITIONER, BookingRules, Wanted, free, in_the_way, offered
from domain.window import Window
from domain.wishes import PatientChange
from domain.writes import ABILITY
from tests.contract.desks import A_MINUTE, Played, Row, dialled, end, is_known, start, written
from tests.contract.kit import NOW

NOBODY = "90210"
A_WEEK = timedelta(days=7)
SPOILT = 25
SEVERAL = 8
NOT_TAKING = {"cancelled", "no_show"}


def can_do_what_its_description_says_and_refuses_the_rest(played: Played) -> None:
    desk, writes = played.desk(), played.described.capabilities.writes
    offered = {one.value for one in desk.abilities}

    assert {one for one in offered if one in {kind.value for kind in ABILITY}} <= set(writes)
    if Ability.UPDATE_PATIENT not in desk.abilities:
        with pytest.raises(Refused):
            desk.submit(written(PatientChange(patient_id=NOBODY, last_name="Example")))
    for ability, ask in (
        (Ability.READ_NOTES, desk.notes),
        (Ability.READ_INSURANCE, desk.insurance),
        (Ability.READ_BALANCE, desk.balance),
    ):
        if ability not in desk.abilities:
            with pytest.raises(Refused):
                ask(NOBODY)


def names_its_book_the_same_whoever_opens_it(played: Played) -> None:
    assert played.desk().held_as == played.desk().held_as
    assert played.described.name.upper() in played.desk().held_as.upper()
    elsewhere = replace(played, connection=replace(played.connection, site="Z90210"))
    with suppress(SyncError):
        assert elsewhere.desk().held_as != played.desk().held_as, "two practices, one book"


def pays_for_every_request_before_it_leaves(played: Played) -> None:
    desk = played.desk()
    desk.busy(played.window())
    desk.drain_spent()
    paid, asked = len(played.throttle.spends), len(played.line.asked)

    desk.busy(played.window())

    assert len(played.line.asked) - asked == len(played.throttle.spends) - paid > 0
    spent = desk.drain_spent()
    assert len(spent) == sum(map(len, played.throttle.spends[paid:]))
    assert played.throttle.voices == {True}, "a caller waits: spend with the voice's share"


def asks_for_nothing_while_the_clock_says_wait(played: Played) -> None:
    desk = played.desk()
    desk.busy(played.window())
    asked = len(played.line.asked)
    played.throttle.refuse = Throttled("not yet", until=NOW)
    try:
        with pytest.raises(Throttled):
            desk.busy(played.window())
        with pytest.raises(Throttled):
            desk.submit(written(played.a_booking()))
    finally:
        played.throttle.refuse = None
    assert len(played.line.asked) == asked


def knows_what_is_taken_by_whom_and_no_more(played: Played) -> None:
    """What is missing is booked twice; what is too much turns callers away."""
    book = played.truth()
    found = {one.pms_id: one for one in played.desk().busy(played.window())}

    takes = {one["id"] for one in book.values() if one["meaning"] not in NOT_TAKING}
    assert set(found) == takes
    for pms_id, one in found.items():
        row = book[str(pms_id)]
        assert (one.window.start, one.window.end) == (start(row), end(row))
        people = [each.pms_id for each in one.resources if each.kind == PRACTITIONER]
        assert played.whose(row) in people
        if row["patients"]:
            assert one.patient_id in {each["id"] for each in row["patients"]}


def sees_what_began_before_the_time_and_lasts_into_it(played: Played) -> None:
    row = next(one for one in played.visits() if end(one) - start(one) >= 2 * A_MINUTE)
    last = Window(end(row) - A_MINUTE, end(row))
    after = Window(end(row), end(row) + A_MINUTE)

    assert row["id"] in {one.pms_id for one in played.desk().busy(last)}
    assert row["id"] not in {one.pms_id for one in played.desk().busy(after)}


def takes_no_time_for_free_whose_visit_it_cannot_read(played: Played) -> None:
    """One odd field of one visit, whichever it is: else the next caller is booked into it.

    What can be read, and means something else, is beyond anybody.
    """
    taking = [one for one in played.truth().values() if one["meaning"] not in NOT_TAKING]
    for seed in range(SPOILT):
        played.control("faults", seed=seed, scripts=[{"fault": "wrong-type", "times": 50}])
        try:
            found = played.desk().busy(played.window())
        except SyncError:
            continue
        finally:
            played.simulator.delete("/_sim/faults").raise_for_status()
        read = {one.pms_id for one in found}
        free = [one["id"] for one in taking if not _is_covered(one, found, played)]
        free = [pms_id for pms_id in free if pms_id not in read]
        assert free == [], f"with fault {seed}"


def _is_covered(row: Row, found: Sequence[Busy], played: Played) -> bool:
    return any(
        one.window.start <= start(row)
        and end(row) <= one.window.end
        and played.whose(row) in {each.pms_id for each in one.resources}
        for one in found
    )


def shows_the_book_as_it_stands_with_what_was_cancelled(played: Played) -> None:
    row = played.a_visit()
    window = Window(start(row), start(row) + A_WEEK)
    meant = {one["id"] for one in played.truth().values() if start(one) in window}

    rows = {one.pms_id: one for one in played.desk().appointments(window)}

    assert set(rows) == meant
    assert (rows[row["id"]].start, rows[row["id"]].patient_id) == _of(row)
    cancelled = {one["id"] for one in played.truth().values() if one["meaning"] == "cancelled"}
    told = {one.pms_id for one in rows.values() if one.status is Status.CANCELLED}
    assert told == cancelled & meant


def shows_all_of_one_patients_visits(played: Played) -> None:
    row = played.a_visit()
    whose, window = row["patients"][0]["id"], played.window()
    meant = {
        one["id"]
        for one in played.truth().values()
        if start(one) in window and whose in {each["id"] for each in one["patients"]}
    }

    found = played.desk().appointments(window, patient_id=whose)

    assert {one.pms_id for one in found if one.patient_id == whose} == meant


def finds_a_visit_by_its_id_on_any_day_and_no_other(played: Played) -> None:
    for row in (played.a_visit(), max(played.visits(), key=start)):
        found = played.desk().appointment(row["id"])

        assert found is not None and found.pms_id == row["id"]
        assert (found.start, found.patient_id) == _of(row)
    assert played.desk().appointment(NOBODY) is None


def _of(row: Row) -> tuple[object, object]:
    return start(row), row["patients"][0]["id"]


def offers_times_at_which_somebody_works_and_is_free(played: Played) -> None:
    desk, window = played.desk(), played.window()
    taken = desk.busy(window)
    openings = desk.openings(window)
    wanted, bookable = Wanted(window=window, minutes=30), window
    if openings is not None:
        found = offered(openings, taken, wanted=wanted, bookable=bookable)
    else:
        shifts = desk.shifts(window)
        assert all(one.window.meets(window) for one in shifts)
        rules, timezone = BookingRules(), played.connection.timezone
        found = free(
            shifts, taken, wanted=wanted, rules=rules, bookable=bookable, timezone=timezone
        )

    assert found, "nobody could be offered any time in a whole week"
    people = {played.whose(one) for one in played.truth().values()}
    named = {each.pms_id for one in found for each in one.resources if each.kind == PRACTITIONER}
    assert named & people
    assert not [one for one in found if in_the_way(_meeting(taken, one.window), one.resources)]


def _meeting(taken: Sequence[Busy], window: Window) -> list[Busy]:
    return [one for one in taken if one.window.meets(window)]


def finds_a_patient_by_number_by_name_and_birth_date_and_by_id(played: Played) -> None:
    person = played.a_visit()["patients"][0]
    born = date.fromisoformat(person["date_of_birth"])
    names = {"first_name": person["first"], "last_name": person["last"]}
    calls_from = dialled(person, played.connection)
    for asked in (
        PatientQuery(phone=calls_from),
        PatientQuery(last_name=person["last"], date_of_birth=born),
        PatientQuery(**names, date_of_birth=born),
    ):
        found = {one.patient.pms_id: one for one in played.desk().search_patients(asked)}

        assert person["id"] in found
        card = found[person["id"]]
        assert card.patient.date_of_birth == person["date_of_birth"]
        assert calls_from in card.phones, "nobody is known by the number they call from"
    known = played.desk().patient(person["id"])
    assert known is not None and known.patient.pms_id == person["id"]


def finds_everybody_by_the_number_they_call_from(played: Played) -> None:
    """However many the practice has: whoever is not found is registered a second time."""
    people = {one["id"]: one for row in played.visits() for one in row["patients"]}
    known = [one for pms_id, one in sorted(people.items()) if is_known(one)]
    for person in known[:: max(1, len(known) // SEVERAL)]:
        asked = PatientQuery(phone=dialled(person, played.connection))

        found = [one.patient.pms_id for one in played.desk().search_patients(asked)]

        assert person["id"] in found


def finds_nobody_who_does_not_agree_in_all_that_was_said(played: Played) -> None:
    """Whoever is found may be told of their appointments."""
    people = [one["patients"][0] for one in played.visits() if is_known(one["patients"][0])]
    one = people[0]
    other = next(each for each in people if each["date_of_birth"] != one["date_of_birth"])
    born = date.fromisoformat(other["date_of_birth"])

    desk = played.desk()
    found = desk.search_patients(PatientQuery(last_name=one["last"], date_of_birth=born))
    none = desk.search_patients(PatientQuery(phone="+12025550100"))

    assert one["id"] not in {each.patient.pms_id for each in found}
    assert not none
    assert desk.patient(NOBODY) is None


def says_no_more_than_that_nothing_is_known_while_it_fails(played: Played) -> None:
    """An empty book would offer times that are taken, and make a patient known here a new one."""
    desk = played.desk()
    person, row = played.a_visit()["patients"][0], played.a_visit()
    window = Window(start(row), end(row))
    desk.busy(window)
    looks: list[Callable[[], object]] = [lambda: desk.busy(window)]
    if Ability.SEARCH_PATIENTS in desk.abilities and played.described.serves_callers:
        asked = PatientQuery(phone=dialled(person, played.connection))
        looks += [lambda: desk.search_patients(asked), lambda: desk.appointment(row["id"])]
        looks.append(lambda: desk.patient(person["id"]))
    for look in looks:
        for fault in ("500", "html", "truncated"):
            played.control("faults", scripts=[{"fault": fault, "times": 50}])
            try:
                with pytest.raises(SyncError):
                    look()
            finally:
                played.simulator.delete("/_sim/faults").raise_for_status()
