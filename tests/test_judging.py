"""The judge itself: what it lets pass as old, and what it calls wrong, lost or doubled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.sheet import EntryView, PatientView, PractitionerView
from tests.judging import Fault, History, Key, Moment, Visits, judge, owed

AT = datetime(2026, 6, 2, 1, tzinfo=UTC)
DAY = date(2026, 6, 2)


def at_the_pms(**changes: Any) -> Visits:
    """What the sheet owes of one telehealth appointment."""
    patient = {"id": "p", "full": "Ann Example", "first": "Ann", "last": "Example", "phone": "1"}
    one = {
        "id": "a",
        "start_utc": AT.isoformat(),
        "end_utc": (AT + timedelta(minutes=15)).isoformat(),
        "meaning": "booked",
        "practitioner_id": "d",
        "type_name": "Video",
        "is_telehealth": True,
        "notes": None,
        "patients": [patient],
    }
    truth = {"timezone": "Australia/Melbourne", "appointments": [{**one, **changes}]}
    return owed(truth, first=DAY, last=DAY)


def on_the_sheet(**changes: Any) -> EntryView:
    entry = EntryView(
        id=uuid4(),
        version=1,
        pms_appointment_id="a",
        connection_id=None,
        pms_connection_id=None,
        start=AT,
        end=AT + timedelta(minutes=15),
        duration_minutes=15,
        timezone="Australia/Melbourne",
        status="booked",
        status_raw=None,
        is_telehealth=True,
        appointment_type="Video",
        patient=PatientView(
            pms_id="p", full_name="Ann Example", first_name="Ann", last_name="Example", phone="1"
        ),
        practitioner=PractitionerView(pms_id="d", full_name=None),
        clinician=None,
        clinician_id=None,
        notes=None,
        pms_notes=None,
        own_notes=None,
        telehealth_link=None,
        telehealth_host_link=None,
        source="pms",
        is_manual_entry=False,
        removed=False,
        flags=(),
        provenance={},
        conflicts=(),
        pms_last_synced_at=None,
    )
    return replace(entry, **changes)


def judged(sheet: Sequence[EntryView], *history: Visits, known: Collection[Key] = ()) -> Moment:
    """The last of the history is the present, the first is where the promise begins."""
    kept = History()
    for one in history:
        kept.note(one)
    return judge(sheet, kept.since(0), known=known)


def faults(moment: Moment) -> Mapping[Fault, int]:
    return {fault: moment.count(fault) for fault in Fault if moment.count(fault)}


def test_a_row_as_it_is_at_the_pms_is_right() -> None:
    moment = judged([on_the_sheet()], at_the_pms())

    assert (moment.rows, moment.findings, moment.accuracy) == (1, (), 1.0)


def test_a_row_as_it_was_since_the_promise_is_stale_and_not_bad() -> None:
    moment = judged([on_the_sheet()], at_the_pms(), at_the_pms(meaning="arrived"))

    assert faults(moment) == {Fault.STALE: 1}
    assert moment.accuracy == 1.0


def test_a_row_as_it_was_before_the_promise_is_wrong() -> None:
    moment = judged([on_the_sheet()], at_the_pms(meaning="arrived"))

    assert faults(moment) == {Fault.WRONG: 1}
    assert moment.bad[0].fields == ("status",)
    assert moment.accuracy == 0.0


def test_a_value_the_pms_never_had_is_wrong() -> None:
    moment = judged([on_the_sheet(notes="?")], at_the_pms(), at_the_pms(notes="!"))

    assert moment.bad[0].fields == ("notes",)


@pytest.mark.parametrize("sheet", [[], [on_the_sheet(removed=True)]])
def test_a_row_that_was_there_all_the_time_and_is_not_shown_is_lost(
    sheet: list[EntryView],
) -> None:
    assert faults(judged(sheet, at_the_pms(), at_the_pms(notes="!"))) == {Fault.LOST: 1}


def test_a_new_row_that_is_moved_while_it_is_read_may_come_with_the_next_pass() -> None:
    moved = at_the_pms(start_utc=(AT + timedelta(hours=1)).isoformat())

    assert faults(judged([], at_the_pms(), moved)) == {Fault.STALE: 1}
    assert faults(judged([], at_the_pms(), moved, known={("a", "p")})) == {Fault.LOST: 1}


def test_a_row_that_came_or_went_since_may_be_missing_or_shown() -> None:
    assert faults(judged([], {}, at_the_pms())) == {Fault.STALE: 1}
    assert faults(judged([on_the_sheet()], at_the_pms(), {})) == {Fault.STALE: 1}
    assert faults(judged([], at_the_pms(), {})) == {}


def test_a_row_that_the_pms_has_no_more_is_wrong() -> None:
    assert faults(judged([on_the_sheet()], {})) == {Fault.WRONG: 1}


def test_a_row_shown_twice_is_doubled() -> None:
    assert faults(judged([on_the_sheet(), on_the_sheet()], at_the_pms())) == {Fault.DOUBLED: 1}


def test_an_end_that_is_stated_nowhere_may_be_anything() -> None:
    assert judged([on_the_sheet()], at_the_pms(end_utc=None)).findings == ()


@pytest.mark.parametrize("start", [AT - timedelta(days=1), AT + timedelta(days=1)])
def test_nothing_is_owed_of_another_day_or_of_no_telehealth(start: datetime) -> None:
    assert at_the_pms(start_utc=start.isoformat()) == {}
    assert at_the_pms(is_telehealth=False) == {}
