"""update-patient: changes how a proved patient is reached or called."""

from collections.abc import Mapping

from domain.desk import Ability
from domain.errors import BadInput
from domain.names import is_sayable, is_unheard
from domain.speech import joined
from domain.spelling import family_unspelt, given_unspelt
from domain.tool_words import told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.wishes import PatientChange
from domain.writes import changeable
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import carried
from workers.calls.identity import Known, the_patient

NAME = "update-patient"
ABILITIES = frozenset({Ability.CHANGE_CONTACT, Ability.CHANGE_NAME})
PHI = ("phone", "email", "address", "full_name")

WHATS: Mapping[Ability, str] = {
    Ability.CHANGE_CONTACT: "the telephone number, the e-mail address or the address",
    Ability.CHANGE_NAME: "the first or last name",
}
WHAT = "What would you like to change: {}?"
SPELL = "I did not get the new name. Could you spell it?"
NOT_FROM_HERE = (
    "The {} cannot be changed from here, so nothing was changed; somebody at the practice has to"
    " do it. Shall I connect you?"
)
SAID = {
    "phone": "telephone number",
    "email": "e-mail address",
    "address": "address",
    "first_name": "first name",
    "last_name": "last name",
}


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None and isinstance(again.write.wish, PatientChange):
        wish = again.write.wish
    else:
        told = arguments_of(request)
        wish = _wish(told, the_patient(request, told))
        _require_possible(request, wish)
    changed = [words for name, words in SAID.items() if getattr(wish, name)]
    done = f"The {joined(changed, word='and')} on record {_is(changed)} changed."
    kept = carried(request, wish)
    return told_of(request, kept, done, phi_fields=PHI, patient_id=wish.patient_id)


def _wish(told: Arguments, patient: Known) -> PatientChange:
    """Names in the arguments say who it is; only a name called new is a change."""
    first, last = told.text("newfirstname"), told.text("newlastname")
    first, last = first and given_unspelt(first), last and family_unspelt(last)
    if not all(is_sayable(one) and not is_unheard(one) for one in (first, last) if one):
        raise BadInput(SPELL)
    return PatientChange(
        patient_id=patient.id,
        first_name=first,
        last_name=last,
        phone=told.phone("newphone", "newphonenumber", "phone", "phonenumber", "mobile", "cell"),
        email=told.email(),
        address=told.address(),
    )


def _require_possible(request: ToolRequest, wish: PatientChange) -> None:
    """Something is to be changed, and all of it is what the practice's system takes."""
    asked = [name for name in SAID if getattr(wish, name)]
    if not asked:
        whats = [words for ability, words in WHATS.items() if ability in request.abilities]
        raise BadInput(WHAT.format(", ".join(whats)))
    beyond = [SAID[one] for one in asked if one not in changeable(request.abilities)]
    if beyond:
        raise BadInput(NOT_FROM_HERE.format(joined(beyond, word="and")))


def _is(changed: list[str]) -> str:
    return "is" if len(changed) == 1 else "are"
