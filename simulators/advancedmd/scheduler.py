"""The scheduler of the REST API, as far as it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import shapes
from simulators.advancedmd.offices import Office
from simulators.advancedmd.troubles import Refused
from simulators.records import Appointment

Json = dict[str, Any]
WEEK, SUNDAY_FIRST = 7, 1


@dataclass(frozen=True, slots=True)
class View:
    """The columns and the days that are looked at."""

    columns: frozenset[int]
    first: date
    last: date  # not in it any more
    is_month: bool

    @classmethod
    def read(cls, values: Mapping[str, str], office: Office) -> "View":
        columns = _columns(values.get("columnId", ""))
        kind = values.get("forView", "")
        if kind not in SPANS:
            raise _bad("forView is day, week or month")
        try:
            start = date.fromisoformat(values.get("startDate", ""))
        except ValueError:
            raise _bad("startDate is like 2026-06-02") from None
        if office.knobs.view_from == "calendar":
            start = ALIGNED[kind](start)
        return cls(columns, start, SPANS[kind](start), kind == "month")

    def has(self, row: Appointment, office: Office) -> bool:
        is_in = self.first <= office.clinic.day_of(row) < self.last
        return is_in and office.column_of(row).id in self.columns


def _columns(text: str) -> frozenset[int]:
    parts = text.split("-")
    if not all(part.isdecimal() for part in parts):
        raise _bad("columnId is required: numbers joined by dashes")
    return frozenset(map(int, parts))


def _bad(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, message)


def _next_month(start: date) -> date:
    """The same day of it, or its last."""
    first = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=start.day - 1), last)


SPANS = {
    "day": lambda start: start + timedelta(days=1),
    "week": lambda start: start + timedelta(days=WEEK),
    "month": _next_month,
}
ALIGNED = {
    "day": lambda start: start,
    "week": lambda start: start - timedelta(days=(start.weekday() + SUNDAY_FIRST) % WEEK),
    "month": lambda start: start.replace(day=1),
}


def appointments(office: Office, values: Mapping[str, str]) -> list[Json]:
    """In no order of time."""
    view = View.read(values, office)
    workers = {each.profile_id for each in office.columns.values() if each.id in view.columns}
    with office.clinic.lock:
        rows = [row for id_ in sorted(workers) for row in office.clinic.book(id_)]
        shown = [row for row in rows if view.has(row, office) and is_shown(row, office, view)]
        return [shapes.appointment(row, office) for row in sorted(shown, key=lambda row: row.id)]


def is_shown(row: Appointment, office: Office, view: View) -> bool:
    if office.is_moved(row) and office.knobs.hides_moved:
        return False
    statuses = office.knobs.month_statuses
    return not (view.is_month and statuses) or office.code_of(row) in statuses


def appointment(office: Office, id_: str) -> Json:
    return shapes.appointment(office.clinic.appointments[id_], office)
