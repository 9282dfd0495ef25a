"""book-appointment: one appointment for a proved patient, in a time that is free right now."""

from datetime import datetime

from domain.desk import Ability
from domain.slots import OPERATORY, PRACTITIONER
from domain.speech import practitioner_name, said_when
from domain.tool_words import CONNECT, told_of
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS, Told, ToolAnswer, ToolRequest
from domain.window import local_day
from domain.wishes import Booking
from domain.writes import KeptWrite, SlotTaken, WriteState
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import carried
from workers.calls.identity import Known, the_patient
from workers.calls.times import Sought, alternatives, on_day, resource_id, too_soon_or_far
from workers.calls.upcoming import cancellations

NAME = "book-appointment"
ABILITIES = frozenset({Ability.BOOK})
PHI = ("appointment_time", "appointment_type")

WHEN = "Which day and time would you like?"


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writer.asked(request.write_key)
    if again is not None and isinstance(again.write.wish, Booking):
        return _told(request, carried(request, again.write.wish))
    told = arguments_of(request)
    patient = the_patient(request, told)
    first = request.writer.booking_of(request.call_id)
    if first is not None:
        return _already(request, first)
    start = told.start()
    if start is None:
        return ToolAnswer(text=WHEN)
    problem = too_soon_or_far(request, start)
    if problem is not None:
        return ToolAnswer(text=problem)
    return _book(request, told, patient, start)


def _book(request: ToolRequest, told: Arguments, patient: Known, start: datetime) -> ToolAnswer:
    """On what is free at this moment; the engine holds it and looks once more before it sends."""
    connection = request.connection
    type_id, type_name = told.type(connection)
    minutes = told.minutes(type_id, connection, request.rules)
    sought = Sought(minutes=minutes, practitioner_id=told.practitioner(connection))
    day = local_day(start, connection.timezone)
    free = on_day(request, day, sought, fresh=True)
    opening = next((one for one in free if one.window.start == start), None)
    if opening is None:
        return ToolAnswer(text=alternatives(request, start, sought, free))
    wish = Booking(
        patient_id=patient.id,
        start=start,
        minutes=minutes,
        practitioner_id=resource_id(opening, PRACTITIONER) or "",
        operatory_id=resource_id(opening, OPERATORY),
        type_id=type_id,
        type_name=type_name,
        reason=told.text("reason", "notes", "note", "comment"),
    )
    try:
        kept = carried(request, wish, opening=opening)
    except SlotTaken:
        others = on_day(request, day, sought, fresh=True)
        return ToolAnswer(text=alternatives(request, start, sought, others))
    if kept.key != request.write_key:
        return _already(request, kept)
    return _told(request, kept, practitioner_name(opening))


def _told(request: ToolRequest, kept: KeptWrite, name: str = "") -> ToolAnswer:
    wish = kept.write.wish
    patient_id = wish.patient_id if isinstance(wish, Booking) else None
    done = f"The appointment is confirmed for {_when(request, kept, name)}."
    return told_of(request, kept, done, phi_fields=PHI, patient_id=patient_id)


def _already(request: ToolRequest, kept: KeptWrite) -> ToolAnswer:
    """A call makes one appointment: another wish is answered with the first."""
    when = _when(request, kept)
    if kept.pms_id in cancellations(request.writer.unseen(kept.connection_id)):
        text = (
            f"The appointment for {when} was made in this call, and its cancellation is not final"
            f" yet. Only the practice can make another one now. Shall I {CONNECT}?"
        )
        return ToolAnswer(text=text, phi_fields=PHI)
    if kept.state is WriteState.CONFIRMED:
        text = f"An appointment for {when} was made in this call already. Shall I move it instead?"
        return ToolAnswer(text=text, phi_fields=PHI)
    text = (
        f"An appointment for {when} was requested in this call already, and is not final yet."
        f" {TEXT_FOLLOWS if request.can_text else CALL_FOLLOWS}"
    )
    return ToolAnswer(text=text, told=Told.REQUESTED, write_id=kept.id, phi_fields=PHI)


def _when(request: ToolRequest, kept: KeptWrite, name: str = "") -> str:
    wish = kept.write.wish
    if not isinstance(wish, Booking):
        return "you"
    when = said_when(wish.start, request.connection.timezone, now=request.now)
    name = name or request.connection.practitioners.get(wish.practitioner_id, "")
    return f"{when} with {name}" if name else when
