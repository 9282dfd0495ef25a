"""Appointments that want the same chair or the same person at the same time."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from simulators.records import Appointment, Meaning
from simulators.sikka.offices import Location
from simulators.truth import zulu

Json = dict[str, Any]
OVER = {Meaning.CANCELLED, Meaning.NO_SHOW}


def clashes(location: Location, row: Appointment, operatory: str) -> bool:
    """Whether a row would overlap another that still stands."""
    return any(
        each.id != row.id
        and each.start < row.end
        and row.start < each.end
        and (
            each.practitioner_id == row.practitioner_id or location.operatory_of(each) == operatory
        )
        for each in _standing(location)
    )


def overlaps(location: Location) -> list[Json]:
    """Every pair, with what both want and the write-backs that touched either."""
    with location.clinic.lock:
        rows = _standing(location)
        pairs: dict[tuple[str, str], list[str]] = {}
        for want in ("operatory", "provider"):
            for first, second in _pairs(location, rows, want):
                pairs.setdefault((first.id, second.id), []).append(want)
        return [_told(location, *ids, wants) for ids, wants in sorted(pairs.items())]


def _standing(location: Location) -> list[Appointment]:
    rows = location.clinic.appointments.values()
    return [each for each in rows if each.meaning not in OVER]


def _pairs(
    location: Location, rows: list[Appointment], want: str
) -> Iterator[tuple[Appointment, Appointment]]:
    def key(row: Appointment) -> str:
        return location.operatory_of(row) if want == "operatory" else row.practitioner_id

    for _, group in groupby(sorted(rows, key=key), key):
        running: list[Appointment] = []
        for row in sorted(group, key=lambda each: (each.start, each.id)):
            running = [each for each in running if each.end > row.start]
            yield from ((each, row) for each in running)
            running.append(row)


def _told(location: Location, first: str, second: str, wants: list[str]) -> Json:
    rows = location.clinic.appointments
    made_by = {id_: list(location.placed.get(id_, {}).get("writebacks", ())) for id_ in
               (first, second)}  # fmt: skip
    return {
        "appointments": [first, second],
        "wants": wants,
        "start_utc": zulu(max(rows[first].start, rows[second].start)),
        "writebacks": made_by,
        "is_double_booking": any(made_by.values()),
    }
