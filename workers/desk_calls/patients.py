"""Patients over the API: found, shown, registered and changed."""

import re
from collections.abc import Mapping

from domain.desk import Ability, PatientQuery
from domain.errors import BadInput
from domain.speech import joined
from domain.tools import ToolRequest
from domain.wishes import NewPatient, PatientChange
from domain.writes import changeable
from workers.desk_calls import documents, given
from workers.desk_calls.carrying import begun, carry
from workers.desk_calls.documents import OK, Said, written

MOST = 50
CHANGED: Mapping[str, str] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "email": "email",
    "address": "address",
}
DIALLED = re.compile(r"\+?[\d\s().-]{6,}")
PHI: tuple[str, ...] = ("full_name", "date_of_birth", "phone", "email", "address", "last_visit")


def search(request: ToolRequest) -> Said:
    found = list(request.desk.search_patients(_query(request)))
    rows = [documents.patient(one) for one in found]
    listed = tuple(one.patient.pms_id for one in found)
    return Said(body={"patients": rows}, phi=PHI if rows else (), listed=listed)


def one(request: ToolRequest) -> Said:
    card = given.patient(request)
    shown, phi = documents.patient(card), PHI
    shown["balance"] = None
    if Ability.READ_BALANCE in request.abilities:
        owes = request.desk.balance(card.patient.pms_id)
        shown["balance"] = owes.total if owes else None
        phi = (*PHI, "balance")
    return Said(body={"patient": shown}, phi=phi, patient_id=card.patient.pms_id)


def create(request: ToolRequest) -> Said:
    wish = begun(request, NewPatient)
    if wish is None:
        wish = NewPatient(
            first_name=given.needed(request, "firstName"),
            last_name=given.needed(request, "lastName"),
            date_of_birth=given.birthday(request),
            phone=given.phone(request),
            email=given.email(request),
            address=given.address(request),
            practitioner_id=given.text(request, "providerId"),
        )
    about = {"firstName": wish.first_name, "lastName": wish.last_name}
    return written(carry(request, wish), "patient", about, done="created", phi=("full_name",))


def update(request: ToolRequest) -> Said:
    wish = begun(request, PatientChange)
    if wish is None:
        _require_possible(request)
        card = given.patient(request)
        wish = PatientChange(
            patient_id=card.patient.pms_id,
            first_name=given.text(request, "firstName"),
            last_name=given.text(request, "lastName"),
            phone=given.phone(request),
            email=given.email(request),
            address=given.address(request),
        )
    changed = [name for name in CHANGED if getattr(wish, name)]
    if not changed:
        raise BadInput("Name at least one thing to change.")
    found = written(
        carry(request, wish),
        "patient",
        {},
        done="updated",
        phi=tuple(changed),
        patient_id=wish.patient_id,
        status=OK,
    )
    body = {**found.body, "patient": {**found.body["patient"], "id": wish.patient_id}}
    return Said(
        body=body, status=found.status, phi=found.phi, patient_id=wish.patient_id, kept=found.kept
    )


def _require_possible(request: ToolRequest) -> None:
    """All that is to be changed is what the practice's system takes."""
    taken = changeable(request.abilities)
    beyond = [
        told for name, told in CHANGED.items() if name not in taken and request.arguments.get(told)
    ]
    if beyond:
        takes = joined([told for name, told in CHANGED.items() if name in taken], word="and")
        raise BadInput(
            f"This practice's system cannot have {joined(beyond)} of a patient changed from"
            f" outside; it takes {takes or 'nothing else'}."
        )


def _query(request: ToolRequest) -> PatientQuery:
    """A name, a number or an e-mail address, told apart by how they look."""
    words = given.needed(request, "query")
    limit = request.arguments.get("limit")
    most = min(limit, MOST) if isinstance(limit, int) and limit > 0 else 10
    if "@" in words:
        return PatientQuery(email=words, limit=most)
    if DIALLED.fullmatch(words):
        return PatientQuery(phone=given.phone(request, "query"), limit=most)
    return PatientQuery(text=words, date_of_birth=given.day(request, "dateOfBirth"), limit=most)
