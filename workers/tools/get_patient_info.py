"""get-patient-info: what a proved caller may hear of their record, and their next appointments."""

from domain.desk import Ability, PatientCard
from domain.speech import MOST_CHOICES, joined, said_on
from domain.tools import ToolAnswer, ToolRequest
from domain.verification import shown_name
from domain.window import local_day
from workers.calls.arguments import arguments_of
from workers.calls.identity import the_patient
from workers.calls.upcoming import appointments_of, said_appointment

NAME = "get-patient-info"
ABILITIES = frozenset({Ability.SEARCH_PATIENTS})
PHI = ("full_name", "appointment_time", "last_visit", "phone", "email")
LAST_DIGITS = 4


def answer(request: ToolRequest) -> ToolAnswer:
    """Enough to recognise what is on record; numbers and addresses are never read out whole."""
    known = the_patient(request, arguments_of(request))
    card = known.card()
    coming = appointments_of(request, known)[:MOST_CHOICES]
    listed = joined([said_appointment(request, one) for one in coming], word="and")
    when = "There is no appointment coming up."
    if listed:
        when = f"The next appointment{' is' if len(coming) == 1 else 's are'} {listed}."
    text = f"This is the record of {shown_name(card)}. {when}{_record(request, card)}"
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=known.id)


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
