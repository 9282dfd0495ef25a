"""Whether a visit is found, gone, or nobody can say: of offices that offer less than most."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.desk import OutcomeUnknown, Verdict
from domain.errors import BrokenContract, NeedsReconnect, Refused, Transient
from domain.pushes import ChangedThere
from domain.window import Window
from domain.wishes import Booking, Cancellation, LastTold, Move, StatusChange, Wish, Write
from tests.adapters.advancedmd.scheduler import DAY, START, Scheduler, row
from tests.contract.kit import NOW

THREE_DAYS = Window(START - timedelta(hours=9), START + timedelta(days=2, hours=15))
"""A Tuesday to a Thursday."""

NOT_OFFERED = [400, 403, 404, 405, 501]
ODD = [
    httpx.Response(200, json=[]),
    httpx.Response(200, text="<html>"),
    httpx.Response(302, headers={"location": "/login"}),
]
VERSION = "2026-05-30T08:00:00.000"


def told(scheduler: Scheduler, pms_id: str) -> LastTold:
    seen = scheduler.read(pms_id)
    return LastTold(
        start=seen.start,
        minutes=seen.duration_minutes,
        status=seen.status.value,
        status_raw=seen.status_raw,
        practitioner_id=seen.practitioner_id,
    )


@pytest.mark.parametrize(
    ("startdatetime", "duration", "is_in_the_way"),
    [
        (f"{DAY}T08:00:00", 90, True),
        (f"{DAY}T08:00:00", 60, False),
        ("2026-06-01T22:00:00", 690, True),
        (f"{DAY}T09:30:00", 30, False),
    ],
)
def test_a_time_is_taken_by_whatever_began_before_it_and_lasts_into_it(
    startdatetime: str, duration: int, is_in_the_way: bool
) -> None:
    visit = row("1", startdatetime=startdatetime, duration=duration)

    busy = Scheduler({"1": visit}).desk().busy(Window(START, START + timedelta(minutes=30)))

    assert [one.pms_id for one in busy] == (["1"] if is_in_the_way else [])


@pytest.mark.parametrize("of_the_week_before", [True, False])
def test_where_a_week_is_another_one_the_days_are_read_by_themselves(
    of_the_week_before: bool,
) -> None:
    rows = {"1": row("1"), "2": row("2", startdatetime="2026-06-03T09:00:00")}
    if of_the_week_before:
        rows["3"] = row("3", startdatetime="2026-05-27T09:00:00")
    scheduler = Scheduler(rows, begins_on_monday=True)

    found = scheduler.source().rows(THREE_DAYS)

    assert [one.pms_id for one in found] == ["1", "2"]
    assert scheduler.views == ["week", "day", "day", "day"]


def test_a_week_that_has_shown_its_days_is_believed_when_it_is_empty() -> None:
    scheduler = Scheduler({"1": row("1")})
    source = scheduler.source()

    assert [one.pms_id for one in source.rows(THREE_DAYS)] == ["1"]
    scheduler.rows.clear()
    assert source.rows(THREE_DAYS) == []

    assert scheduler.views == ["week", "week"]


def arrives(**about: Any) -> Write:
    return Write(wish=StatusChange(appointment_id="1", status="arrived", **about))


@pytest.mark.parametrize("status", NOT_OFFERED)
def test_a_visit_that_ids_do_not_tell_is_found_on_its_day(status: int) -> None:
    scheduler = Scheduler({"1": row("1"), "2": row("2")}, by_id=status)

    seen = scheduler.source().look_again("1", days=[DAY])

    assert [one.pms_id for one in seen.rows] == ["1"] and not seen.is_gone


@pytest.mark.parametrize("status", NOT_OFFERED)
def test_where_ids_tell_nothing_a_visit_that_is_not_on_its_day_may_be_anywhere(status: int) -> None:
    scheduler = Scheduler({"2": row("2")}, by_id=status)

    seen = scheduler.source().look_again("1", days=[DAY])

    assert not seen.is_known


def test_where_ids_tell_others_a_visit_that_they_do_not_tell_is_gone() -> None:
    scheduler = Scheduler({"2": row("2")})

    assert scheduler.source().look_again("1", days=[DAY]).is_gone


def test_of_an_empty_day_nobody_can_say_what_an_id_is_good_for() -> None:
    assert not Scheduler().source().look_again("1", days=[DAY]).is_known


def test_a_visit_that_was_moved_is_found_by_its_id_alone() -> None:
    scheduler = Scheduler({"1": row("1", startdatetime="2026-07-02T09:00:00")})

    seen = scheduler.source().look_again("1", days=[DAY])

    assert [one.pms_id for one in seen.rows] == ["1"]
    assert scheduler.asked_by_id == ["1"]


def test_an_office_that_does_not_tell_by_ids_is_not_asked_by_them_again() -> None:
    scheduler = Scheduler({"1": row("1")}, by_id=405)

    for _ in range(3):
        scheduler.source().look_again("1", days=[DAY])

    assert scheduler.asked_by_id == ["1"]
    assert not scheduler.source().capabilities.probe_by_id


def test_visits_told_by_messages_are_not_asked_for_as_appointments() -> None:
    scheduler = Scheduler({"1": row("1")}, settings={"reads": "xml"})

    with pytest.raises(Refused, match="does not say"):
        scheduler.source().probe("1")

    assert scheduler.asked_by_id == []


def test_a_sync_does_without_ids_once_they_proved_worth_nothing() -> None:
    scheduler = Scheduler({"2": row("2")}, by_id=404)
    source = scheduler.source()
    source.rows(scheduler.stage.told.window)

    with pytest.raises(Refused, match="does not say"):
        source.probe("1")

    assert not scheduler.source().capabilities.probe_by_id


@pytest.mark.parametrize("answer", ODD, ids=["a list", "a page", "a redirect"])
def test_what_is_no_answer_to_an_id_means_that_it_is_not_offered(answer: httpx.Response) -> None:
    scheduler = Scheduler({"1": row("1")}, by_id=answer)

    seen = scheduler.source().look_again("1", days=[DAY])

    assert [one.pms_id for one in seen.rows] == ["1"]
    assert not scheduler.source().capabilities.probe_by_id
    with pytest.raises(Refused, match="does not say"):
        Scheduler({"2": row("2")}, by_id=answer).source().probe("1")


@pytest.mark.parametrize("status", [500, 503])
def test_an_office_that_stumbles_says_nothing_of_what_it_offers(status: int) -> None:
    scheduler = Scheduler({"1": row("1")}, by_id=status)

    for ask in (
        lambda: scheduler.source().look_again("1", days=[DAY]),
        lambda: scheduler.source().probe("1"),
    ):
        with pytest.raises(Transient):
            ask()

    assert scheduler.source().capabilities.probe_by_id


@pytest.mark.parametrize("answer", [*ODD, httpx.Response(503, json={})])
def test_what_was_proved_of_ids_is_not_lost_by_one_odd_answer(answer: httpx.Response) -> None:
    scheduler = Scheduler({"1": row("1"), "2": row("2")}, by_id=answer, answered=1)
    scheduler.source().probe("1")

    with pytest.raises((BrokenContract, Transient)):
        scheduler.source().probe("2")

    assert scheduler.source().capabilities.probe_by_id


def test_a_sync_learns_of_what_is_gone_by_its_id() -> None:
    scheduler = Scheduler({"2": row("2")})
    source = scheduler.source()
    source.rows(scheduler.stage.told.window)

    assert source.probe("1") is None
    assert source.capabilities.probe_by_id


@pytest.mark.parametrize("status", NOT_OFFERED)
def test_a_change_goes_out_where_the_visit_stands_on_its_day(status: int) -> None:
    scheduler = Scheduler({"1": row("1")}, by_id=status)

    receipt = scheduler.desk().submit(arrives(day=DAY))

    assert receipt.pms_id == "1" and scheduler.writes == ["PUT"]


def test_a_visit_is_changed_where_and_as_the_practice_was_told_to() -> None:
    told = {"change_path": "/scheduler/visits/{id}/details", "status_field": "apptstatus"}
    usual, own = (Scheduler({"1": row("1")}, settings=one) for one in ({}, told))

    for scheduler in (usual, own):
        scheduler.desk().submit(arrives(day=DAY))

    assert usual.written_to == [("/scheduler/appointments/1", {"statuscode": 1})]
    assert own.written_to == [("/scheduler/visits/1/details", {"apptstatus": 1})]


def test_where_a_visit_that_is_there_cannot_be_changed_nobody_tries_again() -> None:
    scheduler = Scheduler({"1": row("1")}, written=404)

    with pytest.raises(Refused, match="change_path"):
        scheduler.desk().submit(arrives(day=DAY))

    assert scheduler.writes == ["PUT"]


def test_a_visit_that_leaves_while_it_is_changed_is_gone() -> None:
    scheduler = Scheduler({"1": row("1"), "2": row("2")}, written=404, answered=1, by_id=404)

    with pytest.raises(ChangedThere, match="no longer in AdvancedMD"):
        scheduler.desk().submit(arrives())


def test_nothing_is_sent_for_a_visit_that_nobody_sees() -> None:
    scheduler = Scheduler({"2": row("2")}, by_id=404)

    with pytest.raises(Refused, match="nothing was sent"):
        scheduler.desk().submit(arrives(day=DAY))

    assert scheduler.writes == []


def test_whether_a_visit_that_nobody_sees_was_called_off_is_not_known() -> None:
    scheduler = Scheduler({"2": row("2")}, by_id=404)
    wish = Cancellation(appointment_id="1", day=DAY)
    long_ago = Write(wish=wish, submitted_at=NOW - timedelta(hours=1))

    assert scheduler.desk().find(long_ago).verdict is Verdict.UNKNOWN
    assert Scheduler({"2": row("2")}).desk().find(long_ago).verdict is Verdict.DONE


@pytest.mark.parametrize(
    "wish",
    [
        Cancellation(appointment_id="1", expected_version="older", day=DAY),
        StatusChange(appointment_id="1", status="cancelled", day=DAY),
    ],
)
def test_a_visit_that_was_moved_there_is_not_called_off_by_that(wish: Wish) -> None:
    """Code 5 stays behind where the visit stood: whoever was moved still comes."""
    desk = Scheduler({"1": row("1", status=5, lastupdated=VERSION), "2": row("2")}).desk()

    with pytest.raises(Refused, match="was moved to another time"):
        desk.submit(Write(wish=wish))

    long_ago = Write(wish=wish, submitted_at=NOW - timedelta(hours=1))
    assert desk.find(long_ago).verdict is Verdict.FAILED


def test_a_visit_that_was_cancelled_there_is_called_off_already() -> None:
    scheduler = Scheduler({"1": row("1", status=10, lastupdated=VERSION), "2": row("2", status=5)})
    moved = Cancellation(appointment_id="2", day=DAY)
    own = replace(scheduler, settings={"status_codes": "5=cancelled"})

    scheduler.desk().submit(Write(wish=Cancellation(appointment_id="1", day=DAY)))
    own.desk().submit(Write(wish=moved))

    assert scheduler.writes == own.writes == []


def test_a_booking_that_was_given_another_length_is_found_all_the_same() -> None:
    scheduler = Scheduler({"1": row("1", duration=30), "2": row("2", patientid=46)})
    wish = Booking(patient_id="45", start=START, minutes=25, practitioner_id="16")
    long_ago = NOW - timedelta(hours=1)

    found = scheduler.desk().find(Write(wish=wish, submitted_at=long_ago))

    assert (found.verdict, found.pms_id) == (Verdict.DONE, "1")


def test_a_move_to_another_day_is_read_back_on_that_day() -> None:
    start = START + timedelta(days=3)
    scheduler = Scheduler({"1": row("1", startdatetime="2026-06-05T09:00:00")}, by_id=404)
    wish = Move(appointment_id="1", start=start, minutes=30, practitioner_id="16", day=DAY)

    assert scheduler.desk().find(Write(wish=wish, submitted_at=NOW)).verdict is Verdict.DONE


@pytest.mark.parametrize(
    "changed",
    [
        {"startdatetime": "2026-06-02T10:00:00"},
        {"duration": 45},
        {"columnid": 17},
        {"status": 2},
        {"status": 7},
        {"confirmdate": "2026-06-01T08:00:00"},
    ],
)
def test_without_a_version_a_row_that_says_otherwise_is_not_overwritten(
    changed: dict[str, Any],
) -> None:
    scheduler = Scheduler({"1": row("1")})
    last = told(scheduler, "1")
    scheduler.rows["1"] |= changed

    with pytest.raises(ChangedThere, match="changed in AdvancedMD"):
        scheduler.desk().submit(arrives(day=DAY, last_told=last))

    assert scheduler.writes == []


def test_without_a_version_a_row_that_says_the_same_is_written_to() -> None:
    scheduler = Scheduler({"1": row("1", status=7)})
    last = told(scheduler, "1")

    scheduler.desk().submit(arrives(day=DAY, last_told=last))

    assert scheduler.writes == ["PUT"]


def test_a_version_says_more_than_values() -> None:
    scheduler = Scheduler({"1": row("1", lastupdated=VERSION)})
    last = LastTold(minutes=45)

    scheduler.desk().submit(arrives(expected_version=VERSION, last_told=last))

    with pytest.raises(ChangedThere):
        scheduler.desk().submit(arrives(expected_version="older", last_told=told(scheduler, "1")))


def test_a_row_that_lacks_its_version_is_counted() -> None:
    scheduler = Scheduler({"1": row("1"), "2": row("2", lastupdated=VERSION)})
    source = scheduler.source()
    (query,) = source.queries(scheduler.stage.told.window, ())

    drift = [page.drift.get("missing:lastupdated", 0) for page in source.pages(query)]

    assert sum(drift) == 1


def test_a_confirmation_is_not_taken_back_from_here() -> None:
    scheduler = Scheduler({"1": row("1", confirmdate="2026-06-01T08:00:00")})
    wish = StatusChange(appointment_id="1", status="booked", day=DAY)

    with pytest.raises(Refused, match="confirmed in AdvancedMD"):
        scheduler.desk().submit(Write(wish=wish))

    assert scheduler.writes == []


def test_an_offices_own_code_for_confirmed_is_taken_back() -> None:
    scheduler = Scheduler({"1": row("1", status=7)}, settings={"status_codes": "7=confirmed"})
    wish = StatusChange(appointment_id="1", status="booked", day=DAY)

    scheduler.desk().submit(Write(wish=wish))

    assert scheduler.writes == ["PUT"]


def test_one_change_that_is_not_allowed_signs_nobody_out() -> None:
    scheduler = Scheduler({"1": row("1")}, written=403)

    with pytest.raises(Refused, match="administrator can give it the right"):
        scheduler.desk().submit(arrives())

    assert scheduler.stage.tokens.renewals == 0


def test_a_session_that_ended_is_renewed_once_for_a_change() -> None:
    scheduler = Scheduler({"1": row("1")}, written=401)

    with pytest.raises(NeedsReconnect):
        scheduler.desk().submit(arrives())

    assert scheduler.stage.tokens.renewals == 1 and scheduler.writes == ["PUT", "PUT"]


@pytest.mark.parametrize("made", [{"id": []}, {"id": {}}, {"id": True}, {"id": 1.5}, [[]], "7", {}])
def test_a_booking_that_is_answered_without_an_id_is_in_doubt(made: Any) -> None:
    wish = Booking(patient_id="45", start=START, minutes=30, practitioner_id="16")

    with pytest.raises(OutcomeUnknown):
        Scheduler(made=made).desk().submit(Write(wish=wish))


@pytest.mark.parametrize("made", [{"id": 7}, {"id": "7"}, [{"id": 7}]])
def test_a_booking_that_is_answered_with_its_id_is_made(made: Any) -> None:
    wish = Booking(patient_id="45", start=START, minutes=30, practitioner_id="16")

    assert Scheduler(made=made).desk().submit(Write(wish=wish)).pms_id == "7"
