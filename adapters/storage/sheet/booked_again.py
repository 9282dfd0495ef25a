"""A patient who was booked again: what was typed for them stands in a visit that is off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.arrays import array_of
from domain.board import is_on
from domain.fields import Source
from domain.sheet import EntryView

REACH = timedelta(days=28)
"""Who comes again later than that comes for something else."""
OF_THE_VISIT = frozenset({"status"})
"""What is typed of one visit alone: it says nothing of the next."""

# A PMS that cancels or deletes a visit and books it anew gives it another id, and so another row,
# which is never older.
_TYPED_IN = text(
    """
    SELECT shown.id AS shown_id, gone.id, gone.appointment_time AS start, gone.timezone,
           gone.provenance
    FROM run_sheet_appointments AS shown
    JOIN run_sheet_appointments AS gone
      ON gone.pms_connection_id = shown.pms_connection_id
     AND gone.pms_patient_id = shown.pms_patient_id
    WHERE shown.id = ANY(CAST(:ids AS uuid[]))
      AND gone.touched IS NOT NULL AND gone.linked_to IS NULL
      AND (gone.removed_at IS NOT NULL OR gone.appointment_status = 'cancelled')
      AND NOT 'left_out' = ANY(gone.flags)
      AND gone.created_at <= shown.created_at
      AND gone.appointment_time BETWEEN shown.appointment_time - :reach
                                    AND shown.appointment_time + :reach
    ORDER BY gone.appointment_time, gone.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A visit that stands no more, and the fields that somebody set in it."""

    id: UUID
    start: datetime
    timezone: str
    fields: Sequence[str]


def left_behind(db: Db, entries: Iterable[EntryView]) -> Mapping[UUID, LeftBehind]:
    """For each visit in which nobody has typed yet: its patient's latest that is off and has."""
    ids = [one.id for one in entries if _may_lack(one)]
    if not ids:
        return {}
    found = db.execute(_TYPED_IN, {"ids": array_of(ids), "reach": REACH})
    told = [(row, _typed(row.provenance)) for row in found]
    return {
        row.shown_id: LeftBehind(id=row.id, start=row.start, timezone=row.timezone, fields=fields)
        for row, fields in told
        if fields
    }


def _may_lack(one: EntryView) -> bool:
    """A visit of a patient whom the PMS knows, in which nobody has set anything."""
    is_known = one.connection_id is not None and one.patient is not None and one.patient.pms_id
    set_here = [name for name, origin in one.provenance.items() if origin.can_undo]
    return bool(is_on(one) and is_known and OF_THE_VISIT.issuperset(set_here))


def _typed(provenance: Mapping[str, Any]) -> list[str]:
    """The fields with a person's hand in them, whether their value is shown or only kept."""
    manual = Source.MANUAL.value
    return [
        name
        for name, origin in provenance.items()
        if name not in OF_THE_VISIT and manual in (origin["source"], origin.get("kept"))
    ]
