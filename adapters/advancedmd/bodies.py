"""What is sent to the scheduler for each wish: ids, times and numbers, and nothing of a person."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.advancedmd.assumed import change_path, status_field
from adapters.advancedmd.office import Office
from adapters.advancedmd.words import code_of, own_codes
from adapters.rest.instants import wall_clock
from domain.appointments import Appointment, Status
from domain.connections import Connection
from domain.desk import Busy
from domain.errors import Refused
from domain.intake import MOVED
from domain.wishes import Booking, Cancellation, Move, StatusChange

CANCEL_PATH = "/scheduler/appointments/{id}/cancel"
BOOKING_PATH = "/scheduler/Appointments"

CANCELLED = (
    "The visit was cancelled in AdvancedMD, or moved to another time there; undo the change here,"
    " or make a new visit."
)
MOVED_AWAY = (
    "The visit was moved to another time in AdvancedMD, and nothing was cancelled: cancel it where"
    " it stands now; the next sync shows it."
)
CONFIRMED = (
    "The visit is confirmed in AdvancedMD, which cannot be taken back from here; undo the change"
    " here, or take the confirmation away there."
)

Change = Move | Cancellation | StatusChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One change, ready to be sent."""

    method: str
    path: str
    body: dict[str, Any] = field(repr=False)
    parts: dict[str, str]


def booked(wish: Booking, office: Office, connection: Connection) -> Request:
    """A new appointment; whose column it is says under which profile it runs."""
    column = office.column(wish.practitioner_id)
    if column is None or column.profile_id is None:
        raise Refused("This clinician has no column in AdvancedMD's scheduler.")
    body = {
        "patientid": number(wish.patient_id),
        "columnid": number(column.pms_id),
        "startdatetime": local_time(wish.start, connection),
        "duration": wish.minutes,
        "profileid": number(column.profile_id),
        "type": [{"id": number(wish.type_id)}] if wish.type_id else [],
    }
    return Request(method="POST", path=BOOKING_PATH, body=body, parts={})


def changed(wish: Change, row: Appointment, connection: Connection) -> Request:
    """What the row lacks of the wish."""
    if MOVED in row.flags and cancels(wish):
        raise Refused(MOVED_AWAY)
    if row.status is Status.CANCELLED:
        # A visit that was moved stays behind as a cancelled row: brought back to life, the patient
        # would be booked twice.
        raise Refused(CANCELLED)
    parts = {"id": wish.appointment_id}
    if isinstance(wish, Cancellation) or cancels(wish):
        body: dict[str, Any] = {"id": number(wish.appointment_id)}
        return Request(method="PUT", path=CANCEL_PATH, body=body, parts=parts)
    if isinstance(wish, StatusChange):
        code = number(_code(Status(wish.status), row, connection))
        body = {status_field(connection): code}
    else:
        body = _moved(wish, row, connection)
    return Request(method="PUT", path=change_path(connection), body=body, parts=parts)


def is_as_told(wish: Change, row: Appointment) -> bool:
    """Whether the row is the one that was read: by its version, else by what it said then."""
    if wish.expected_version is not None:
        return row.version == wish.expected_version
    told = wish.last_told
    if told is None:
        return True
    pairs: list[tuple[object, object]] = [
        (told.start, row.start),
        (told.minutes, row.duration_minutes),
        (told.practitioner_id, row.practitioner_id),
    ]
    if told.status is not None:
        pairs.append(((told.status, told.status_raw), (row.status.value, row.status_raw)))
    return all(was is None or was == now for was, now in pairs)


def is_so(wish: Change, row: Appointment) -> bool:
    """Whether the row is as it was wished; whoever was moved still comes."""
    if isinstance(wish, Cancellation) or cancels(wish):
        return row.status is Status.CANCELLED and MOVED not in row.flags
    if isinstance(wish, StatusChange):
        return row.status is Status(wish.status) and row.status_raw is None
    stands = (row.start, row.duration_minutes, row.practitioner_id)
    return stands == (wish.start, wish.minutes, wish.practitioner_id)


def is_booked_as(wish: Booking, row: Appointment) -> bool:
    """Whether the row is the appointment that was to be made, whatever length it was given."""
    stands = (row.patient_id, row.start, row.practitioner_id)
    wanted = (wish.patient_id, wish.start, wish.practitioner_id)
    return stands == wanted and row.status is not Status.CANCELLED


def may_be_booked_as(wish: Booking, taken: Busy) -> bool:
    """Whether a visit that cannot be read may be it, by all that can be read of it."""
    columns = {one.pms_id for one in taken.resources}
    is_theirs = taken.patient_id in (None, wish.patient_id)
    return is_theirs and wish.practitioner_id in columns and wish.start in taken.window


def local_time(at: datetime, connection: Connection) -> str:
    local = wall_clock(at, timezone=connection.timezone, told="AdvancedMD")
    return local.isoformat(timespec="seconds")


def number(pms_id: str) -> int:
    """Ids are whole numbers there."""
    if not (pms_id.isascii() and pms_id.isdigit()):
        raise Refused("An id of AdvancedMD is a number; this row has another.")
    return int(pms_id)


def cancels(wish: Change) -> bool:
    if isinstance(wish, StatusChange):
        return Status(wish.status) is Status.CANCELLED
    return isinstance(wish, Cancellation)


def _code(status: Status, row: Appointment, connection: Connection) -> str:
    """A confirmation is a date of its own there, which no status takes away."""
    if status is Status.BOOKED and row.status is Status.CONFIRMED and not _confirms(connection):
        raise Refused(CONFIRMED)
    return code_of(status, connection)


def _confirms(connection: Connection) -> bool:
    """Whether the practice has a code of its own for what is confirmed."""
    return Status.CONFIRMED in own_codes(connection).values()


def _moved(wish: Move, row: Appointment, connection: Connection) -> dict[str, Any]:
    """Only what differs: somebody there may be changing the rest."""
    body: dict[str, Any] = {}
    if row.start != wish.start:
        body["startdatetime"] = local_time(wish.start, connection)
    if row.duration_minutes != wish.minutes:
        body["duration"] = wish.minutes
    if row.practitioner_id != wish.practitioner_id:
        body["columnid"] = number(wish.practitioner_id)
    return body
