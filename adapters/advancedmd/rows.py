"""Rows of the scheduler, by REST and by messages, as appointments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from adapters.advancedmd.slices import Slice
from adapters.advancedmd.times import read_clock
from adapters.advancedmd.wire import listed
from adapters.advancedmd.words import bare, bare_id, maybe_bare, split_name, standing
from adapters.rest import people
from adapters.rest.envelope import Contents
from adapters.rest.lengths import length
from adapters.rest.record import Record, id_in
from domain.appointments import Appointment, Patient
from domain.connections import Connection
from domain.errors import BrokenContract

_MOST_DIGITS = 9

MISSING_TIME = "missing_time"
"""A visit that was told without its time stands at the beginning of its day."""

TEMPLATE: Mapping[str, Mapping[str, str]] = {
    "visit": {"columnheading": "", "duration": "", "color": "", "apptstatus": ""},
    "patient": {"name": "", "chart": ""},
}
"""What may be asked of a visit; `starttime` comes unasked, or not at all."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A record of the book as it came, and the request that brought it.

    `rows` are what it was read into, none where it cannot be read.
    """

    item: Any = field(repr=False)
    asked: Slice
    rows: tuple[Appointment, ...] = field(repr=False)

    @property
    def pms_id(self) -> str | None:
        return bare(id_in(self.item, "id"))


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """A list that comes as its only record where it has one, and may not come where it has none."""

    label: str = "appointments"

    def open(self, body: Any) -> Contents:
        if body is None:
            return Contents(items=())
        if isinstance(body, list):
            return Contents(items=body, body=body)
        if isinstance(body, dict) and "id" in body:
            return Contents(items=(body,), body=body)
        raise BrokenContract(f"the list '{self.label}' is missing")


def parse(record: Record, connection: Connection) -> Iterator[Appointment]:
    """A row of the REST scheduler: wall-clock times of the office, lengths in minutes."""
    start = starts(record, connection)
    stands = standing(record, connection, code_at="status")
    kind, is_telehealth = _kind(record, connection)
    column = maybe_bare(record, "columnid")
    yield Appointment(
        pms_id=bare_id(record, "id"),
        start=start,
        end=start + length(record, connection, start=start, minutes=[record.minutes("duration")]),
        status=stands.status,
        status_raw=stands.raw,
        is_telehealth=is_telehealth,
        type_id=kind,
        patient=_patient(record),
        practitioner_id=column,
        practitioner_name=None if column in connection.practitioners else _provider(record),
        flags=frozenset(record.flags),
        version=record.side("lastupdated"),
        facility_id=bare(record.side("facilityid")),
    )


def parse_visit(record: Record, connection: Connection) -> Iterator[Appointment]:
    """A visit as a message tells it; the day it was asked for is put beside it."""
    start = starts_by_clock(record, connection)
    stands = standing(record, connection, code_at="apptstatus")
    yield Appointment(
        pms_id=bare_id(record, "id"),
        start=start,
        end=start + length(record, connection, start=start, minutes=[record.minutes("duration")]),
        status=stands.status,
        status_raw=stands.raw,
        patient=_named_patient(record),
        practitioner_id=_by_heading(record, connection),
        flags=frozenset(record.flags),
    )


def starts(record: Record, connection: Connection) -> datetime:
    return record.instant("startdatetime", zone=connection.timezone)


def starts_by_clock(record: Record, connection: Connection) -> datetime:
    """As a message tells it: the time of a day that was asked for."""
    told = record.maybe("starttime")
    clock = None if told is None else read_clock(told)
    if told is not None and clock is None:
        raise record.bad("starttime", "not a time of day")
    if clock is None:
        record.flags.add(MISSING_TIME)
        clock = time()
    day = record.text("visitdate")
    return record.moment(f"{day}T{clock:%H:%M:%S}", path="starttime", zone=connection.timezone)


def visits(results: Mapping[str, Any], day: date) -> list[Any]:
    """The visits of an answer, without the twin's marks, each with the day it stands on.

    What is none stays among them, so that it is set aside by name.
    """
    return [
        {**_plain(one), "visitdate": day.isoformat()} if isinstance(one, dict) else one
        for one in listed(results, "visitlist", "visit")
    ]


def is_short(results: Mapping[str, Any], found: Sequence[Any]) -> bool:
    """Whether an answer counts more visits than it tells."""
    count = str(results.get("@visitcount") or "").strip()
    return count.isascii() and count.isdigit() and int(count[:_MOST_DIGITS]) > len(found)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix("@"): _plain(value) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def _kind(record: Record, connection: Connection) -> tuple[str | None, bool]:
    """The first of its types, and whether any is marked as telehealth; one may come unlisted."""
    told = record.raw("appointmenttypeids")
    listed = told if isinstance(told, list) else [told]
    types = [found for one in listed if (found := bare(id_in({"id": one}, "id")))]
    if len(types) < len(listed) and told not in (None, ""):
        if connection.telehealth_only:
            # The types alone say whether it is.
            raise record.bad("appointmenttypeids", "not a list of ids")
        record.drift.append("unreadable:appointmenttypeids")
    return next(iter(types), None), not connection.telehealth_types.isdisjoint(types)


def _patient(record: Record) -> Patient | None:
    """None for what holds a time for nobody."""
    pms_id = maybe_bare(record, "patientid")
    if pms_id is None:
        return None
    return people.patient(pms_id, given=record.side("firstname"), family=record.side("lastname"))


def _named_patient(record: Record) -> Patient | None:
    if not record.has("patient"):
        return None
    pms_id = maybe_bare(record, "patient.id")
    if pms_id is None:
        return None
    given, family = split_name(record.side("patient.name"))
    return people.patient(pms_id, given=given, family=family)


def _provider(record: Record) -> str | None:
    """Who a column we know nothing else of is for."""
    given, family = split_name(record.side("provider"))
    named = people.patient("", given=given, family=family).full_name
    return record.side("heading") or named


def _by_heading(record: Record, connection: Connection) -> str | None:
    """The one column of that name; of two, or of none, nobody can say which was meant."""
    heading = (record.maybe("columnheading") or "").casefold()
    named = [key for key, name in connection.practitioners.items() if name.casefold() == heading]
    if len(named) == 1:
        return named[0]
    record.drift.append("practitioner:unresolved")
    return None
