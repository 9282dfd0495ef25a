"""A patient's appointments to come, and the one among them a caller means."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from domain.appointments import Appointment, Patient, Status
from domain.errors import BadInput
from domain.names import spoken
from domain.speech import MOST_CHOICES, joined, said_when
from domain.tools import ToolRequest
from domain.window import Window, whole_day
from domain.wishes import Booking, Move
from domain.writes import KeptWrite
from workers.calls.arguments import Arguments
from workers.calls.identity import Known

AHEAD_DAYS = 30
STANDING = frozenset({Status.BOOKED, Status.CONFIRMED})


def in_the_book(request: ToolRequest, window: Window) -> list[Appointment]:
    """What the PMS shows, and what it has just taken on: its own copy may be minutes old."""
    latest = {one.pms_id: one for one in request.writer.unseen(request.connection.id)}
    found = []
    for one in request.desk.appointments(window):
        kept = latest.pop(one.pms_id, None)
        found.append(_moved(one, kept) if kept is not None else one)
    found += [made for one in latest.values() if (made := _made(one)) is not None]
    return [one for one in found if one.start in window]


def _moved(shown: Appointment, kept: KeptWrite) -> Appointment:
    """Where it has gone; a booking that is shown is known to the PMS, which may know better."""
    wish = kept.write.wish
    if not isinstance(wish, Move) or shown.start == wish.start:
        return shown
    end = wish.start + timedelta(minutes=wish.minutes)
    return replace(shown, start=wish.start, end=end, practitioner_id=wish.practitioner_id)


def _made(kept: KeptWrite) -> Appointment | None:
    """One that is not shown at all; nothing where it is not known whose it is."""
    wish = kept.write.wish
    if not isinstance(wish, Booking | Move) or wish.patient_id is None or kept.pms_id is None:
        return None
    return Appointment(
        pms_id=kept.pms_id,
        start=wish.start,
        end=wish.start + timedelta(minutes=wish.minutes),
        patient=Patient(pms_id=wish.patient_id),
        practitioner_id=wish.practitioner_id,
    )


def appointments_of(
    request: ToolRequest, patient: Known, *, day: date | None = None
) -> list[Appointment]:
    """Those still to come, fresh from the PMS: on a day, or within some weeks."""
    now = request.now
    window = Window(now, now + timedelta(days=AHEAD_DAYS))
    if day is not None:
        window = whole_day(day, request.connection.timezone)
    found = [
        one
        for one in in_the_book(request, window)
        if one.patient_id == patient.id
        and one.status in STANDING
        and not one.removed
        and one.start > now
    ]
    return sorted(found, key=lambda one: one.start)


def the_appointment(
    request: ToolRequest, told: Arguments, patient: Known, *, day: date | None
) -> Appointment:
    """The one that is meant; BadInput asks which, or says that there is none."""
    found = appointments_of(request, patient, day=day)
    wanted = told.text("appointmentid")
    named = [one for one in found if one.pms_id == wanted]
    if wanted and found and not named:
        # Another one must not be cancelled or moved in its place.
        raise BadInput(
            f"I cannot see that appointment any more, only {_listed(request, found)}."
            " Do you mean that one?"
        )
    found = named or found
    if not found:
        when = "on that day" if day else f"in the next {AHEAD_DAYS} days"
        raise BadInput(f"I can see no appointment {when}. Which day is it on?")
    if len(found) > 1:
        raise BadInput(f"There is more than one: {_listed(request, found)}. Which one do you mean?")
    return found[0]


def said_appointment(request: ToolRequest, one: Appointment) -> str:
    """Monday 23 November at 10 am with Dr Lee."""
    when = said_when(one.start, request.connection.timezone, now=request.now)
    name = one.practitioner_name or request.connection.practitioners.get(
        one.practitioner_id or "", ""
    )
    return f"{when} with {spoken(name)}" if name else when


def _listed(request: ToolRequest, found: Sequence[Appointment]) -> str:
    return joined([said_appointment(request, one) for one in found[:MOST_CHOICES]], word="and")
