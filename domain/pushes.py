"""What of a row goes back to its PMS: which fields, as which write, and how the row stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.appointments import Status
from domain.errors import Refused, SyncError
from domain.fields import PUSHABLE, Cell, Cells, Given, Source, same
from domain.wishes import Booking, Cancellation, LastTold, Move, StatusChange

PLACE = PUSHABLE - {"status"}

Push = Move | Cancellation | StatusChange
Sent = Push | Booking


class PushState(StrEnum):
    """How a row stands towards its PMS; one that nobody changed has none."""

    PENDING = "pending"
    SYNCED = "synced"
    ERROR = "error"
    NEEDS_PATIENT = "needs_patient"


DISPUTED = "Both sides changed this visit; choose a side first."
CHANGED = "This row changes faster than it can be sent; it is tried again."
NO_PATIENT = "Link the patient first."
SWITCHED_OFF = "Nothing is sent while changes of the sheet are switched off for this account."
NOT_WRITABLE = "This practice's system takes no changes from here."
LOCKED_OUT = "Nothing is sent until somebody has reconnected the practice."
NOT_FETCHED = "Nothing is fetched until somebody has reconnected the practice."
BY_HAND = "It waits until somebody sends it: changes do not go out by themselves here."
LEFT_OUT = "The practice has it; this connection's own filters keep it off the sheet."
UNREACHED = "The practice's system does not answer; it is tried again by itself."
TOO_LONG = "Nobody can say whether this was done; look at the practice's own book."
NOT_SHOWN = "The practice took this visit, but does not show it; look at the practice's own book."
CALLED_OFF = (
    "The practice cancelled this visit: what was changed here was not sent. Undo the change,"
    " or make a new visit."
)
ELSEWHERE = (
    "Another practice was sent this visit before; look in its book, then take this row off and make"
    " a new one here."
)
MOVED_ON = (
    "The practice moved this visit, which has a row of its own now: what was changed here was not"
    " sent. Undo the change, and change that row."
)
TAKEN_OFF = "The practice no longer has this visit: what was changed here was not sent."
NO_COLUMN = "This clinician has no column at the practice's system; match them up in the settings."


AUTO_PUSH, AUTO_CREATE = "auto_push", "auto_create"
"""Features of a connection: what people change goes out by itself, and what they add too."""


@dataclass(frozen=True, slots=True)
class Stands:
    """How a row stands towards its PMS, if at all, and why; `link_id`: which link it waits for."""

    state: PushState | None
    reason: str | None = None
    link_id: UUID | None = None


class ChangedThere(SyncError):
    """The PMS holds another version of the row than was read: nothing was done; read it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row as its PMS holds it; `day` is the practice's own, `version` the PMS's mark of it.

    `practitioner_id` is whose column it stands in there, `columns` whose column each of our
    clinicians is.
    """

    pms_id: str
    day: date
    patient_id: str | None = None
    practitioner_id: str | None = None
    version: str | None = None
    last_told: LastTold | None = None
    columns: Mapping[str, UUID] = field(default_factory=dict)


def differing(cells: Cells) -> frozenset[str]:
    """Fields in which a person's value is not what the PMS said last."""
    return frozenset(
        name
        for name in PUSHABLE & cells.keys()
        if cells[name].is_manual and not same(cells[name].value, _value_told(cells[name]))
    )


def disputed(cells: Cells) -> frozenset[str]:
    """Fields that a person has yet to choose a side of: nothing of the row is sent till then."""
    return frozenset(name for name in PUSHABLE & cells.keys() if cells[name].theirs is not None)


def set_by(cells: Cells) -> str:
    """Who set what the PMS does not say yet; of several whoever did so last."""
    cells_set = [cells[name] for name in differing(cells)] or list(cells.values())
    newest = max(cells_set, key=lambda cell: cell.at, default=None)
    return (newest and newest.by) or "sheet"


def last_told(cell: Cell) -> Given | None:
    """The PMS's last word on a field, under a person's or against it."""
    known = (cell.theirs or cell.base) if cell.is_manual else cell.given
    return known if known and known.source is Source.PMS else None


