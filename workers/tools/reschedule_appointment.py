"""reschedule-appointment: another time for an appointment of a proved patient."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from domain.appointments import Appointment
from domain.desk import Ability, Opening
from domain.errors import BadInput
from domain.names import spoken
from domain.slots import OPERATORY, PRACTITIONER
from domain.speech import practitioner_name, said_when
from domain.tool_words import CONNECT, not_yet, told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.window import Window, local_day
from domain.wishes import Move
from domain.writes import KeptWrite, SlotTaken, WriteState
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import asked_before, carried
from workers.calls.identity import Known, who_is_meant
from workers.calls.present import of_the_moved
from workers.calls.times import (
    Sought,
    alternatives,
    on_day,
    resource_id,
    taking_along,
    too_soon_or_far,
)
from workers.calls.upcoming import (
    Meant,
    own_at,
    said_appointment,
    the_appointment,
    there_already,
)

NAME = "reschedule-appointment"
ABILITIES = frozenset({Ability.RESCHEDULE})
PHI = ("appointment_time",)
ANY_OTHER = "Would you like any other time?"
A_MINUTE = timedelta(minutes=1)


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None:
        return _told(request, carried(request, again.write.wish))
    told = arguments_of(request)
    patient = who_is_meant(request, told)
    present = of_the_moved(told, request.connection)
    try:
        meant = the_appointment(request, told, patient, present, cancels=False)
    except BadInput:
        moved = _moved_before(request, told, patient)
        if moved is None:
            raise
        return moved
    if meant.cancellation is not None:
        return _called_off(request, meant.appointment, meant.cancellation, patient)
    return _moved(request, told, patient, meant)


def _moved(request: ToolRequest, told: Arguments, patient: Known, meant: Meant) -> ToolAnswer:
    """To the time that is wished for, if there is one that is another."""
    found = meant.appointment
    start = told.moved_from(found.start)
    if meant.change is not None:
        return _changing(request, told, start, meant.change)
    if start is None:
        text = f"The appointment is {said_appointment(request, found)}. When would suit you better?"
        return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)
    if start == found.start and _with_whom(request, told, found) == found.practitioner_id:
        text = f"It is at that time already: {said_appointment(request, found)}. {ANY_OTHER}"
        return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)
    problem = too_soon_or_far(request, start)
    if problem is not None:
        raise BadInput(problem)
    return _move(request, told, patient, found, start)


def _moved_before(request: ToolRequest, told: Arguments, patient: Known) -> ToolAnswer | None:
    """Whoever did not hear of their move asks for it again, by where it was before."""
    with suppress(BadInput):
        start = told.new_start()
        own = start and own_at(request, patient, Window(start, start + A_MINUTE))
        if own and own.start == start:
            return _there_by_now(request, own, patient)
    return None


def _there_by_now(request: ToolRequest, own: Appointment, patient: Known) -> ToolAnswer:
    for kept in request.writes.unseen(request.connection.id):
        wish = kept.write.wish
        is_it = isinstance(wish, Move) and (kept.pms_id, wish.start) == (own.pms_id, own.start)
        if is_it and kept.state is WriteState.CONFIRMED:
            return _told(request, kept)
    return there_already(request, own, patient)


def _called_off(
    request: ToolRequest, found: Appointment, cancellation: KeptWrite, patient: Known
) -> ToolAnswer:
    """What is cancelled, or about to be, has no other time."""
    about = {"phi_fields": PHI, "patient_id": patient.id}
    if cancellation.state is not WriteState.CONFIRMED:
        return told_of(request, cancellation, "", **about)
    books = Ability.BOOK in request.abilities
    offer = "look for a time for a new one" if books else CONNECT
    text = (
        f"This appointment was cancelled already: {said_appointment(request, found)}. So it cannot"
        f" be moved. Shall I {offer}?"
    )
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)


def _changing(
    request: ToolRequest, told: Arguments, start: datetime | None, change: KeptWrite
) -> ToolAnswer:
    """Who asks for that very move hears of it; any other has to wait for its end."""
    wish = change.write.wish
    whom = told.practitioner(request.connection)
    if isinstance(wish, Move) and wish.start == start and whom in {None, wish.practitioner_id}:
        return _told(request, change)
    raise BadInput(not_yet(request, change))


def _move(
    request: ToolRequest, told: Arguments, patient: Known, found: Appointment, start: datetime
) -> ToolAnswer:
    """With whom it is, unless somebody else is wished for; as long as it is."""
    sought = Sought(
        minutes=found.duration_minutes,
        practitioner_id=_with_whom(request, told, found),
        moving=found.pms_id,
    )
    before = asked_before(request, _as_sought(found, start, sought))
    if before is not None:
        return _told(request, before)
    sought = taking_along(request, sought, found)
    day = local_day(start, request.connection.timezone)
    free = on_day(request, day, sought, fresh=True)
    opening = next((one for one in free if one.window.start == start), None)
    if opening is None:
        return _not_free(request, patient, start, sought, free)
    try:
        kept = carried(request, _wish(told, patient, found, opening), opening=opening)
    except SlotTaken:
        others = on_day(request, day, sought, fresh=True)
        return _not_free(request, patient, start, sought, others)
    return _told(request, kept, practitioner_name(opening, request.connection.practitioners))


def _not_free(
    request: ToolRequest,
    patient: Known,
    start: datetime,
    sought: Sought,
    free: Sequence[Opening],
) -> ToolAnswer:
    """It may be another appointment of the patient that stands there."""
    window = Window(start, start + timedelta(minutes=sought.minutes))
    own = own_at(request, patient, window, but=sought.moving)
    if own is not None:
        return there_already(request, own, patient)
    return ToolAnswer(text=alternatives(request, start, sought, free))


def _with_whom(request: ToolRequest, told: Arguments, found: Appointment) -> str | None:
    return told.practitioner(request.connection) or found.practitioner_id


def _as_sought(found: Appointment, start: datetime, sought: Sought) -> Move:
    return Move(
        appointment_id=found.pms_id,
        start=start,
        minutes=sought.minutes,
        practitioner_id=sought.practitioner_id or "",
    )


def _wish(told: Arguments, patient: Known, found: Appointment, opening: Opening) -> Move:
    return Move(
        appointment_id=found.pms_id,
        start=opening.window.start,
        minutes=found.duration_minutes,
        practitioner_id=resource_id(opening, PRACTITIONER) or found.practitioner_id or "",
        operatory_id=resource_id(opening, OPERATORY),
        patient_id=patient.id,
        reason=told.text("reason", "notes"),
    )


def _told(request: ToolRequest, kept: KeptWrite, name: str = "") -> ToolAnswer:
    wish = kept.write.wish
    if not isinstance(wish, Move):
        return told_of(request, kept, "That is done.")
    when = said_when(wish.start, request.connection.timezone, now=request.now)
    name = name or spoken(request.connection.practitioners.get(wish.practitioner_id, ""))
    whom = f" with {name}" if name else ""
    done = f"The new time is confirmed: {when}{whom}."
    return told_of(request, kept, done, phi_fields=PHI, patient_id=wish.patient_id)
