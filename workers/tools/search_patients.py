"""search-patients: whose record this call is about, once the caller has proved it."""

from domain.desk import Ability
from domain.errors import BadInput
from domain.tools import ToolAnswer, ToolRequest
from domain.verification import WHO, shown_name
from workers.calls.arguments import arguments_of
from workers.calls.identity import the_patient

NAME = "search-patients"
ABILITIES = frozenset({Ability.SEARCH_PATIENTS})
PHI = ("full_name",)


def answer(request: ToolRequest) -> ToolAnswer:
    told = arguments_of(request)
    known = the_patient(request, told)
    card = known.card()
    number = told.phone("phone", "phonenumber")
    if number is not None and number != told.caller and number not in card.phones:
        raise BadInput(WHO)
    return ToolAnswer(
        text=f"I have found the record of {shown_name(card)}. How can I help?",
        phi_fields=PHI,
        patient_id=known.id,
    )
