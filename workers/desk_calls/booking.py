"""Appointments over the API: listed, offered, booked, moved and cancelled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.appointments import Appointment, Status
from domain.desk import Opening
from domain.desk_calls import CANCELLED, SAID, SCHEDULED, acts_for_caller
from domain.errors import BadInput
from domain.slots import OPERATORY, PRACTITIONER
from domain.tools import ToolRequest
from domain.window import local_day, whole_days, zone
from domain.wishes import Booking, Cancellation, Move
from domain.writes import SlotTaken
from workers.calls.times import Sought, on_day, resource_id, taking_along, too_soon_or_far
from workers.calls.upcoming import AHEAD_DAYS, being_moved, by_id, cancellations, in_the_book
from workers.desk_calls import documents, given
from workers.desk_calls.carrying import begun, carry
from workers.desk_calls.documents import OK, Already, Missing, Said, written

MOST_DAYS = 31
MOST_DAYS_OF_ONE = AHEAD_DAYS + 1
"""Of one patient: today and a year ahead, which is as cheap as a day."""

A_DAY = timedelta(days=1)
MOST_NAMED = 25
SHORTEST, LONGEST = 5, 480
BEING_MOVED = (
    "A move of this appointment is under way; ask what became of it before it is changed again."
)
NONE_TO_COME = "This practice has no such appointment to come."
NOT_FREE = "That time is not free; ask for /api/pms/appointments/availability of the day."
PHI = ("patient_id", "patient_name", "appointment_time", "appointment_type", "notes")
BOOKED = ("patient_id", "patient_name", "appointment_time")


def listed(request: ToolRequest) -> Said:
    """Fresh from the practice, cancelled ones too; names of so many patients at most."""
    timezone = request.connection.timezone
    first = given.day(request, "startDate") or local_day(request.now, timezone)
    last = given.day(request, "endDate") or first
    patient_id = _whose(request)
    if (last - first).days >= (MOST_DAYS_OF_ONE if patient_id else MOST_DAYS):
        raise BadInput(
            f"Ask for at most {MOST_DAYS} days at once, or {MOST_DAYS_OF_ONE} of one patientId."
        )
    window = whole_days(first, last, timezone)
    found = in_the_book(request, window, patient_id=patient_id)
    shown = [one for one in found if not one.removed and _is_wanted(request, one)]
    named = _named(request, sorted(shown, key=lambda one: (one.start, one.pms_id)))
    rows = [documents.appointment(one, request.connection) for one in named]
    return Said(body={"appointments": rows}, phi=PHI if rows else (), patient_id=patient_id)


def availability(request: ToolRequest) -> Said:
    day = given.day(request, "date")
    if day is None:
        raise BadInput("Give date, such as 2026-03-09.")
    sought = Sought(minutes=_minutes(request), practitioner_id=given.text(request, "providerId"))
    found = on_day(request, day, sought)
    slots = [documents.slot(one, request.connection) for one in found]
    return Said(body={"date": day.isoformat(), "slots": slots})


def book(request: ToolRequest) -> Said:
    again = begun(request, Booking)
    if again is not None:
        return _booked(request, again, opening=None)
    card = given.patient(request)
    start = _start(request)
    sought = Sought(minutes=_minutes(request), practitioner_id=given.text(request, "providerId"))
    opening = _free(request, start, sought)
    type_id, type_name = _type(request)
    wish = Booking(
        patient_id=card.patient.pms_id,
        start=start,
        minutes=sought.minutes,
        practitioner_id=resource_id(opening, PRACTITIONER) or "",
        operatory_id=resource_id(opening, OPERATORY),
        type_id=type_id,
        type_name=type_name,
        reason=given.text(request, "notes"),
    )
    return _booked(request, wish, opening=opening, name=card.patient.full_name)


def reschedule(request: ToolRequest) -> Said:
    again = begun(request, Move)
    if again is not None:
        return _moved(request, again, opening=None)
    found, start = _appointment(request), _start(request)
    if found.status is Status.CANCELLED:
        raise Already("This appointment is cancelled; book another one.")
    if found.pms_id in cancellations(request.writes.unseen(request.connection.id)):
        raise Already("The cancellation of this appointment is under way; it cannot be moved.")
    _require_at_rest(request, found, start)
    sought = Sought(
        minutes=_minutes(request, usual=found.duration_minutes),
        practitioner_id=given.text(request, "providerId") or found.practitioner_id,
        moving=found.pms_id,
    )
    opening = _free(request, start, taking_along(request, sought, found))
    wish = Move(
        appointment_id=found.pms_id,
        start=start,
        minutes=sought.minutes,
        practitioner_id=resource_id(opening, PRACTITIONER) or found.practitioner_id or "",
        operatory_id=resource_id(opening, OPERATORY),
        patient_id=found.patient_id or None,
        reason=given.text(request, "reason"),
    )
    return _moved(request, wish, opening=opening)


def cancel(request: ToolRequest) -> Said:
    wish = begun(request, Cancellation)
    if wish is None:
        found = _appointment(request)
        if found.status is Status.CANCELLED:
            about = documents.appointment(found, request.connection)
            body = {"appointment": about, "message": "It was cancelled already."}
            return Said(body=body, phi=PHI, patient_id=found.patient_id or None)
        _require_at_rest(request, found)
        wish = Cancellation(
            appointment_id=found.pms_id,
            patient_id=found.patient_id or None,
            start=found.start,
            reason=given.text(request, "reason"),
        )
    about = {"id": wish.appointment_id, "patientId": wish.patient_id}
    kept = carry(request, wish)
    return _standing(
        written(
            kept,
            "appointment",
            about,
            done=CANCELLED,
            phi=("patient_id",),
            patient_id=wish.patient_id,
            notify=given.flag(request, "sendNotification"),
            status=OK,
        ),
        wish.appointment_id,
    )


def _require_at_rest(
    request: ToolRequest, found: Appointment, start: datetime | None = None
) -> None:
    """Nobody can say in which order a practice's system takes two changes of one appointment."""
    kept = being_moved(request, found.pms_id)
    if kept is not None and getattr(kept.write.wish, "start", None) != start:
        raise Already(BEING_MOVED)


