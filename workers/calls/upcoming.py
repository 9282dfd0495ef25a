"""A patient's appointments to come, and the one among them a caller means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.appointments import Appointment, Patient, Status
from domain.errors import BadInput
from domain.names import spoken
from domain.speech import MOST_CHOICES, joined, said_when
from domain.tool_words import CONNECT, not_yet, requested
from domain.tools import ToolAnswer, ToolRequest
from domain.window import Window, day_start, local_day, whole_day
from domain.wishes import Booking, Cancellation, Move
from domain.writes import OPEN, KeptWrite, WriteState
from workers.calls.arguments import Arguments
from workers.calls.identity import Known
from workers.calls.present import Present

AHEAD_DAYS = 365
"""Recalls are made half a year ahead and more; of one patient it is one request all the same."""

PHI = ("appointment_time", "appointment_type")
STANDING = frozenset({Status.BOOKED, Status.CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A patient's appointments to come: those that stand, and those that were called off lately.

    With these is the cancellation, which may be under way still. `asked_for` are bookings and moves
    the practice has not said the end of, `begun` what stood in the book earlier today.
    """

    standing: Sequence[Appointment]
    called_off: Sequence[tuple[Appointment, KeptWrite]]
    asked_for: Sequence[tuple[Appointment, KeptWrite]]
    begun: Sequence[Appointment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The appointment a caller means, and its cancellation if there was one lately.

    `change` is a move of it, or the booking itself, that is not final yet.
    """

    appointment: Appointment
    cancellation: KeptWrite | None = None
    change: KeptWrite | None = None


def in_the_book(
    request: ToolRequest, window: Window, *, patient_id: str | None = None
) -> list[Appointment]:
    """What the PMS shows, and what it has just taken on: its own copy may be minutes old."""
    unseen = request.writes.unseen(request.connection.id)
    return _book(request, window, unseen, patient_id=patient_id)


def by_id(request: ToolRequest, pms_id: str) -> Appointment | None:
    """The one of the book that has this id, whichever day it is on."""
    shown = request.desk.appointment(pms_id)
    unseen = request.writes.unseen(request.connection.id)
    found = _as_written([] if shown is None else [shown], unseen)
    return next((one for one in found if one.pms_id == pms_id), None)


def cancellations(unseen: Sequence[KeptWrite]) -> Mapping[str, KeptWrite]:
    """Those that were done lately or are under way, by the appointment; the last one of each."""
    return {
        one.write.wish.appointment_id: one
        for one in unseen
        if isinstance(one.write.wish, Cancellation)
    }


def being_moved(request: ToolRequest, pms_id: str) -> KeptWrite | None:
    """A move of it that the practice has not said the end of."""
    asked = _under_way(request.writes.unseen(request.connection.id))
    return next((kept for one, kept in asked if one.pms_id == pms_id), None)


def coming(request: ToolRequest, patient: Known, *, day: date | None = None) -> Coming:
    """Fresh from the PMS: on a day, or as far ahead as anybody books."""
    now = request.now
    zone = request.connection.timezone
    ahead = timedelta(days=max(AHEAD_DAYS, request.rules.max_days_ahead))
    window = Window(day_start(local_day(now, zone), zone), now + ahead)
    if day is not None:
        window = whole_day(day, zone)
    unseen = request.writes.unseen(request.connection.id)
    book = _book(request, window, unseen, patient_id=patient.id)
    theirs = [one for one in book if one.patient_id == patient.id]
    off = cancellations(unseen)
    there = [
        one
        for one in sorted(theirs, key=lambda one: one.start)
        if one.status in STANDING and not one.removed and one.pms_id not in off
    ]
    standing = [one for one in there if one.start > now]
    known = {one.pms_id: one for one in theirs}
    called_off = [
        (one, kept)
        for pms_id, kept in off.items()
        if (one := known.get(pms_id) or _as_it_was(kept, patient))
        and one.start in window
        and one.start > now
    ]
    asked_for = [
        (one, kept)
        for one, kept in _under_way(unseen)
        if one.pms_id in known
        or (one.patient_id == patient.id and one.start in window and one.start > now)
    ]
    return Coming(
        standing=standing,
        begun=[one for one in there if one.start <= now],
        called_off=called_off,
        asked_for=[(_as_shown(one, standing), kept) for one, kept in asked_for],
    )


def asked_for_at(request: ToolRequest, patient: Known, window: Window) -> KeptWrite | None:
    """What was asked for them then, and is not final yet."""
    asked = _under_way(request.writes.unseen(request.connection.id))
    theirs = ((one, kept) for one, kept in asked if one.patient_id == patient.id)
    return next((kept for one, kept in theirs if overlaps(one, window)), None)


def unseen_of(request: ToolRequest, patient: Known, window: Window) -> Appointment | None:
    """What the practice has taken for them then, and may not show yet."""
    unseen = request.writes.unseen(request.connection.id)
    off = cancellations(unseen)
    made = (_made(one) for one in unseen if one.pms_id not in off and one.state not in OPEN)
    theirs = (one for one in made if one is not None and one.patient_id == patient.id)
    return next((one for one in theirs if overlaps(one, window)), None)


def own_at(
    request: ToolRequest, patient: Known, window: Window, *, but: str | None = None
) -> Appointment | None:
    """The patient's own that stands there, as callers forget; `but` is the one they talk of."""
    day = local_day(window.start, request.connection.timezone)
    own = coming(request, patient, day=day).standing
    return next((one for one in own if one.pms_id != but and overlaps(one, window)), None)


def there_already(request: ToolRequest, one: Appointment, patient: Known) -> ToolAnswer:
    text = (
        f"The patient has an appointment at that time already: {said_appointment(request, one)}."
        " Would you like any other time?"
    )
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)


