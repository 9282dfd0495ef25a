"""A patient's appointments to come, and the one among them a caller means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.appointments import Appointment, Patient, Status
from domain.errors import BadInput
from domain.names import spoken
from domain.speech import MOST_CHOICES, joined, said_when
from domain.tools import ToolRequest
from domain.window import Window, whole_day
from domain.wishes import Booking, Cancellation, Move
from domain.writes import KeptWrite, WriteState
from workers.calls.arguments import Arguments
from workers.calls.identity import Known
from workers.calls.present import Present

AHEAD_DAYS = 365
"""Recalls are made half a year ahead and more; of one patient it is one request all the same."""

STANDING = frozenset({Status.BOOKED, Status.CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A patient's appointments to come: those that stand, and those that were called off lately.

    With these is the cancellation, which may be under way still.
    """

    standing: Sequence[Appointment]
    called_off: Sequence[tuple[Appointment, KeptWrite]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The appointment a caller means, and its cancellation if there was one lately."""

    appointment: Appointment
    cancellation: KeptWrite | None = None


def in_the_book(
    request: ToolRequest, window: Window, *, patient_id: str | None = None
) -> list[Appointment]:
    """What the PMS shows, and what it has just taken on: its own copy may be minutes old."""
    unseen = request.writer.unseen(request.connection.id)
    return _book(request, window, unseen, patient_id=patient_id)


def cancellations(unseen: Sequence[KeptWrite]) -> Mapping[str, KeptWrite]:
    """Those that were done lately or are under way, by the appointment; the last one of each."""
    return {
        one.write.wish.appointment_id: one
        for one in unseen
        if isinstance(one.write.wish, Cancellation)
    }


def coming(request: ToolRequest, patient: Known, *, day: date | None = None) -> Coming:
    """Fresh from the PMS: on a day, or as far ahead as anybody books."""
    now = request.now
    window = Window(now, now + timedelta(days=max(AHEAD_DAYS, request.rules.max_days_ahead)))
    if day is not None:
        window = whole_day(day, request.connection.timezone)
    unseen = request.writer.unseen(request.connection.id)
    book = _book(request, window, unseen, patient_id=patient.id)
    theirs = [one for one in book if one.patient_id == patient.id and one.start > now]
    off = cancellations(unseen)
    standing = [
        one
        for one in theirs
        if one.status in STANDING and not one.removed and one.pms_id not in off
    ]
    known = {one.pms_id: one for one in theirs}
    called_off = [
        (one, kept)
        for pms_id, kept in off.items()
        if (one := known.get(pms_id) or _as_it_was(kept, patient))
        and one.start in window
        and one.start > now
    ]
    return Coming(standing=sorted(standing, key=lambda one: one.start), called_off=called_off)


def the_appointment(
    request: ToolRequest, told: Arguments, patient: Known, present: Present
) -> Meant:
    """The one that is meant; BadInput asks which, or says that there is none."""
    found = coming(request, patient, day=present.day)
    wanted = told.text("appointmentid")
    named = [one for one in found.standing if _is_it(request, one, present, wanted)]
    if len(named) == 1:
        return Meant(appointment=named[0])
    if named:
        raise BadInput(f"There is more than one: {_listed(request, named)}. Which one do you mean?")
    for one, kept in reversed(found.called_off):
        if _is_it(request, one, present, wanted):
            return Meant(appointment=one, cancellation=kept)
    if not found.standing:
        when = "on that day" if present.day else "in the coming year"
        raise BadInput(f"I can see no appointment {when}. Which day is it on?")
    # Another one must not be cancelled or moved in its place.
    gone = " any more" if wanted else ""
    which = "Do you mean that one?" if len(found.standing) == 1 else "Which one do you mean?"
    raise BadInput(
        f"I cannot see that appointment{gone}, only {_listed(request, found.standing)}. {which}"
    )


def said_appointment(request: ToolRequest, one: Appointment) -> str:
    """Monday 23 November at 10 am with Dr Lee."""
    when = said_when(one.start, request.connection.timezone, now=request.now)
    name = one.practitioner_name or request.connection.practitioners.get(
        one.practitioner_id or "", ""
    )
    return f"{when} with {spoken(name)}" if name else when


def _book(
    request: ToolRequest, window: Window, unseen: Sequence[KeptWrite], *, patient_id: str | None
) -> list[Appointment]:
    off = cancellations(unseen)
    latest = {one.pms_id: one for one in unseen if isinstance(one.write.wish, Booking | Move)}
    found = []
    for one in request.desk.appointments(window, patient_id=patient_id):
        kept = latest.pop(one.pms_id, None)
        found.append(_moved(one, kept) if kept is not None else one)
    found += [made for one in latest.values() if (made := _made(one)) is not None]
    return [_standing(one, off.get(one.pms_id)) for one in found if one.start in window]


def _standing(one: Appointment, cancellation: KeptWrite | None) -> Appointment:
    """A cancellation that the PMS has taken counts; one that is under way may come to nothing."""
    is_off = cancellation is not None and cancellation.state is WriteState.CONFIRMED
    return replace(one, status=Status.CANCELLED) if is_off else one


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


def _as_it_was(kept: KeptWrite, patient: Known) -> Appointment | None:
    """Theirs that is shown no more, as its cancellation knows it."""
    wish = kept.write.wish
    if not isinstance(wish, Cancellation) or wish.start is None or wish.patient_id != patient.id:
        return None
    return Appointment(
        pms_id=wish.appointment_id,
        start=wish.start,
        end=wish.start,
        status=Status.CANCELLED,
        patient=Patient(pms_id=patient.id),
    )


def _is_it(request: ToolRequest, one: Appointment, present: Present, wanted: str | None) -> bool:
    if wanted is not None and one.pms_id != wanted:
        return False
    return present.fits(one, request.connection)


def _listed(request: ToolRequest, found: Sequence[Appointment]) -> str:
    return joined([said_appointment(request, one) for one in found[:MOST_CHOICES]], word="and")
