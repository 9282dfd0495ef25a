"""Working hours by the practice's own schedule, week by week."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta

import structlog

from adapters.rest.record import Record
from adapters.rest.shifts import span
from adapters.sikka.statuses import NEVER, YES
from domain.connections import Connection
from domain.desk import Resource, Shift
from domain.errors import BadRecord
from domain.slots import OPERATORY, PRACTITIONER
from domain.window import Window

log = structlog.get_logger()

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPANS = (1, 2, 3)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_OF_ALL = ("practice", "office", "clinic", "location")
_KINDS: Mapping[str, str] = {
    "provider": PRACTITIONER,
    "doctor": PRACTITIONER,
    "dentist": PRACTITIONER,
    "hygienist": PRACTITIONER,
    "operatory": OPERATORY,
    "chair": OPERATORY,
}


def sunday_of(day: date) -> date:
    """The first day of its week, by which a schedule is asked for."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def scheduled(
    rows: Sequence[Record],
    days: Sequence[date],
    connection: Connection,
    *,
    people: Sequence[Resource],
) -> list[Shift]:
    """The shifts of these days; a row of the whole practice counts for people without their own.

    Its holidays are everybody's, whatever their own rows say of that weekday.
    """
    closed = {day for row in rows if _is_everybodys(row) for day in _holidays(row, days)}
    days = [day for day in days if day not in closed]
    own: list[Shift] = []
    common: list[Window] = []
    named: set[str] = set()
    for row in rows:
        kind = _kind(row)
        pms_id = row.maybe_id("resource_id")
        windows = _readable(row, days, connection.timezone, is_one=bool(kind and pms_id))
        if kind is None:
            common += windows
        elif pms_id:
            named.add(pms_id)
            who = next((one for one in people if one.pms_id == pms_id and one.kind == kind), None)
            resource = who or Resource(kind=kind, pms_id=pms_id, name=row.side("name") or "")
            own += [Shift(resource=resource, window=one) for one in windows]
    others = [one for one in people if one.pms_id not in named]
    return own + [Shift(resource=one, window=window) for one in others for window in common]


def _readable(
    row: Record, days: Sequence[date], timezone: str, *, is_one: bool
) -> Sequence[Window]:
    """None of one person or chair whose hours cannot be read: they alone are not offered."""
    try:
        return list(_windows(row, days, timezone))
    except BadRecord as bad:
        if not is_one:
            raise
        log.warning("vendor.record_unreadable", reason=str(bad), path=bad.path)
        return ()


def with_chairs(shifts: Sequence[Shift], chairs: Sequence[str]) -> list[Shift]:
    """Where the schedule has no chairs, each may be used while anybody works."""
    if any(one.resource.kind == OPERATORY for one in shifts):
        return list(shifts)
    spans = _united([one.window for one in shifts])
    return [
        *shifts,
        *(
            Shift(resource=Resource(kind=OPERATORY, pms_id=chair), window=window)
            for chair in chairs
            for window in spans
        ),
    ]


def _united(windows: Iterable[Window]) -> list[Window]:
    found: list[Window] = []
    for one in sorted(windows, key=lambda one: (one.start, one.end)):
        if found and one.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _is_everybodys(row: Record) -> bool:
    """Whether it names the practice itself; a row of a kind nobody knows may be one person's."""
    told = (row.maybe("resource_type") or "").casefold()
    return not told or any(word in told for word in _OF_ALL)


def _kind(row: Record) -> str | None:
    """What the row is about; None for the practice as a whole."""
    told = (row.maybe("resource_type") or "").casefold()
    return next((kind for word, kind in _KINDS.items() if word in told), None)


def _windows(row: Record, days: Iterable[date], timezone: str) -> Iterator[Window]:
    off = set(_holidays(row, days))
    for day in _in_its_week(row, days):
        if day in off:
            continue
        name = WEEKDAYS[day.weekday()]
        for number in _SPANS:
            opens, closes = (_clock(row, f"{name}_{end}_{number}") for end in ("start", "end"))
            window = span(day, opens, closes, timezone) if opens and closes else None
            if window is not None:
                yield window


def _holidays(row: Record, days: Iterable[date]) -> Iterator[date]:
    for day in _in_its_week(row, days):
        if (row.maybe(f"{WEEKDAYS[day.weekday()]}_holiday") or "").casefold() in YES:
            yield day


def _in_its_week(row: Record, days: Iterable[date]) -> list[date]:
    """Of these the days the row tells of."""
    first = _first_day(row)
    return [day for day in days if first is None or 0 <= (day - first).days < len(WEEKDAYS)]


def _first_day(row: Record) -> date | None:
    text = (row.maybe("date") or "")[: len("2026-06-02")]
    try:
        return None if text == NEVER else date.fromisoformat(text)
    except ValueError:
        return None


def _clock(row: Record, path: str) -> time | None:
    found = _CLOCK.fullmatch((row.maybe(path) or "").rpartition("T")[2])
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:  # noqa: PLR2004
        return None
    return time(int(found[1]), int(found[2]))
