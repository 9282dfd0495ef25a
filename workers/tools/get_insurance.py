"""get-insurance: with whom a proved patient is insured; policy numbers by their end only."""

from domain.desk import Ability, Coverage
from domain.speech import joined
from domain.tools import ToolAnswer, ToolRequest
from workers.calls.arguments import arguments_of
from workers.calls.identity import who_is_meant

NAME = "get-insurance"
ABILITIES = frozenset({Ability.READ_INSURANCE})
PHI = ("insurance",)
LAST_DIGITS = 4
NONE = "There is no insurance on record."


def answer(request: ToolRequest) -> ToolAnswer:
    patient = who_is_meant(request, arguments_of(request))
    covers = sorted(request.desk.insurance(patient.id), key=lambda one: not one.is_primary)
    listed = joined([_said(one) for one in covers], word="and")
    text = f"The insurance on record is {listed}." if listed else NONE
    return ToolAnswer(text=text, phi_fields=PHI, patient_id=patient.id)


def _said(one: Coverage) -> str:
    rank = "primary" if one.is_primary else "secondary"
    policy = f", policy ending in {one.policy[-LAST_DIGITS:]}" if one.policy else ""
    return f"{one.provider} as {rank}{policy}"
