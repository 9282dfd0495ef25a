"""What an assistant may ask in a phone call: of patients its caller has proved to be, no others.

It is told no more of them than the tools of a call would say.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from domain import desk_calls as names
from domain.desk_calls import UNPROVED
from domain.errors import BadInput
from domain.tools import ToolRequest
from domain.verification import Claim
from domain.writes import KeptWrite, WriteState
from workers.calls.arguments import arguments_of
from workers.calls.identity import recognised, registered, the_patient
from workers.desk_calls import booking, documents, given, patients
from workers.desk_calls.documents import Already, Said, Unproved

LAST_DIGITS = 4
MOST_NOTES, LONGEST_NOTE = 3, 200
FREE = frozenset({names.AVAILABILITY, names.PATIENTS, names.CREATE_PATIENT})
"""What needs no proof, or is how a caller gives it."""

ONE_A_CALL = "An appointment was made in this call already; move it instead."
REQUESTED_ALREADY = (
    "An appointment at that time was requested for this patient in another call already, and is not"
    " final yet."
)
BOOKED_ALREADY = "An appointment at that time was booked for this patient in another call already."
REGISTERED = "There is a record with that name and date of birth already; go on with it."


def asked(name: str, call: Callable[[ToolRequest], Said], request: ToolRequest) -> Said:
    """As a person would be answered, within what the call has proved."""
    if name not in FREE:
        _require_proof(request)
    return _shortened(name, OWN.get(name, call)(request))


def search(request: ToolRequest) -> Said:
    """Whoever calls from their number, or knows name and birthday, is found; nobody else is."""
    try:
        known = the_patient(request, arguments_of(request))
    except BadInput as question:
        raise Unproved(str(question)) from None
    found = [documents.patient(known.card())]
    return Said(body={"patients": found}, phi=patients.PHI, patient_id=known.id)


def book(request: ToolRequest) -> Said:
    first = request.writes.booking_of(request.call_id)
    if first is not None and first.key != request.write_key:
        raise Already(ONE_A_CALL)
    found = booking.book(request)
    kept = found.kept
    if kept is not None and kept.key != request.write_key:
        raise Already(_made_already(request, kept))
    return found


def _made_already(request: ToolRequest, kept: KeptWrite) -> str:
    if kept.call_id == request.call_id:
        return ONE_A_CALL
    return BOOKED_ALREADY if kept.state is WriteState.CONFIRMED else REQUESTED_ALREADY


def create(request: ToolRequest) -> Said:
    """A record there is already is not made twice; whoever registers a patient speaks for them."""
    if request.writes.by_key(request.write_key) is None:
        claim = Claim(
            first_name=given.needed(request, "firstName"),
            last_name=given.needed(request, "lastName"),
            date_of_birth=given.birthday(request),
        )
        if claim.date_of_birth is None:
            raise BadInput("Give dateOfBirth.")
        if recognised(request, claim) is not None:
            raise Already(REGISTERED)
    found = patients.create(request)
    if found.kept is not None:
        registered(request, found.kept)
    return found


OWN: Mapping[str, Callable[[ToolRequest], Said]] = {
    names.PATIENTS: search,
    names.BOOK: book,
    names.CREATE_PATIENT: create,
}


def _require_proof(request: ToolRequest) -> None:
    proven = request.proofs.patient_ids
    named = given.text(request, "patientId")
    if not proven or (named is not None and named not in proven):
        raise Unproved(UNPROVED)


def _shortened(name: str, found: Said) -> Said:
    """Numbers by their end, no address or birthday: enough to recognise, nothing to collect."""
    shorter = SHORTER.get(name)
    return replace(found, body=shorter(found.body)) if shorter is not None else found


def _patient(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("id", "firstName", "lastName", "balance", "lastVisit", "isActive")
    shown = {name: value if name in kept else None for name, value in one.items()}
    return {**shown, "phone": _end(one.get("phone"))}


def _end(text: str | None) -> str | None:
    return f"…{text[-LAST_DIGITS:]}" if text else None


def _insurance(body: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**one, "policyNumber": _end(one["policyNumber"])} for one in body["insurance"]]
    return {**body, "insurance": rows}


def _notes(body: Mapping[str, Any]) -> dict[str, Any]:
    newest = sorted(body["notes"], key=lambda one: one["createdAt"] or "", reverse=True)
    rows = [{**one, "content": one["content"][:LONGEST_NOTE]} for one in newest[:MOST_NOTES]]
    return {**body, "notes": rows}


SHORTER: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    names.PATIENTS: lambda body: {**body, "patients": [_patient(one) for one in body["patients"]]},
    names.PATIENT: lambda body: {**body, "patient": _patient(body["patient"])},
    names.INSURANCE: _insurance,
    names.NOTES: _notes,
}