def overlaps(one: Appointment, window: Window) -> bool:
    return one.start < window.end and window.start < one.end


def the_appointment(
    request: ToolRequest, told: Arguments, patient: Known, present: Present, *, cancels: bool
) -> Meant:
    """The one that is meant; BadInput asks which, or says that there is none.

    Words that fit what was called off lately may be that cancellation over again: whoever `cancels`
    is asked, for what is left must not go in its place.
    """
    found = coming(request, patient, day=present.day)
    wanted = told.text("appointmentid")
    named = [one for one in found.standing if _is_it(request, one, present, wanted)]
    _require_final(request, found, named, present, wanted)
    off = [(one, kept) for one, kept in found.called_off if _is_it(request, one, present, wanted)]
    begun = [one for one in found.begun if _is_it(request, one, present, wanted)]
    if begun and not off and len(named) <= 1:
        raise BadInput(_late(request, begun[-1], named))
    # What was booked again for the very time that was called off can be told by no word from it.
    is_again = bool(off and len(named) == 1 and off[-1][0].start == named[0].start)
    if len(named) == 1 and (is_again or not (off and cancels)):
        return Meant(appointment=named[0], change=_change(found, named[0]))
    if len(named) == 1:
        raise BadInput(_besides(request, *off[-1], named[0]))
    if named:
        raise BadInput(f"There is more than one: {_listed(request, named)}. Which one do you mean?")
    if off:
        one, kept = off[-1]
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
    shown = request.desk.appointments(window, patient_id=patient_id)
    return [one for one in _as_written(shown, unseen) if one.start in window]


def _as_written(shown: Sequence[Appointment], unseen: Sequence[KeptWrite]) -> Iterator[Appointment]:
    """What the PMS shows, as our writes have left it, and what they have made besides."""
    off = cancellations(unseen)
    done = [one for one in unseen if one.state is WriteState.CONFIRMED]
    latest = {one.pms_id: one for one in done if isinstance(one.write.wish, Booking | Move)}
    found = []
    for one in shown:
        kept = latest.pop(one.pms_id, None)
        found.append(_moved(one, kept) if kept is not None else one)
    found += [made for one in latest.values() if (made := _made(one)) is not None]
    return (_standing(one, off.get(one.pms_id)) for one in found)


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
    return _as_asked(kept.pms_id, wish)


def _as_asked(pms_id: str, wish: Booking | Move) -> Appointment:
    """As it shall be."""
    return Appointment(
        pms_id=pms_id,
        start=wish.start,
        end=wish.start + timedelta(minutes=wish.minutes),
        patient=Patient(pms_id=wish.patient_id or ""),
        practitioner_id=wish.practitioner_id,
    )


def _under_way(unseen: Sequence[KeptWrite]) -> list[tuple[Appointment, KeptWrite]]:
    """Bookings and moves that have left and have no end: they may stand, or come to nothing."""
    found = []
    for kept in unseen:
        wish = kept.write.wish
        if kept.state in OPEN and isinstance(wish, Booking | Move):
            pms_id = wish.appointment_id if isinstance(wish, Move) else kept.pms_id
            found.append((_as_asked(pms_id or "", wish), kept))
    return found


def _as_shown(one: Appointment, standing: Sequence[Appointment]) -> Appointment:
    """A booking by the id that the book has it under already, sooner than we were told."""
    if one.pms_id:
        return one
    return next((shown for shown in standing if shown.start == one.start), one)


def _change(found: Coming, one: Appointment) -> KeptWrite | None:
    """What was asked for last of it, and is not final."""
    asked = [kept for shall, kept in found.asked_for if shall.pms_id == one.pms_id]
    return asked[-1] if asked else None


def _require_final(
    request: ToolRequest,
    found: Coming,
    named: Sequence[Appointment],
    present: Present,
    wanted: str | None,
) -> None:
    """Raise the question where the words fit what is not final yet: nothing goes in its place."""
    ids = {one.pms_id for one in named}
    asked = [
        kept
        for one, kept in found.asked_for
        if one.pms_id not in ids and _is_it(request, one, present, wanted)
    ]
    if asked and not named:
        raise BadInput(not_yet(request, asked[-1]))
    if asked and len(named) == 1:
        left = said_appointment(request, named[0])
        raise BadInput(
            f"{requested(request, asked[-1])}, and is not final yet. There is another one, {left}."
            " Which one do you mean?"
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


def _late(request: ToolRequest, begun: Appointment, named: Sequence[Appointment]) -> str:
    """Who calls because they are late means what is no longer to come: no other goes for it."""
    late = f"The appointment {said_appointment(request, begun)} should have begun by now"
    if not named:
        return f"{late}, so only the practice can change it. Shall I {CONNECT}?"
    other = said_appointment(request, named[0])
    return f"{late}. There is another one, {other}. Which one do you mean?"


def _besides(request: ToolRequest, gone: Appointment, kept: KeptWrite, left: Appointment) -> str:
    """What was called off, and what is left, told apart."""
    is_done = kept.state is WriteState.CONFIRMED
    how = "is cancelled already" if is_done else "was asked to be cancelled already"
    return (
        f"The appointment {said_appointment(request, gone)} {how}. There is another one,"
        f" {said_appointment(request, left)}. Which one do you mean?"
    )


def _listed(request: ToolRequest, found: Sequence[Appointment]) -> str:
    return joined([said_appointment(request, one) for one in found[:MOST_CHOICES]], word="and")
