"""get-balance: what a proved patient owes, as the practice's system has it."""

from domain.desk import Ability
from domain.tools import ToolAnswer, ToolRequest
from workers.calls.arguments import arguments_of
from workers.calls.identity import who_is_meant

NAME = "get-balance"
ABILITIES = frozenset({Ability.READ_BALANCE})
PHI = ("balance",)
NONE = "I can see no balance on record."


def answer(request: ToolRequest) -> ToolAnswer:
    patient = who_is_meant(request, arguments_of(request))
    found = request.desk.balance(patient.id)
    if found is None:
        return ToolAnswer(text=NONE, phi_fields=PHI, patient_id=patient.id)
    text = f"The balance on record is {found.total}."
    if found.patient is not None and found.insurance is not None:
        text += f" Of this, {found.patient} is the patient's and {found.insurance} the insurer's."
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)
