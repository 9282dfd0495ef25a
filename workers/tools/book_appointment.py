"""book-appointment: one appointment for a proved patient, in a time that is free right now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.appointments import Appointment
from domain.desk import Ability, Opening
from domain.errors import BadInput
from domain.slots import OPERATORY, PRACTITIONER
from domain.speech import practitioner_name, said_when
from domain.tool_words import CONNECT, told_of
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS, Told, ToolAnswer, ToolRequest
from domain.window import Window, local_day
from domain.wishes import Booking, Move, Wish
from domain.writes import KeptWrite, SlotTaken, WriteState
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import asked_before, carried
from workers.calls.identity import Known, the_patient
from workers.calls.times import (
    Sought,
    alternatives,
    on_day,
    resource_id,
    the_earliest,
    too_soon_or_far,
)
from workers.calls.upcoming import (
    PHI,
    asked_for_at,
    cancellations,
    own_at,
    there_already,
    unseen_of,
)

NAME = "book-appointment"
ABILITIES = frozenset({Ability.BOOK})

WHEN = "Which day and time would you like?"
NO_MORE = f"No more can be made in one call. Shall I {CONNECT}?"
ONE_A_CALL = (
    "One appointment was asked for in this call already, and no more can be. For somebody else"
    f" please call again; or shall I {CONNECT}?"
)


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None and isinstance(again.write.wish, Booking):
        return _told(request, carried(request, again.write.wish))
    told = arguments_of(request)
    patient = the_patient(request, told)
    first = request.writes.booking_of(request.call_id)
    if first is not None:
        return _of_this_call(request, told, patient, first)
    if told.wants_earliest():
        return _earliest(request, told)
    start = told.start()
    if start is None:
        return ToolAnswer(text=WHEN)
    problem = too_soon_or_far(request, start)
    if problem is not None:
        return ToolAnswer(text=problem)
    return _book(request, told, patient, start)


def _earliest(request: ToolRequest, told: Arguments) -> ToolAnswer:
    """Nobody is booked at a time they have not heard."""
    day, sought = told.day() or told.place.today, _sought(request, told)
    found = on_day(request, day, sought)
    return ToolAnswer(text=the_earliest(request, day, sought, found))


def _sought(request: ToolRequest, told: Arguments) -> Sought:
    type_id, _ = told.type(request.connection)
    minutes = told.minutes(type_id, request.connection, request.rules)
    return Sought(minutes=minutes, practitioner_id=told.practitioner(request.connection))


def _book(request: ToolRequest, told: Arguments, patient: Known, start: datetime) -> ToolAnswer:
    """On what is free at this moment; the engine holds it and looks once more before it sends."""
    connection = request.connection
    type_id, type_name = told.type(connection)
    sought = _sought(request, told)
    there = _there_already(request, patient, start, sought)
    if there is not None:
        return there
    free = on_day(request, local_day(start, connection.timezone), sought, fresh=True)
    opening = next((one for one in free if one.window.start == start), None)
    if opening is None:
        return _not_free(request, patient, start, sought, free)
    wish = Booking(
        patient_id=patient.id,
        start=start,
        minutes=sought.minutes,
        practitioner_id=resource_id(opening, PRACTITIONER) or "",
        operatory_id=resource_id(opening, OPERATORY),
        type_id=type_id,
        type_name=type_name,
        reason=told.text("reason", "notes", "note", "comment"),
    )
    try:
        kept = carried(request, wish, opening=opening)
    except SlotTaken:
        return _not_free(request, patient, start, sought)
    if kept.key != request.write_key and kept.call_id == request.call_id:
        return _of_this_call(request, told, patient, kept)
    return _told(request, kept, practitioner_name(opening))


def _there_already(
    request: ToolRequest, patient: Known, start: datetime, sought: Sought
) -> ToolAnswer | None:
    """What another call has asked for this patient at that time: its caller may have been cut off.

    The practice's copy may not show it yet, and somebody else may be free.
    """
    wish = Booking(patient_id=patient.id, start=start, minutes=sought.minutes, practitioner_id="")
    before = asked_before(request, wish)
    if before is not None:
        return _told(request, before)
    window = Window(start, start + timedelta(minutes=sought.minutes))
    asked = asked_for_at(request, patient, window)
    if asked is not None:
        return told_of(request, asked, "", phi_fields=PHI, patient_id=patient.id)
    made = unseen_of(request, patient, window)
    return None if made is None else _theirs(request, made, patient, start, sought)


def _theirs(
    request: ToolRequest, one: Appointment, patient: Known, start: datetime, sought: Sought
) -> ToolAnswer:
    """What stands there may be this very booking, whose end its caller has not heard."""
    made = request.writes.made(request.connection.id, one.pms_id)
    is_same = made is not None and one.start == start == getattr(made.write.wish, "start", None)
    if made is None or not is_same or sought.practitioner_id not in {None, one.practitioner_id}:
        return there_already(request, one, patient)
    return _told(request, made)


def _not_free(
    request: ToolRequest,
    patient: Known,
    start: datetime,
    sought: Sought,
    free: Sequence[Opening] | None = None,
) -> ToolAnswer:
    """It may be the patient's own appointment that stands there."""
    own = own_at(request, patient, Window(start, start + timedelta(minutes=sought.minutes)))
    if own is not None:
        return _theirs(request, own, patient, start, sought)
    day = local_day(start, request.connection.timezone)
    others = on_day(request, day, sought, fresh=True) if free is None else free
    return ToolAnswer(text=alternatives(request, start, sought, others))


