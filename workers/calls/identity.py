"""Which patient a caller speaks of, and whether they may: asked before anything is told or done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from domain.appointments import Patient
from domain.desk import PatientCard, PatientQuery
from domain.errors import BadInput
from domain.names import apart, as_told, display
from domain.tool_words import CONNECT
from domain.tools import ToolRequest
from domain.verification import (
    MOST_ATTEMPTS,
    NOT_FOUND,
    ONLY_HUMAN,
    SEVERAL,
    WHICH_BIRTHDAY,
    WHICH_FULL_NAME,
    WHICH_NAME,
    WHICH_NUMBER,
    WHO,
    Claim,
    fitting,
    is_proved_by,
    namesakes,
    proved_by,
)
from domain.wishes import NewPatient
from domain.writes import KeptWrite, WriteState
from workers.calls.arguments import Arguments
from workers.calls.carrying import asked_before

MOST_FOUND = 50
MOST_OF_A_HOUSEHOLD = 8
REGISTERING = (
    "The registration of the new patient was requested, and is not final yet, so nothing can be"
    f" arranged for them just now. Shall I try again in a minute, or {CONNECT}?"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A patient this call has proved; the card is fetched where somebody wants to read it."""

    id: str
    request: ToolRequest = field(repr=False)
    seen: PatientCard | None = field(default=None, repr=False)

    def card(self) -> PatientCard:
        found = self.seen or card_of(self.request, self.id)
        if found is None:
            raise BadInput("I can no longer find that patient. Shall I connect you with somebody?")
        return found


def the_patient(request: ToolRequest, told: Arguments) -> Known:
    """The one patient this is about, proved; else BadInput with the question to ask."""
    claim = told.claim()
    proven = request.proofs.patient_ids
    by_id = _by_proven_id(request, claim, proven)
    if by_id is not None:
        return by_id
    if len(proven) == 1 and not _says_who(claim):
        return Known(next(iter(proven)), request)
    if claim.names_somebody:
        # A name is the caller's own word; an id that it does not bear out is the model's.
        claim = replace(claim, patient_id=None)
    known = _fetched(request, proven)
    candidates = fitting(claim, known)
    if claim.is_complete and len(candidates) != 1:
        return _named_in_full(request, told, claim)
    if not candidates:
        known = [
            *known,
            *_behind_the_number(request, callers_own(request, told), claim, without=proven),
        ]
        candidates = fitting(claim, known)
    if len(candidates) == 1:
        return Known(candidates[0].patient.pms_id, request, candidates[0])
    if len(candidates) > 1:
        raise BadInput(WHICH_BIRTHDAY if claim.names_somebody else WHICH_NAME)
    raise BadInput(asked(request, claim, _question(claim)))


def _named_in_full(request: ToolRequest, told: Arguments, claim: Claim) -> Known:
    """By name and birthday, for which one question is enough: a number is asked for in many ways.

    Whose birthday is not on record, and who has a namesake, may be known by the number that calls.
    """
    try:
        card = judged(request, claim)
    except BadInput:
        proven = request.proofs.patient_ids
        caller = callers_own(request, told)
        own = fitting(claim, _behind_the_number(request, caller, claim, without=proven))
        if len(own) != 1:
            raise
        card = own[0]
        request.proofs.believed(frozenset({card.patient.pms_id}))
    return Known(card.patient.pms_id, request, card)


def asked(request: ToolRequest, claim: Claim, question: str) -> str:
    """The question, unless it was asked in vain: whatever they say now would not be looked at.

    Of a name they may have one word only, or what nobody can hear: that counts as an attempt.
    """
    attempts = request.proofs.attempt() if claim.is_short else request.proofs.attempts
    return ONLY_HUMAN if attempts >= MOST_ATTEMPTS else question


def who_is_meant(request: ToolRequest, told: Arguments) -> Known:
    """The patient of whom something is meant that there is already, such as an appointment.

    Who has registered somebody may mean their own as well, so they are asked whose.
    """
    claim, proven = told.claim(), request.proofs.patient_ids
    is_said = _says_who(claim) or told.text("appointmentid") is not None
    if not is_said and proven and proven <= request.proofs.registered.keys():
        _behind_the_number(request, callers_own(request, told), claim, without=proven)
    return the_patient(request, told)


def _by_proven_id(request: ToolRequest, claim: Claim, proven: frozenset[str]) -> Known | None:
    """Whom the id names, if this call has proved them and all else that is said is theirs.

    Of a household that is proved together, the model's id may be another's than the caller's name.
    """
    if claim.patient_id is None or claim.patient_id not in proven:
        return None
    if not claim.names_somebody and claim.date_of_birth is None:
        return Known(claim.patient_id, request)
    found = fitting(claim, _fetched(request, [claim.patient_id]))
    return Known(claim.patient_id, request, found[0]) if found else None


def card_of(request: ToolRequest, pms_id: str) -> PatientCard | None:
    """As the practice has it; while it does not show them yet, as this call registered them."""
    return request.desk.patient(pms_id) or request.proofs.registered.get(pms_id)


def registered(request: ToolRequest, kept: KeptWrite) -> None:
    """Whoever registered a patient has proved them, once the practice's system has them."""
    wish = kept.write.wish
    if kept.state is not WriteState.CONFIRMED or not kept.pms_id:
        return
    if not isinstance(wish, NewPatient):
        return
    born = wish.date_of_birth
    patient = Patient(
        pms_id=kept.pms_id,
        full_name=display(given=wish.first_name, family=wish.last_name),
        first_name=wish.first_name,
        last_name=wish.last_name,
        date_of_birth=born.isoformat() if born else None,
    )
    request.proofs.register(PatientCard(patient=patient))


