"""get-patient-info: what a proved caller may hear of their record, and their next appointments."""

from domain.appointments import Appointment
from domain.desk import Ability, PatientCard
from domain.speech import MOST_CHOICES, joined, said_on
from domain.tool_words import requested
from domain.tools import ToolAnswer, ToolRequest
from domain.verification import shown_name
from domain.window import local_day
from domain.writes import WriteState
from workers.calls.arguments import arguments_of
from workers.calls.identity import who_is_meant
from workers.calls.upcoming import Coming, coming, said_appointment

NAME = "get-patient-info"
ABILITIES = frozenset({Ability.SEARCH_PATIENTS})
PHI = ("full_name", "appointment_time", "last_visit", "phone", "email")
LAST_DIGITS = 4


def answer(request: ToolRequest) -> ToolAnswer:
    """Enough to recognise what is on record; numbers and addresses are never read out whole."""
    known = who_is_meant(request, arguments_of(request))
    card = known.card()
    told = f"{_coming(request, coming(request, known))}{_record(request, card)}"
    text = f"This is the record of {shown_name(card)}. {told}"
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=known.id)


def _coming(request: ToolRequest, found: Coming) -> str:
    """One that is about to be called off may come to stand again: it is told as what it is."""
    parts = []
    standing = found.standing[:MOST_CHOICES]
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
