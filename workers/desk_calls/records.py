"""What is on a patient's record over the API: notes, insurance, what is owed and what was paid."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.errors import BadInput
from domain.tools import ToolRequest
from domain.wishes import NewCoverage, NewNote, Payment
from workers.cards import holds_card
from workers.desk_calls import given
from workers.desk_calls.carrying import begun, carry
from workers.desk_calls.documents import Said, written

LAST_DIGITS = 4


def notes(request: ToolRequest) -> Said:
    patient_id = given.patient(request).patient.pms_id
    rows = [
        {
            "id": one.pms_id,
            "content": one.text,
            "category": one.kind,
            "createdBy": one.by,
            "createdAt": one.at.isoformat() if one.at else None,
        }
        for one in request.desk.notes(patient_id)
    ]
    return Said(body={"notes": rows}, phi=("notes",) if rows else (), patient_id=patient_id)


def add_note(request: ToolRequest) -> Said:
    wish = begun(request, NewNote)
    if wish is None:
        wish = NewNote(
            patient_id=given.patient(request).patient.pms_id,
            text=given.needed(request, "content"),
            note_kind=given.text(request, "category"),
        )
    about = {"content": wish.text, "category": wish.note_kind}
    return _written(request, "note", wish, about, done="added", phi=("notes",))


def insurance(request: ToolRequest) -> Said:
    patient_id = given.patient(request).patient.pms_id
    rows = [
        {
            "provider": one.provider,
            "policyNumber": one.policy,
            "groupNumber": one.group,
            "isPrimary": one.is_primary,
        }
        for one in request.desk.insurance(patient_id)
    ]
    phi = ("insurance",) if rows else ()
    return Said(body={"insurance": rows}, phi=phi, patient_id=patient_id)


def add_insurance(request: ToolRequest) -> Said:
    wish = begun(request, NewCoverage)
    if wish is None:
        wish = NewCoverage(
            patient_id=given.patient(request).patient.pms_id,
            provider=given.needed(request, "provider"),
            policy=given.needed(request, "policyNumber"),
            group=given.text(request, "groupNumber"),
            is_primary=request.arguments.get("isPrimary") is not False,
            effective_on=given.day(request, "effectiveDate"),
        )
    about = {
        "provider": wish.provider,
        "policyNumber": wish.policy,
        "groupNumber": wish.group,
        "isPrimary": wish.is_primary,
    }
    return _written(request, "insurance", wish, about, done="added", phi=("insurance",))


def balance(request: ToolRequest) -> Said:
    patient_id = given.patient(request).patient.pms_id
    found = request.desk.balance(patient_id)
    amounts = asdict(found) if found else {"total": None, "insurance": None, "patient": None}
    paid = request.desk.last_payment(patient_id)
    last = (
        {"amount": paid.amount, "date": paid.on.isoformat(), "method": paid.method}
        if paid
        else None
    )
    return Said(
        body={"balance": {**amounts, "lastPayment": last}},
        phi=("balance",) if found or paid else (),
        patient_id=patient_id,
    )


def pay(request: ToolRequest) -> Said:
    """Records a payment that was made; no card is charged, and no card number taken."""
    if holds_card(request.arguments):
        raise BadInput("Send no card numbers; last4 is enough.")
    wish = begun(request, Payment)
    if wish is None:
        last4 = re.sub(r"\D", "", given.text(request, "last4") or "")[-LAST_DIGITS:]
        wish = Payment(
            patient_id=given.patient(request).patient.pms_id,
            amount=given.amount(request),
            method=given.needed(request, "method"),
            last4=last4 or None,
            reason=given.text(request, "notes"),
        )
    about = {
        "patientId": wish.patient_id,
        "amount": wish.amount,
        "method": wish.method,
        "timestamp": request.now.isoformat(),
    }
    return _written(request, "payment", wish, about, done="recorded", phi=("payment",))


def _written(
    request: ToolRequest,
    name: str,
    wish: NewNote | NewCoverage | Payment,
    about: Mapping[str, Any],
    *,
    done: str,
    phi: tuple[str, ...],
) -> Said:
    kept = carry(request, wish)
    return written(kept, name, about, done=done, phi=phi, patient_id=wish.patient_id)