def judged(request: ToolRequest, claim: Claim) -> PatientCard:
    """The one patient of that name and birthday, proved; else the words for who is not believed."""
    asked = _asked_to_register(request, claim)
    if asked is not None and asked.call_id == request.call_id:
        # What a call has asked for itself is no guess.
        ours = _registered_since(request, asked)
        if ours is not None:
            return ours
    card, attempts = _tried(request, claim)
    if card is not None:
        return card
    card = _registered_since(request, asked) if asked is not None else None
    if card is None:
        raise BadInput(NOT_FOUND if attempts < MOST_ATTEMPTS else ONLY_HUMAN)
    request.proofs.believed(frozenset({card.patient.pms_id}))
    return card


def recognised(request: ToolRequest, claim: Claim) -> PatientCard | None:
    """As `judged`, or None where there is no such patient."""
    return _tried(request, claim)[0]


def names_of(claim: Claim) -> tuple[str, str]:
    """The given and the family name to be registered by, with its capitals."""
    if not claim.whole_name:
        return as_told(given=claim.first_name or "", family=claim.last_name or "")
    given, family = apart(claim.whole_name)
    return " ".join(given), " ".join(family)


def _asked_to_register(request: ToolRequest, claim: Claim) -> KeptWrite | None:
    """Their registration, where this call or another has lately asked for it."""
    first, last = names_of(claim)
    wish = NewPatient(first_name=first, last_name=last, date_of_birth=claim.date_of_birth)
    return asked_before(request, wish)


def _registered_since(request: ToolRequest, kept: KeptWrite) -> PatientCard | None:
    """Whom it registered, though the practice shows them to nobody yet; BadInput before its end."""
    if kept.state is not WriteState.CONFIRMED:
        raise BadInput(REGISTERING)
    registered(request, kept)
    return request.proofs.registered.get(kept.pms_id or "")


def _tried(request: ToolRequest, claim: Claim) -> tuple[PatientCard | None, int]:
    """It counts before it is looked at, so that no guess is free.

    Only whom this call has registered itself are no guess, and not looked for.
    """
    ours = proved_by(claim, request.proofs.registered.values())
    if ours is not None:
        return ours, 0
    attempts = request.proofs.attempt()
    if attempts > MOST_ATTEMPTS or request.proofs.is_barred:
        raise BadInput(ONLY_HUMAN)
    found = namesakes(claim, request.desk.search_patients(_query(claim)))
    if len(found) > 1:
        raise BadInput(_told_apart(claim, found, attempts))
    if not found:
        return None, attempts
    request.proofs.believed(frozenset({found[0].patient.pms_id}))
    return found[0], attempts


def _told_apart(claim: Claim, found: Sequence[PatientCard], attempts: int) -> str:
    """By their number, as at the desk; two records of one person have the same."""
    is_of_use = len({one.phones for one in found}) > 1 and attempts < MOST_ATTEMPTS
    return WHICH_NUMBER if is_of_use and claim.phone is None else SEVERAL


def _says_who(claim: Claim) -> bool:
    return bool(claim.patient_id or claim.names_somebody or claim.date_of_birth)


def _fetched(request: ToolRequest, ids: Iterable[str]) -> list[PatientCard]:
    chosen = sorted(ids)[:MOST_OF_A_HOUSEHOLD]
    return [card for one in chosen if (card := card_of(request, one)) is not None]


def callers_own(request: ToolRequest, told: Arguments) -> str | None:
    """The number that calls; none where it is the practice's own, which is not the caller's."""
    ours = {*request.transfer_to, *request.own_numbers}
    return None if told.caller in ours else told.caller


def _behind_the_number(
    request: ToolRequest, caller: str | None, claim: Claim, *, without: frozenset[str]
) -> list[PatientCard]:
    """Patients whose own number is calling; calling from it proves them.

    One that more have than a household proves nobody. What was found a moment ago is proven.
    """
    if caller is None:
        return []
    if claim.patient_id is not None:
        named = request.desk.patient(claim.patient_id)
        found, behind = ([named] if named is not None else []), None
    elif request.proofs.has_looked_behind(caller):
        return []
    else:
        query = PatientQuery(phone=caller, limit=MOST_OF_A_HOUSEHOLD + 1)
        found, behind = list(request.desk.search_patients(query)), caller
    theirs = [one for one in found if is_proved_by(one, caller)]
    if len(theirs) > MOST_OF_A_HOUSEHOLD:
        theirs = []
    cards = [one for one in theirs if one.patient.pms_id not in without]
    if cards or behind:
        request.proofs.prove(frozenset(one.patient.pms_id for one in cards), behind=behind)
    return cards


def _query(claim: Claim) -> PatientQuery:
    born = claim.date_of_birth
    if claim.whole_name:
        return PatientQuery(text=claim.whole_name, date_of_birth=born, limit=MOST_FOUND)
    first, last = claim.first_name, claim.last_name
    return PatientQuery(first_name=first, last_name=last, date_of_birth=born, limit=MOST_FOUND)


def _question(claim: Claim) -> str:
    if claim.has_full_name:
        return WHICH_BIRTHDAY
    return WHICH_FULL_NAME if claim.date_of_birth else WHO
