"""What became of a write: its number, the word on it, and the list of all that were sent."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.rest.record import Record
from adapters.sikka.bodies import Request
from adapters.sikka.faults import said
from adapters.sikka.line import Line
from adapters.sikka.statuses import YES
from domain.appointments import Appointment, Status
from domain.desk import Outcome, Receipt, Verdict
from domain.errors import BadRecord
from domain.wishes import Booking, Move, NewPatient, PatientChange, Write

_NUMBER = re.compile(r"\bid\s*[:=]\s*(\d{1,18})\b", re.IGNORECASE)
_TOLD_IN = ("long_message", "log_message", "more_information", "short_message")
NOT_TAKING = frozenset({Status.CANCELLED, Status.NO_SHOW})
NOT_TAKEN = "The practice's system did not take it."
LONGEST_BACK = timedelta(days=6)
_A_DAY = timedelta(days=1)
_CLOCK_BEHIND = timedelta(hours=12)
"""By which clock the list tells its times is not documented: it may be that of any practice."""

_SUCCESS = frozenset({"", "success"})
_EARLIEST = "1900"
_COMPARED = (
    *("patient_id", "date", "time", "provider_id", "appointment_sr_no", "value", "description"),
    *("text", "firstname", "lastname", "amount", "birthdate", "cell", "email"),
)
_SEVERAL_ID = ("id", "writeback_id")
APIS: Mapping[str, tuple[str, ...]] = {
    "/appointment": ("appointment", "appointments"),
    "/appointments/{id}": ("appointment", "appointments"),
    "/patient": ("patient", "patients"),
    "/patient/{id}": ("patient", "patients"),
    "/medical_notes": ("medical_notes", "medical_note"),
    "/transaction": ("transaction", "transactions"),
}


def receipt(body: Any) -> Receipt:
    """Taken on, not done: the number is in a text or an address."""
    told = said(body)
    texts = (told.get(name) for name in _TOLD_IN)
    found = (_NUMBER.search(text) for text in texts if isinstance(text, str))
    return Receipt(number=next((one[1] for one in found if one), None))


def outcome(line: Line, write: Write, number: str) -> Outcome:
    for row in line.records("/writeback_status", {"id": number}, paged=False):
        if row.maybe_id("id") in (None, number):
            return _judged(row, write)
    return Outcome(verdict=Verdict.PENDING)


def _judged(row: Record, write: Write) -> Outcome:
    changed = getattr(write.wish, "appointment_id", None)
    if changed and row.maybe_id("appointment_sr_no") not in {None, changed}:
        # Another appointment went to the same time: the list of what was sent names neither.
        return Outcome(verdict=Verdict.UNKNOWN)
    if not _is_over(row):
        return Outcome(verdict=Verdict.PENDING)
    if _is_yes(row, "has_error"):
        # Its own words may name the patient.
        return Outcome(verdict=Verdict.FAILED, reason=NOT_TAKEN)
    if _word(row, "status") not in _SUCCESS:
        # What Sikka calls a failure is not documented: only a success is told as one.
        return Outcome(verdict=Verdict.PENDING)
    return Outcome(verdict=Verdict.DONE, pms_id=_made(row, write))


def _is_over(row: Record) -> bool:
    """As it is told; where it is not, by the time it ended at."""
    told = _word(row, "is_completed")
    return told in YES if told else _is_told(row, "completed_time")


def _made(row: Record, write: Write) -> str | None:
    """What it made, or what it changed."""
    wish = write.wish
    if isinstance(wish, Booking):
        return row.side_id("created_id") or row.side_id("appointment_sr_no")
    if isinstance(wish, NewPatient):
        return row.side_id("created_id") or row.side_id("patient_id")
    if isinstance(wish, PatientChange):
        return wish.patient_id
    changed: str | None = getattr(wish, "appointment_id", None)
    return changed or row.side_id("created_id")


def sent(line: Line, write: Write) -> list[Record]:
    """What left about then, as the application's own list has it."""
    at = write.submitted_at
    if at is None:
        return []
    first, last = ((at + shift).date().isoformat() for shift in (-_A_DAY, _A_DAY))
    asked = {"startdate": first, "enddate": last}
    return line.records("/writebacks", asked, as_application=True)


def matching(
    rows: Sequence[Record], request: Request, write: Write, *, office_id: str
) -> tuple[list[str], bool]:
    """The numbers of those that are this write, and whether one may be that cannot be read."""
    found: list[str] = []
    is_unclear = False
    for row in rows:
        try:
            if not _is_alike(row, request, office_id):
                continue
        except BadRecord:
            # It may be this one.
            is_unclear = True
            continue
        body = _body(row)
        number = next((n for name in _SEVERAL_ID if (n := row.side_id(name))), None)
        if number in write.others or _is_earlier(row, write):
            continue
        is_same = None if body is None else _is_same(body, row, request, write)
        if number is None or is_same is None:
            is_unclear = True
        elif is_same:
            found.append(number)
    return found, is_unclear


def _is_earlier(row: Record, write: Write) -> bool:
    """Whether it was sent before this one left; a time that cannot be read says nothing."""
    try:
        at = datetime.fromisoformat(str(row.raw("command_time") or "").strip())
    except ValueError:
        return False
    told = at if at.tzinfo else at.replace(tzinfo=UTC)
    return write.submitted_at is not None and told < write.submitted_at - _CLOCK_BEHIND


def _is_alike(row: Record, request: Request, office_id: str) -> bool:
    office = row.maybe_id("office_id") or office_id
    method = (row.maybe("method") or request.method).upper()
    api = (row.maybe("api_name") or row.maybe("api") or "").casefold()
    words = set(re.split(r"[^a-z_]+", api))
    wanted = set(APIS[request.path])
    return office == office_id and method == request.method and (not api or bool(words & wanted))


def _is_same(body: Mapping[str, Any], row: Record, request: Request, write: Write) -> bool | None:
    """Our number where it travelled; else every field that was said. None: it says nothing."""
    texts = " ".join(str(body.get(name) or "") for name in ("description", "note", "text"))
    carried = " ".join(str(request.body.get(name) or "") for name in ("description", "text"))
    if write.marker and write.marker in carried:
        return write.marker in texts
    changed = request.parts.get("id")
    about = body.get("appointment_sr_no") or row.maybe_id("appointment_sr_no")
    if changed and about is not None and str(about) != changed:
        return False
    alike = [
        str(body[name]).strip() == str(request.body[name]).strip()
        for name in _COMPARED
        if name in request.body and name in body
    ]
    return all(alike) if alike else None


def _body(row: Record) -> Mapping[str, Any] | None:
    told = row.raw("api_request_body") or row.raw("payload_body")
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return None
    return told if isinstance(told, dict) else None


def is_booked_as(wish: Booking | Move, found: Appointment) -> bool:
    """Whether an appointment in the book is what was asked for."""
    if found.status in NOT_TAKING or found.start != wish.start:
        return False
    if isinstance(wish, Move) and found.pms_id != wish.appointment_id:
        return False
    is_theirs = wish.patient_id in (None, found.patient_id)
    return is_theirs and found.practitioner_id == wish.practitioner_id


def _word(row: Record, path: str) -> str:
    return str(row.raw(path) or "").strip().casefold()


def _is_yes(row: Record, path: str) -> bool:
    return _word(row, path) in YES


def _is_told(row: Record, path: str) -> bool:
    """Sikka's "never" is 1111-11-11, that of the systems behind it 0001-01-01."""
    return _word(row, path) >= _EARLIEST
