"""Finds a patient on a day by a part of their name: names are opened, and matches told."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit.audit import Access, record
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import IN_ORDER, OF_DAYS, PIECE, of_days
from domain.names import clinician

MOST_FOUND = 50
_NAMES = text(
    """
    SELECT entry.id, entry.patient_name, entry.appointment_time AS start, entry.timezone,
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
    """A row whose patient is called like that."""

    id: UUID
    name: str = field(repr=False)
    start: datetime
    timezone: str
    clinician_id: UUID | None
    clinician: str | None


def find(
    db: Db, seal: EntrySeal, day: date, wanted: str, *, account_id: str, access: Access
) -> Sequence[Found]:
    """At most MOST_FOUND, the earliest first; accents and capitals do not matter."""
    sought, found = plain(wanted), list[Found]()
    query = _NAMES.execution_options(yield_per=PIECE)
    with db.execute(query, of_days(day, day, account_id=account_id)) as rows:
        for row in rows:
            name = seal.name_of(row.id, row.patient_name)
            if name is None or sought not in plain(name):
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
        summary=f"{day} to {day}: {len(found)} rows found by a name",
    )
    return found


def plain(words: str) -> str:
    """As the page compares names."""
    bare = unicodedata.normalize("NFKD", words)
    return "".join(one for one in bare if not unicodedata.combining(one)).lower()
