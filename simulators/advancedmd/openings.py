"""What is kept free of appointments, and what is still free for them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from simulators.advancedmd import codes, wording
from simulators.advancedmd.offices import Column, Office, number_of
from simulators.advancedmd.scheduler import View
from simulators.days import BREAK, BREAK_AFTER, STEP, instant, slots

Json = dict[str, Any]
UNRELIABLE = (0, 1, 540)  # what is said for the length of a hold


def holds(office: Office, values: Mapping[str, str]) -> list[Json]:
    """The breaks of the day; only their ends can be believed."""
    return [
        _hold(column, office, opens + BREAK_AFTER)
        for column, day in _columns_and_days(office, values)
        for opens, closes in [_hours(column, day, office)]
        if closes - opens > BREAK_AFTER * 1.5
    ]


def _hold(column: Column, office: Office, start: datetime) -> Json:
    zone = office.clinic.zone
    id_ = number_of("hold", column.id, start.isoformat(), digits=8)
    return {
        "id": int(id_),
        "columnid": column.id,
        "startdatetime": wording.naive(start, zone),
        "enddatetime": wording.naive(start + BREAK, zone),
        "duration": UNRELIABLE[int(id_) % len(UNRELIABLE)],
        "note": "LUNCH",
    }


def openings(office: Office, values: Mapping[str, str]) -> list[Json]:
    """Stretches of free slots; their lengths are told in slots and not in minutes."""
    return [
        {
            "columnid": column.id,
            "startdatetime": wording.naive(free[0], office.clinic.zone),
            "duration": len(free),
        }
        for column, day in _columns_and_days(office, values)
        for free in _stretches(_free(column, day, office))
    ]


def _columns_and_days(office: Office, values: Mapping[str, str]) -> Iterator[tuple[Column, date]]:
    view = View.read(values, office)
    for id_ in sorted(view.columns & set(office.columns)):
        day = view.first
        while day < view.last:
            yield office.columns[id_], day
            day += timedelta(days=1)


def _hours(column: Column, day: date, office: Office) -> tuple[datetime, datetime]:
    person, zone = office.clinic.practitioners[column.profile_id], office.clinic.zone
    return instant(day, person.opens, zone), instant(day, person.closes, zone)


def _free(column: Column, day: date, office: Office) -> list[datetime]:
    person = office.clinic.practitioners[column.profile_id]
    busy = [
        (row.start, row.end)
        for row in office.clinic.book(column.profile_id)
        if office.column_of(row).id == column.id and row.meaning not in codes.FREES_SLOT
    ]
    return [
        slot
        for slot in slots(day, (person.opens, person.closes), office.clinic.zone)
        if not any(start < slot + STEP and slot < end for start, end in busy)
    ]


def _stretches(free: list[datetime]) -> list[list[datetime]]:
    found: list[list[datetime]] = []
    for slot in free:
        if found and slot - found[-1][-1] == STEP:
            found[-1].append(slot)
        else:
            found.append([slot])
    return found
