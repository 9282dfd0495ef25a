"""Finds a patient on a day by a part of their name or phone: these are opened, and matches told."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.phones import normalised, region_of
from adapters.storage.audit.audit import Access, record
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import IN_ORDER, OF_DAYS, PIECE, of_days
from domain.names import clinician

MOST_FOUND = 50
FEWEST_DIGITS = 3
"""Fewer stand in almost every number."""
_NAMES = text(
    """
    SELECT entry.id, entry.patient_name, entry.patient_phone, entry.timezone,
           entry.appointment_time AS start,
           entry.run_sheet_clinician_id AS clinician_id, clinician.name AS clinician
    FROM run_sheet_appointments AS entry
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = entry.run_sheet_clinician_id
    """  # noqa: S608 - the conditions every reading of days has
    + OF_DAYS
    + " AND entry.patient_name IS NOT NULL"
    + IN_ORDER
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A row whose patient is called, or reached, like that."""

    id: UUID
    name: str = field(repr=False)
    start: datetime
    timezone: str
    clinician_id: UUID | None
    clinician: str | None


Fits = Callable[[Row[Any], str], bool]


def find(
    db: Db, seal: EntrySeal, day: date, wanted: str, *, account_id: str, access: Access
) -> Sequence[Found]:
    """At most MOST_FOUND, the earliest first; accents and capitals do not matter."""
    number = _number(wanted)
    fits = _reached_at(seal, number) if number else _called(wanted)
    found = list[Found]()
    query = _NAMES.execution_options(yield_per=PIECE)
    with db.execute(query, of_days(day, day, account_id=account_id)) as rows:
        for row in rows:
            name = seal.name_of(row.id, row.patient_name)
            if name is None or not fits(row, name):
                continue
            found.append(
                Found(
                    id=row.id,
                    name=name,
                    start=row.start,
                    timezone=row.timezone,
                    clinician_id=row.clinician_id,
                    clinician=row.clinician and clinician(row.clinician),
                )
            )
            if len(found) == MOST_FOUND:
                break
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.read",
        phi_fields=("patient_name",) if found else (),
        summary=f"{day} to {day}: {len(found)} rows found by a {'phone' if number else 'name'}",
    )
    return found


def _called(wanted: str) -> Fits:
    """As it is said at the desk: first or last name first, or only the beginnings of both."""
    sought = plain(wanted.replace(",", " ")).split()
    return lambda _, name: all(word in plain(name) for word in sought)


def _number(wanted: str) -> str | None:
    """The digits of what can be a part of a phone number."""
    digits = _digits(wanted)
    is_number = len(digits) >= FEWEST_DIGITS and not any(one.isalpha() for one in wanted)
    return digits if is_number else None


def _reached_at(seal: EntrySeal, number: str) -> Fits:
    """However it is written: as the practice's country does, or as a phone shows who calls."""

    def fits(row: Row[Any], _: str) -> bool:
        held = seal.phone_of(row.id, row.patient_phone)
        if held is None:
            return False
        phone = normalised(held, region_of(row.timezone))
        return any(number in _digits(one) for one in (phone.shown, phone.e164 or ""))

    return fits


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isdigit())


def plain(words: str) -> str:
    """As the page compares names."""
    bare = unicodedata.normalize("NFKD", words)
    return "".join(one for one in bare if not unicodedata.combining(one)).lower()
