"""Under whom a person may put a row: any column of ours, or such as its practice has too."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.by_hand.chosen_statuses import taking
from adapters.storage.practices.clinicians import columns_of
from adapters.storage.sheet.entries import RowLike
from domain.connections import Connection
from domain.errors import BadInput, Refused
from domain.fields import Source
from domain.names import clinician
from domain.pushes import Place, column_of
from domain.sheet import Column, EntryView
from domain.window import local_day

NOT_OURS = "Whose appointment this is, is the practice's to say; change it in its own system."
WHO = (
    "Name a clinician of the sheet by their id: `clinicians` of GET /api/run-sheet lists them,"
    " and each row bears its own as `clinician_id`."
)

_ONE = text("SELECT EXISTS (SELECT FROM run_sheet_clinicians WHERE id = :id)")


def names(db: Db) -> Mapping[UUID, str]:
    """Everybody of the sheet, in its order."""
    return {one.id: clinician(one.name) for one in columns_of(db)}


def chosen(db: Db, row: RowLike, given: Any) -> UUID:
    """The clinician of that id, where the row can stand under them; else why it cannot."""
    wanted = _id(given)
    if not db.execute(_ONE, {"id": wanted}).scalar_one():
        raise BadInput(WHO)
    if row["source"] == Source.PMS.value:
        held = taking(db, row)
        if held is None:
            raise BadInput(NOT_OURS)
        day = local_day(row["appointment_time"], row["timezone"])
        _column(wanted, _place(held, row["pms_practitioner_id"], day))
    return wanted


def possible(db: Db, entry: EntryView, held: Connection | None) -> Sequence[Column]:
    """Those a reader may choose from; `held` is the practice, where it takes changes."""
    if held is None and entry.source == Source.PMS.value:
        return ()
    every = [Column(id=one, name=name) for one, name in names(db).items()]
    if held is None or entry.source != Source.PMS.value:
        return every
    place = _place(held, entry.practitioner.pms_id, entry.local_start.date())
    return [one for one in every if _has_column(one.id, place)]


def _id(given: Any) -> UUID:
    try:
        return UUID(given)
    except (TypeError, ValueError, AttributeError):
        raise BadInput(WHO) from None


def _place(held: Connection, practitioner_id: str | None, day: date) -> Place:
    return Place(pms_id="", day=day, practitioner_id=practitioner_id, columns=held.clinicians)


def _has_column(wanted: UUID, place: Place) -> bool:
    try:
        return bool(_column(wanted, place))
    except BadInput:
        return False


def _column(wanted: UUID, place: Place) -> str:
    try:
        return column_of(wanted, place)
    except Refused as refusal:
        raise BadInput(str(refusal)) from None