def told_of(
    cells: Cells,
    *,
    practitioner_id: str | None,
    status_raw: str | None,
    undone: Collection[str] = (),
) -> LastTold:
    """What the PMS said last of a row.

    Fields of which somebody undid what a sync did are not known: the sheet shows what was before,
    and keeps no note of what the PMS says instead.
    """
    known = {name: _value_told(cells[name]) for name in cells if name not in undone}
    status = known.get("status")
    return LastTold(
        start=known.get("start"),
        minutes=known.get("duration_minutes"),
        status=status,
        status_raw=status_raw if status is not None else None,
        practitioner_id=None if "clinician" in undone else practitioner_id,
    )


def may_be_set(cells: Cells, takes: Collection[Status]) -> frozenset[Status]:
    """Statuses a person may set in a row, of those its PMS takes; what it says itself may stay.

    A PMS that takes no confirmation from here keeps its own: booked over confirmed would come back.
    """
    told = _value_told(cells["status"]) if "status" in cells else None
    if told is None:
        return frozenset(takes)
    stands = Status(told)
    keeps_its_own = stands is Status.CONFIRMED and Status.CONFIRMED not in takes
    barred = {Status.BOOKED} if keeps_its_own else set()
    return frozenset({*takes, stands} - barred)


def _value_told(cell: Cell) -> Any:
    known = last_told(cell)
    return known and known.value


def next_push(cells: Cells, place: Place) -> Push | None:
    """The write that comes next, None where nothing is to be written; Refused where none can be.

    One at a time: each leaves another version behind, which the next must expect. A visit that is
    called off goes nowhere any more; one that is called back comes before it moves.
    """
    differs = differing(cells)
    if not differs:
        return None
    status = Status(cells["status"].value)
    if status is Status.CANCELLED:
        return _cancellation(place) if "status" in differs else None
    was_off = "status" in differs and _value_told(cells["status"]) == Status.CANCELLED
    if PLACE & differs and not was_off:
        return _move(cells, place)
    return _status(status, place) if "status" in differs else None


def sent(push: Sent, *, columns: Mapping[str, UUID]) -> Mapping[str, Any]:
    """The values a confirmed write has left at the PMS, by field."""
    if isinstance(push, Cancellation):
        return {"status": Status.CANCELLED.value}
    if isinstance(push, StatusChange):
        return {"status": push.status}
    left = {"start": push.start, "duration_minutes": push.minutes}
    clinician = columns.get(push.practitioner_id)
    return {**left, "clinician": clinician} if clinician else left


def column_of(clinician: UUID | None, place: Place) -> str:
    """Whose column at the PMS a clinician of ours is; the present one where it is theirs too."""
    if clinician is None and place.practitioner_id:
        return place.practitioner_id
    theirs = sorted(pms_id for pms_id, ours in place.columns.items() if ours == clinician)
    if place.practitioner_id in theirs:
        return str(place.practitioner_id)
    if len(theirs) != 1:
        raise Refused(NO_COLUMN)
    return theirs[0]


def _move(cells: Cells, place: Place) -> Move:
    clinician = cells.get("clinician")
    return Move(
        appointment_id=place.pms_id,
        start=cells["start"].value,
        minutes=cells["duration_minutes"].value,
        practitioner_id=column_of(clinician.value if clinician else None, place),
        patient_id=place.patient_id,
        expected_version=place.version,
        day=place.day,
        last_told=place.last_told,
    )


def _cancellation(place: Place) -> Cancellation:
    return Cancellation(
        appointment_id=place.pms_id,
        patient_id=place.patient_id,
        expected_version=place.version,
        day=place.day,
        last_told=place.last_told,
    )


def _status(status: Status, place: Place) -> StatusChange:
    return StatusChange(
        appointment_id=place.pms_id,
        status=status.value,
        patient_id=place.patient_id,
        expected_version=place.version,
        day=place.day,
        last_told=place.last_told,
    )
