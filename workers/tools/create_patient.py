"""create-patient: registers somebody new, or finds the record there is already."""

from domain.desk import Ability, PatientCard
from domain.names import is_sayable
from domain.tool_words import told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.verification import Claim
from domain.wishes import NewPatient
from domain.writes import KeptWrite
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import asked_before, carried
from workers.calls.identity import asked, callers_own, names_of, recognised, registered

NAME = "create-patient"
ABILITIES = frozenset({Ability.CREATE_PATIENT})
PHI = ("full_name",)

WHICH_NAME = "What is the first and last name of the new patient? Please spell the last name."
WHICH_BIRTHDAY = "What is the date of birth of the new patient?"
WHICH_NUMBER = "What is the best telephone number for the new patient?"
REGISTERED = "The new patient is registered."
WHICH_DAY = "Which day would you like to come in?"


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None:
        return _told(request, carried(request, again.write.wish))
    told = arguments_of(request)
    claim = told.claim()
    phone = told.phone("phone", "phonenumber", "mobile", "cell") or callers_own(request, told)
    question = _question(claim, phone)
    if question is not None:
        return ToolAnswer(text=asked(request, claim, question))
    wish = _wish(told, claim, phone)
    before = asked_before(request, wish)
    if before is not None and before.call_id == request.call_id:
        return _told(request, before)
    # What another call has registered is found by a guess like any record: it counts as one.
    card = recognised(request, claim)
    if card is not None:
        return _registered_already(card)
    return _told(request, before or carried(request, wish))


def _question(claim: Claim, phone: str | None) -> str | None:
    told = (claim.first_name, claim.last_name, claim.whole_name)
    if not (claim.has_full_name and all(is_sayable(one) for one in told if one)):
        return WHICH_NAME
    if claim.date_of_birth is None:
        return WHICH_BIRTHDAY
    return WHICH_NUMBER if phone is None else None


def _registered_already(card: PatientCard) -> ToolAnswer:
    return ToolAnswer(
        text="There is a record with that name and date of birth already. I can go on with it.",
        phi_fields=PHI,
        patient_id=card.patient.pms_id,
    )


def _wish(told: Arguments, claim: Claim, phone: str | None) -> NewPatient:
    first, last = names_of(claim)
    return NewPatient(
        first_name=first,
        last_name=last,
        date_of_birth=claim.date_of_birth,
        phone=phone,
        email=told.email(),
        address=told.address(),
    )


def _told(request: ToolRequest, kept: KeptWrite) -> ToolAnswer:
    """Whoever registered a patient has proved them; the look for a record counts all the same."""
    registered(request, kept)
    books = Ability.BOOK in request.abilities
    done = f"{REGISTERED} {WHICH_DAY}" if books else REGISTERED
    return told_of(request, kept, done, phi_fields=PHI, patient_id=kept.pms_id)
