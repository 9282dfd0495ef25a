"""process-payment: records a payment that was made; money is never taken, nor a card heard."""

import re
from decimal import Decimal

from domain.desk import Ability
from domain.errors import BadInput
from domain.tool_words import told_of
from domain.tools import ToolAnswer, ToolRequest
from domain.wishes import Payment
from workers.calls.arguments import Arguments, arguments_of
from workers.calls.carrying import carried
from workers.calls.identity import Known, the_patient
from workers.cards import holds_card

NAME = "process-payment"
ABILITIES = frozenset({Ability.RECORD_PAYMENT})
PHI = ("payment",)

MOST = Decimal(100_000)
LAST_DIGITS = 4
OF_A_GROUP = 3
DONE = "The payment is recorded. Nothing was charged."
NO_CARDS = "I cannot take card numbers on the phone. I can note a payment that was made already."
HOW_MUCH = "What amount was paid?"
HOW = "How was it paid: by card, in cash or by check?"
_AMOUNT = re.compile(r"\d+(?:[.,]\d{1,2})?")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:\.\d{3})+,\d{1,2}")
_CURRENCY = re.compile(r"[$€£\s]|\b(?:usd|aud|nzd|cad|eur|gbp|dollars?|euros?)\b", re.IGNORECASE)


def answer(request: ToolRequest) -> ToolAnswer:
    again = request.writes.by_key(request.write_key)
    if again is not None:
        return told_of(request, carried(request, again.write.wish), DONE, phi_fields=PHI)
    if holds_card(request.arguments):
        return ToolAnswer(text=NO_CARDS)
    told = arguments_of(request)
    patient = the_patient(request, told)
    kept = carried(request, _wish(told, patient))
    return told_of(request, kept, DONE, phi_fields=PHI, patient_id=patient.id)


def _wish(told: Arguments, patient: Known) -> Payment:
    method = told.text("method", "paymentmethod")
    amount = _amount(told.text("amount", "total"))
    if method is None:
        raise BadInput(HOW)
    last4 = re.sub(r"\D", "", told.text("last4", "lastfour", "cardlast4") or "")[-LAST_DIGITS:]
    return Payment(
        patient_id=patient.id,
        amount=amount,
        method=method,
        last4=last4 or None,
        reason=told.text("notes", "reason"),
    )


def _amount(text: str | None) -> str:
    """A comma may be a decimal point or group thousands; asked about where it could be either."""
    given = _CURRENCY.sub("", text or "")
    if _GROUPED.fullmatch(given):
        *groups, last = re.split(r"[.,]", given)
        point = "." if len(last) < OF_A_GROUP else ""
        given = f"{''.join(groups)}{point}{last}"
    elif not _AMOUNT.fullmatch(given):
        raise BadInput(HOW_MUCH)
    amount = Decimal(given.replace(",", "."))
    if not 0 < amount < MOST:
        raise BadInput(HOW_MUCH)
    return f"{amount:.2f}"
