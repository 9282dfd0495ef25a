"""A visit of which something cannot be read: it stands, and may be whatever it may be."""

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.advancedmd.office import Column
from adapters.advancedmd.rows import Visit
from adapters.advancedmd.slices import Slice
from adapters.advancedmd.taking import Book
from domain.desk import Busy, Verdict
from domain.errors import BadRecord, Refused
from domain.window import Window, whole_day
from domain.wishes import Booking, StatusChange, Write
from tests.adapters.advancedmd.scheduler import DAY, START, Scheduler, row
from tests.contract.kit import NOW, fixture

HALF_AN_HOUR = Window(START, START + timedelta(minutes=30))
ALL_DAY = whole_day(DAY, "America/New_York")
ITS_OWN, EVERY = ["16"], ["16", "17"]
WISH = Booking(patient_id="45", start=START, minutes=30, practitioner_id="16")
LONG_AGO = NOW - timedelta(hours=1)


def columns(taken: Busy) -> list[str]:
    return [one.pms_id for one in taken.resources]


@pytest.mark.parametrize(
    ("odd", "takes", "of"),
    [
        ({"startdatetime": f"{DAY}T25:61:00"}, ALL_DAY, ITS_OWN),
        ({"startdatetime": f"{DAY}T25:61:00", "columnid": []}, ALL_DAY, EVERY),
        ({"duration": "half"}, ALL_DAY, ITS_OWN),
        ({"duration": None}, HALF_AN_HOUR, ITS_OWN),
        ({"columnid": None}, HALF_AN_HOUR, EVERY),
        ({"columnid": {}}, HALF_AN_HOUR, EVERY),
        ({"status": []}, HALF_AN_HOUR, ITS_OWN),
        ({"id": {}}, HALF_AN_HOUR, ITS_OWN),
        ({"patientid": []}, HALF_AN_HOUR, ITS_OWN),
    ],
)
def test_what_cannot_be_read_of_a_visit_takes_all_that_it_may(
    odd: dict[str, Any], takes: Window, of: list[str]
) -> None:
    (busy,) = Scheduler({"1": row("1") | odd}).desk().busy(HALF_AN_HOUR)

    assert busy.window == takes
    assert columns(busy) == of


@pytest.mark.parametrize("odd", [{"startdatetime": None}, {"startdatetime": "soon"}])
def test_a_visit_without_its_day_takes_all_that_was_asked_for(odd: dict[str, Any]) -> None:
    (busy, *_) = Scheduler({"1": row("1") | odd}).desk().busy(HALF_AN_HOUR)

    assert busy.window.start <= ALL_DAY.start and busy.window.end >= ALL_DAY.end
    assert columns(busy) == ITS_OWN


def test_what_is_no_visit_at_all_takes_every_column_that_was_asked_for() -> None:
    scheduler = Scheduler({"1": row("1")})
    nothing: Any = "a text"
    scheduler.rows = {"1": row("1"), "2": nothing}

    taken = [one for one in scheduler.desk().busy(HALF_AN_HOUR) if one.pms_id is None]

    assert taken and all(columns(one) == EVERY for one in taken)


@pytest.mark.parametrize("status", [10, 12])
def test_a_visit_that_was_called_off_takes_nothing_whatever_else_of_it_is_odd(status: int) -> None:
    visit = row("1", status=status, startdatetime=f"{DAY}T25:61:00")

    assert Scheduler({"1": visit}).desk().busy(HALF_AN_HOUR) == []


@pytest.mark.parametrize(
    ("told", "takes", "of"),
    [
        ({"starttime": "9:00 AM", "columnheading": "Dr Roe"}, HALF_AN_HOUR, ["17"]),
        ({"columnheading": "Dr Roe"}, ALL_DAY, ["17"]),
        ({"starttime": "nine", "columnheading": "Dr Roe"}, ALL_DAY, ["17"]),
        ({"starttime": "9:00 AM", "columnheading": "Both"}, HALF_AN_HOUR, ["18", "19"]),
        ({"starttime": "9:00 AM"}, HALF_AN_HOUR, ["17", "18", "19"]),
        ({"starttime": "9:00 AM", "columnheading": "Of another connection"}, None, []),
    ],
)
def test_a_visit_of_a_message_takes_all_day_without_its_time_and_every_column_it_may_mean(
    told: dict[str, Any], takes: Window | None, of: list[str]
) -> None:
    names = {"17": "Dr Roe", "18": "Both", "19": "Both"}
    book = Book(
        connection=fixture("advancedmd").connection,
        columns=[Column(pms_id=pms_id, name=name) for pms_id, name in names.items()],
        by_messages=True,
    )
    item = {"id": "1", "duration": "30", "apptstatus": "0", "visitdate": f"{DAY}", **told}

    found = book.taken(Visit(item, Slice("day", date(2026, 6, 2), ()), ()))

    assert (found and found.window, columns(found) if found else []) == (takes, of)


@pytest.mark.parametrize(
    "odd",
    [
        {"startdatetime": f"{DAY}T25:61:00"},
        {"status": []},
        {"startdatetime": f"{DAY}T25:61:00", "columnid": [], "patientid": []},
    ],
)
def test_a_booking_that_may_be_the_visit_nobody_can_read_is_neither_failed_nor_made_again(
    odd: dict[str, Any],
) -> None:
    scheduler = Scheduler({"1": row("1") | odd})

    found = scheduler.desk().find(Write(wish=WISH, submitted_at=LONG_AGO))
    with pytest.raises(Refused, match="nothing was booked"):
        scheduler.desk().submit(Write(wish=WISH))

    assert found.verdict is Verdict.UNKNOWN and "cannot be read" in (found.reason or "")


@pytest.mark.parametrize(
    "other",
    [{"patientid": 46}, {"columnid": 17}, {"startdatetime": "2026-06-02T11:00:00", "status": []}],
)
def test_a_visit_that_is_another_by_what_can_be_read_of_it_holds_up_no_booking(
    other: dict[str, Any],
) -> None:
    odd = {"startdatetime": f"{DAY}T25:61:00"}
    scheduler = Scheduler({"1": row("1") | odd | other}, made={"id": 7})

    found = scheduler.desk().find(Write(wish=WISH, submitted_at=LONG_AGO))

    assert found.verdict is Verdict.FAILED
    assert scheduler.desk().submit(Write(wish=WISH)).pms_id == "7"


@pytest.mark.parametrize("by_id", [None, 404, 405])
def test_nothing_is_sent_for_a_visit_that_cannot_be_read_and_the_word_is_why(
    by_id: int | None,
) -> None:
    scheduler = Scheduler({"1": row("1", duration=30, status=[])}, by_id=by_id)
    wish = StatusChange(appointment_id="1", status="arrived", day=DAY)

    with pytest.raises(Refused, match=r"cannot be read .*nothing was sent"):
        scheduler.desk().submit(Write(wish=wish))
    found = scheduler.desk().find(Write(wish=wish, submitted_at=LONG_AGO))

    assert scheduler.writes == [] and found.verdict is Verdict.UNKNOWN


def test_a_visit_whose_own_address_says_something_odd_is_read_on_its_day() -> None:
    scheduler = Scheduler({"1": row("1")}, by_id=None)
    scheduler.odd = {"1": row("1", status=[])}

    seen = scheduler.source().look_again("1", days=[DAY])

    assert [one.pms_id for one in seen.rows] == ["1"]
    with pytest.raises(BadRecord):
        scheduler.source().probe("1")