def _booked(
    request: ToolRequest, wish: Booking, *, opening: Opening | None, name: str | None = None
) -> Said:
    about = {"patientId": wish.patient_id, "patientName": name, **_when(request, wish)}
    return written(
        carry(request, wish, opening=opening),
        "appointment",
        {**about, "type": wish.type_name},
        done=SCHEDULED,
        phi=BOOKED,
        patient_id=wish.patient_id,
        notify=given.flag(request, "sendConfirmation"),
    )


def _moved(request: ToolRequest, wish: Move, *, opening: Opening | None) -> Said:
    found = written(
        carry(request, wish, opening=opening),
        "appointment",
        {"patientId": wish.patient_id, **_when(request, wish)},
        done=SCHEDULED,
        phi=("patient_id", "appointment_time"),
        patient_id=wish.patient_id,
        notify=given.flag(request, "sendNotification"),
        status=OK,
    )
    return _standing(found, wish.appointment_id)


def _standing(found: Said, pms_id: str) -> Said:
    """A change of something that is there keeps its id, whatever the vendor tells of the write."""
    return replace(found, body={**found.body, "appointment": {**_of(found), "id": pms_id}})


def _of(found: Said) -> dict[str, Any]:
    return dict(found.body["appointment"])


def _when(request: ToolRequest, wish: Booking | Move) -> dict[str, Any]:
    place = zone(request.connection.timezone)
    start = wish.start.astimezone(place)
    end = (wish.start + timedelta(minutes=wish.minutes)).astimezone(place)
    return {
        "providerId": wish.practitioner_id or None,
        "providerName": request.connection.practitioners.get(wish.practitioner_id),
        "startTime": start.isoformat(),
        "endTime": end.isoformat(),
    }


def _start(request: ToolRequest) -> datetime:
    start = given.instant(request, "startTime")
    if start is None:
        raise BadInput("Give startTime, such as 2026-03-09T10:00.")
    if too_soon_or_far(request, start) is not None:
        raise BadInput("startTime is too soon, or too far ahead, for the practice's booking rules.")
    return start


def _free(request: ToolRequest, start: datetime, sought: Sought) -> Opening:
    """Free at this moment; the engine holds it and looks once more before anything is sent."""
    day = local_day(start, request.connection.timezone)
    found = on_day(request, day, sought, fresh=True)
    opening = next((one for one in found if one.window.start == start), None)
    if opening is None:
        raise SlotTaken(NOT_FREE)
    return opening


def _appointment(request: ToolRequest) -> Appointment:
    """By its id, of a while before or however far ahead."""
    found = by_id(request, given.needed(request, "appointmentId"))
    if found is None or found.removed or found.start < request.now - A_DAY:
        raise Missing(NONE_TO_COME)
    if not given.is_theirs(request, found.patient_id):
        raise Missing(NONE_TO_COME)
    return found


def _minutes(request: ToolRequest, *, usual: int | None = None) -> int:
    told = request.arguments.get("duration")
    if told is None:
        type_id, _ = _type(request)
        known = request.connection.types.get(type_id or "")
        return usual or (known.duration_minutes if known else None) or request.rules.default_minutes
    if not isinstance(told, int) or not SHORTEST <= told <= LONGEST:
        raise BadInput(f"duration is a number of minutes from {SHORTEST} to {LONGEST}.")
    return told


def _type(request: ToolRequest) -> tuple[str | None, str | None]:
    """By its id or its name; another one is only a name."""
    told = given.text(request, "type")
    types = request.connection.types
    if told is None:
        return None, None
    if told in types:
        return told, types[told].name
    named = [key for key, one in types.items() if one.name.casefold() == told.casefold()]
    return (named[0] if named else None), told


def _whose(request: ToolRequest) -> str | None:
    """The patient who is named, or the only one that the call has proved."""
    named = given.text(request, "patientId")
    if named is None and acts_for_caller(request.call_id) and len(request.proofs.patient_ids) == 1:
        (named,) = request.proofs.patient_ids
    return named


def _is_wanted(request: ToolRequest, one: Appointment) -> bool:
    patient_id = given.text(request, "patientId")
    provider_id = given.text(request, "providerId")
    status = (given.text(request, "status") or "").casefold()
    return (
        given.is_theirs(request, one.patient_id)
        and patient_id in {None, one.patient_id}
        and provider_id in {None, one.practitioner_id}
        and (not status or status in {SAID[one.status], one.status.value})
    )


def _named(request: ToolRequest, found: Sequence[Appointment]) -> list[Appointment]:
    """With the names of those whose appointments hold ids only."""
    bare = {one.patient_id for one in found if one.patient and not one.patient.full_name}
    cards = {
        each: card
        for each in sorted(bare)[:MOST_NAMED]
        if each and (card := request.desk.patient(each)) is not None
    }
    return [
        replace(one, patient=cards[one.patient_id].patient) if one.patient_id in cards else one
        for one in found
    ]
