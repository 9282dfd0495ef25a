"""When a practice works: its week as it is kept, and the free slots two PMSes can tell."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from simulators.records import Meaning, Practitioner
from simulators.sikka.copies import Copy
from simulators.sikka.listing import Table, Values, read_date
from simulators.sikka.offices import number_of
from simulators.sikka.shapes import midnight

Json = dict[str, Any]
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
SUNDAY, WEEK = 6, 7
REST_AFTER, REST_MINUTES, SLOT = 4, 45, 15
MOST_DAYS = 31
LAST = "23:59"
SLOT_FIELDS = ("provider_id", "practice_id", "date", "time", "template_name", "template_type",
               "scheduled_patient_id", "scheduled_length")  # fmt: skip
OVER = {Meaning.CANCELLED, Meaning.NO_SHOW}


def hours(person: Practitioner) -> list[tuple[str, str]]:
    """From when to when, the break left out; three spans at most."""
    if person.closes - person.opens <= REST_AFTER * 1.5:
        return [(_clock(person.opens), _clock(person.closes))]
    rest = person.opens + REST_AFTER
    return [
        (_clock(person.opens), _clock(rest)),
        (f"{rest:02}:{REST_MINUTES:02}", _clock(person.closes)),
    ]


def _clock(hour: int) -> str:
    return f"{hour:02}:00" if hour < 24 else LAST  # noqa: PLR2004 - midnight


def sunday_of(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % WEEK)


def _schedule(copy: Copy, values: Values) -> Iterator[Json]:
    """One row for each resource and week."""
    asked = read_date(values, "date")
    days = copy.location.clinic.days
    weeks = sorted({sunday_of(day) for day in days}) if asked is None else [asked]
    people = list(copy.location.clinic.practitioners.values())
    for week in (each for each in weeks if each.weekday() == SUNDAY):
        for operatory, person in zip(copy.location.operatories, people, strict=True):
            if person.in_book:
                yield _row(copy, (person.id, "provider"), week, person, copy.location.closed)
                yield _row(copy, (operatory, "operatory"), week, person, copy.location.closed)


def _row(
    copy: Copy, resource: tuple[str, str], week: date, person: Practitioner, shut: tuple[int, ...]
) -> Json:
    row = {
        "practice_id": copy.location.id,
        "resource_id": resource[0],
        "resource_type": resource[1],
        "date": midnight(week),
    }
    for number, name in enumerate(DAYS):
        is_shut = (number - 1) % WEEK in shut
        spans = [] if is_shut else hours(person)
        for part in range(1, 4):
            start, end = spans[part - 1] if part <= len(spans) else ("", "")
            row |= {f"{name}_start_{part}": start, f"{name}_end_{part}": end}
        row[f"{name}_holiday"] = "False"
    return row


def _slots(copy: Copy, values: Values) -> Iterator[Json]:
    """What is free as far as the copy knows; most PMSes have nothing to tell."""
    if not copy.location.persona.has_slots:
        return
    zone = copy.location.clinic.zone
    first = read_date(values, "startdate") or copy.taken_at.astimezone(zone).date()
    last = min(read_date(values, "enddate") or first, first + timedelta(days=MOST_DAYS))
    people = copy.location.clinic.practitioners.values()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day.weekday() in copy.location.closed:
            continue
        for operatory, person in zip(copy.location.operatories, people, strict=True):
            if person.in_book:
                yield from _free(copy, person, operatory, day)


def _free(copy: Copy, person: Practitioner, operatory: str, day: date) -> Iterator[Json]:
    zone, place = copy.location.clinic.zone, copy.location
    taken = [
        (row.start, row.end)
        for row in copy.appointments.values()
        if row.meaning not in OVER
        and (row.practitioner_id == person.id
             or place.operatory_of(row, copy.placed) == operatory)
    ]  # fmt: skip
    for opens, closes in hours(person):
        at = datetime.combine(day, time.fromisoformat(opens), zone)
        end = datetime.combine(day, time.fromisoformat(closes), zone)
        while at + timedelta(minutes=SLOT) <= end:
            until = at + timedelta(minutes=SLOT)
            if not any(start < until and at < over for start, over in taken):
                yield _slot(copy, person, operatory, at)
            at = until


def _slot(copy: Copy, person: Practitioner, operatory: str, at: datetime) -> Json:
    return {
        "provider_id": person.id,
        "practice_id": copy.location.id,
        "date": midnight(at),
        "time": f"{at:%H:%M}",
        "template_name": "Open",
        "template_type": "",
        "scheduled_patient_id": "",
        "scheduled_length": "",
        "end_time": f"{at + timedelta(minutes=SLOT):%H:%M}",
        "time_units": "1",
        "operatory": operatory,
        "sr_no": number_of("slot", copy.location.site, operatory, at.isoformat(), digits=8),
    }


WEEKS = {
    "practice_schedule": Table(
        rows=_schedule,
        render=lambda copy, row: dict(row),
        filters=("practice_id", "resource_id", "resource_type"),
    ),
    "appointments_available_slots": Table(
        rows=_slots,
        render=lambda copy, row: dict(row),
        usual=SLOT_FIELDS,
        filters=("provider_id", "practice_id", "operatory"),
    ),
}