def _of_this_call(
    request: ToolRequest, told: Arguments, patient: Known, first: KeptWrite
) -> ToolAnswer:
    """The same time once more is that booking; any other is answered with it, where it is now."""
    if _whose(first.write.wish) != patient.id:
        return ToolAnswer(text=ONE_A_CALL)
    moved = request.writes.moved(first)
    if moved is not None:
        is_done = moved.state is WriteState.CONFIRMED
        return _already(request, moved) if is_done else told_of(request, moved, "", phi_fields=PHI)
    is_same = _wanted(first.write.wish) == (patient.id, _wished(told))
    if is_same and not _is_off(request, first):
        return _told(request, first)
    return _already(request, first)


def _whose(wish: Wish) -> str | None:
    return wish.patient_id if isinstance(wish, Booking) else None


def _wanted(wish: Wish) -> tuple[str, datetime] | None:
    return (wish.patient_id, wish.start) if isinstance(wish, Booking) else None


def _wished(told: Arguments) -> datetime | None:
    try:
        return told.start()
    except BadInput:
        return None


def _told(request: ToolRequest, kept: KeptWrite, name: str = "") -> ToolAnswer:
    wish = kept.write.wish
    patient_id = wish.patient_id if isinstance(wish, Booking) else None
    done = f"The appointment is confirmed for {_when(request, kept, name)}."
    return told_of(request, kept, done, phi_fields=PHI, patient_id=patient_id)


def _already(request: ToolRequest, kept: KeptWrite) -> ToolAnswer:
    """A call makes one appointment: another wish is answered with the first."""
    when = _when(request, kept)
    if _is_off(request, kept):
        text = (
            f"The appointment for {when} was made in this call, and its cancellation is not final"
            f" yet. Only the practice can make another one now. Shall I {CONNECT}?"
        )
        return ToolAnswer(text=text, phi_fields=PHI)
    if kept.state is WriteState.CONFIRMED:
        moves = Ability.RESCHEDULE in request.abilities
        offer = "Shall I move it instead?" if moves else NO_MORE
        text = f"An appointment for {when} was made in this call already. {offer}"
        return ToolAnswer(text=text, phi_fields=PHI)
    text = (
        f"An appointment for {when} was requested in this call already, and is not final yet."
        f" {TEXT_FOLLOWS if request.can_text else CALL_FOLLOWS}"
    )
    return ToolAnswer(text=text, told=Told.REQUESTED, write_id=kept.id, phi_fields=PHI)


def _is_off(request: ToolRequest, kept: KeptWrite) -> bool:
    """Whether its cancellation is done or under way."""
    return kept.pms_id in cancellations(request.writes.unseen(kept.connection_id))


def _when(request: ToolRequest, kept: KeptWrite, name: str = "") -> str:
    wish = kept.write.wish
    if not isinstance(wish, Booking | Move):
        return "you"
    when = said_when(wish.start, request.connection.timezone, now=request.now)
    name = name or request.connection.practitioners.get(wish.practitioner_id, "")
    return f"{when} with {name}" if name else when
