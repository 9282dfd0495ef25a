"""get-patient-info: what a proved caller may hear of their record, and their next appointments."""

from collections.abc import Sequence

from domain.appointments import Appointment
from domain.desk import Ability, PatientCard
from domain.speech import MOST_CHOICES, joined, said_on
from domain.tool_words import requested
from domain.tools import ToolAnswer, ToolRequest
from domain.verification import shown_name
from domain.window import local_day
from domain.wishes import Cancellation
from domain.writes import OPEN, KeptWrite, WriteState
from workers.calls.arguments import arguments_of
from workers.calls.identity import Known, who_is_meant
from workers.calls.upcoming import Coming, coming, said_appointment

NAME = "get-patient-info"
ABILITIES = frozenset({Ability.SEARCH_PATIENTS})
PHI = ("full_name", "appointment_time", "last_visit", "phone", "email")
LAST_DIGITS = 4


def answer(request: ToolRequest) -> ToolAnswer:
    """Enough to recognise what is on record; numbers and addresses are never read out whole."""
    known = who_is_meant(request, arguments_of(request))
    card = known.card()
    found = coming(request, known)
    ends = _ends(request, known, found)
    told = " ".join([_coming(request, found), *(said for _, said in ends if said)])
    text = f"This is the record of {shown_name(card)}. {told}{_record(request, card)}"
    heard = tuple(kept.id for kept, _ in ends)
    return ToolAnswer(text=text, heard=heard, phi_fields=PHI, patient_id=known.id)


def _ends(request: ToolRequest, patient: Known, found: Coming) -> list[tuple[KeptWrite, str]]:
    """Of what somebody was promised word of, with what is said of it besides the appointments.

    What was asked for again since, and is not final, has no end yet.
    """
    again = {one.start for one, kept in (*found.asked_for, *found.called_off) if kept.state in OPEN}
    untold = request.writes.untold(request.connection.id, patient.id)
    ends = ((kept, _end(request, kept, _told(found))) for kept in untold)
    return [
        (kept, said)
        for kept, said in ends
        if said is not None and getattr(kept.write.wish, "start", None) not in again
    ]


def _end(request: ToolRequest, kept: KeptWrite, told: Sequence[Appointment]) -> str | None:
    """Nothing where it is told as an appointment; None where the book has it otherwise."""
    wish, is_done = kept.write.wish, kept.state is WriteState.CONFIRMED
    said = f"{requested(request, kept)}, and {'is done' if is_done else 'could not be made'}."
    if isinstance(wish, Cancellation):
        stands = any(one.pms_id == wish.appointment_id for one in told)
        return None if stands is is_done else said
    start = getattr(wish, "start", None)
    if any(one.start == start and kept.pms_id in {None, one.pms_id} for one in told):
        return ""
    return None if is_done else said


def _told(found: Coming) -> Sequence[Appointment]:
    return found.standing[:MOST_CHOICES]


def _coming(request: ToolRequest, found: Coming) -> str:
    """One that is about to be called off may come to stand again: it is told as what it is."""
    parts = []
    standing = _told(found)
    if standing:
        listed = joined([said_appointment(request, one) for one in standing], word="and")
        parts.append(f"The next appointment{' is' if len(standing) == 1 else 's are'} {listed}.")
    parts += [
        f"The cancellation of that {_on(request, one)} was requested, and is not final yet."
        for one, kept in found.called_off
        if kept.state is not WriteState.CONFIRMED
    ]
    parts += [
        f"{requested(request, kept)}, and is not final yet."
        for one, kept in found.asked_for
        if one not in standing
    ]
    return " ".join(parts) or "There is no appointment coming up."


def _on(request: ToolRequest, one: Appointment) -> str:
    said = said_appointment(request, one)
    return said if said.startswith(("today", "tomorrow")) else f"on {said}"


def _record(request: ToolRequest, card: PatientCard) -> str:
    today = local_day(request.now, request.connection.timezone)
    parts = []
    if card.last_visit:
        parts.append(f" The last visit was {said_on(card.last_visit, today=today)}.")
    if card.phones:
        parts.append(f" The number on record ends in {card.phones[0][-LAST_DIGITS:]}.")
    if card.patient.email:
        parts.append(" There is an e-mail address on record.")
    return "".join(parts)
