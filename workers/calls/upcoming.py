"""A patient's appointments to come, and the one among them a caller means."""

from collections.abc import Sequence
from datetime import date, timedelta

from domain.appointments import Appointment, Status
from domain.errors import BadInput
from domain.speech import MOST_CHOICES, joined, said_when
from domain.tools import ToolRequest
from domain.window import Window, whole_day
from workers.calls.arguments import Arguments
from workers.calls.identity import Known

AHEAD_DAYS = 30
STANDING = frozenset({Status.BOOKED, Status.CONFIRMED})


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
        for one in request.desk.appointments(window)
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
    named = [one for one in found if one.pms_id == told.text("appointmentid")]
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
    return f"{when} with {name}" if name else when


def _listed(request: ToolRequest, found: Sequence[Appointment]) -> str:
    return joined([said_appointment(request, one) for one in found[:MOST_CHOICES]], word="and")
