"""What staff do to a book that only this vendor has words for."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.advancedmd import codes
from simulators.advancedmd.offices import Office
from simulators.chance import chance, new_id
from simulators.records import Appointment, Meaning
from simulators.truth import record

if TYPE_CHECKING:
    from simulators.advancedmd.api import Advancedmd

Told = dict[str, Any]


def set_code(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """Any number at all, known or not."""
    office = _office_with(vendor, rest)
    with office.clinic.lock:
        row, code = office.clinic.appointments[rest], int(told["statuscode"])
        office.codes[rest] = code
        meaning = codes.meaning_of(code, row.meaning)
        return _told(vendor, office, office.clinic.revise(replace(row, meaning=meaning)))


def rebook(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """The old row becomes a moved one and a new row has the new time."""
    office = _office_with(vendor, rest)
    start = datetime.fromisoformat(told["start_utc"]).astimezone(UTC)
    clinic = office.clinic
    with clinic.lock:
        row = clinic.appointments[rest]
        id_ = new_id(chance("rebooked", rest, clinic.version))
        kinds, column = office.types_of(row), office.column_of(row)
        added = clinic.add(replace(row, id=id_, start=start))
        office.chosen_types[added.id], office.placed[added.id] = kinds, column.id
        office.codes[rest] = codes.MOVED
        clinic.revise(replace(row, meaning=Meaning.CANCELLED))
        return _told(vendor, office, added)


def _office_with(vendor: "Advancedmd", id_: str) -> Office:
    for office in vendor.offices.values():
        if id_ in office.clinic.appointments:
            return office
    raise KeyError(id_)


def _told(vendor: "Advancedmd", office: Office, row: Appointment) -> Told:
    return {"version": office.clinic.version, **record(office.clinic, row, vendor.wording)}
