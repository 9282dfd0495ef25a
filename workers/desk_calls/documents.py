"""Answers of desk calls as documents: appointments, patients, what became of a write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.appointments import Appointment
from domain.connections import Connection
from domain.desk import Opening, PatientCard
from domain.desk_calls import SAID
from domain.errors import SyncError
from domain.slots import PRACTITIONER
from domain.tools import Told, ToolAnswer
from domain.window import zone
from domain.writes import KeptWrite, WriteState

OK, CREATED, ACCEPTED = 200, 201, 202


class Missing(SyncError):
    """The practice has no such thing."""


class Unproved(SyncError):
    """The caller has not proved to be, or to speak for, that patient."""


class Already(SyncError):
    """What was asked for is there, so nothing was done."""


class NotDone(SyncError):
    """The practice's system did not take a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a call answers; `phi` names what of a patient is in it.

    `kept` is the write it was about; with `notify` the patient is told of its end in a text.
    `listed` are the patients in it, where there may be several.
    """

    body: Mapping[str, Any] = field(repr=False)
    status: int = OK
    phi: tuple[str, ...] = ()
    patient_id: str | None = None
    listed: tuple[str, ...] = ()
    kept: KeptWrite | None = None
    notify: bool = False


def said(found: Said) -> ToolAnswer:
    document: dict[str, Any] = {
        "status": found.status,
        "body": dict(found.body),
        "phi": list(found.phi),
        "patient": found.patient_id,
    }
    told = None
    if found.kept is not None:
        document["write"] = str(found.kept.id)
        told = Told.REQUESTED if found.notify else None
    return ToolAnswer(
        text=json.dumps(document),
        status=found.status,
        told=told,
        write_id=found.kept.id if found.kept else None,
        phi_fields=found.phi,
        patient_id=found.patient_id,
        listed=found.listed,
    )


def problem(status: int, detail: str) -> ToolAnswer:
    text = json.dumps({"status": status, "problem": detail})
    return ToolAnswer(text=text, is_error=True, status=status)


def written(  # noqa: PLR0913 - what was written, and how it is told
    kept: KeptWrite,
    name: str,
    about: Mapping[str, Any],
    *,
    done: str,
    phi: tuple[str, ...] = (),
    patient_id: str | None = None,
    notify: bool = False,
    status: int = CREATED,
) -> Said:
    """How a write stands: done, requested (202), or refused with the vendor's reason."""
    if kept.state in {WriteState.FAILED, WriteState.WITHDRAWN}:
        raise NotDone(kept.reason or "It was called off before it left; send it again as new.")
    requested = kept.state is not WriteState.CONFIRMED
    body = {
        **about,
        "id": kept.pms_id,
        "confirmationNumber": kept.confirmation,
        "status": "requested" if requested else done,
    }
    return Said(
        body={name: body, "message": _message(requested=requested)},
        status=ACCEPTED if requested else status,
        phi=phi,
        patient_id=patient_id or (kept.pms_id if name == "patient" else None),
        kept=kept,
        notify=notify,
    )


def _message(*, requested: bool) -> str:
    if requested:
        return "Requested at the practice; it is not final until it says so."
    return "Done."


def appointment(one: Appointment, connection: Connection) -> dict[str, Any]:
    patient, place = one.patient, zone(connection.timezone)
    known = connection.types.get(one.type_id or "")
    return {
        "id": one.pms_id,
        "patientId": one.patient_id or None,
        "patientName": patient.full_name if patient else None,
        "providerId": one.practitioner_id,
        "providerName": one.practitioner_name
        or connection.practitioners.get(one.practitioner_id or ""),
        "type": one.type_name or (known.name if known else None),
        "startTime": one.start.astimezone(place).isoformat(),
        "endTime": one.end.astimezone(place).isoformat(),
        "status": SAID[one.status],
        "pmsStatus": one.status.value,
        "notes": one.notes,
    }


def slot(one: Opening, connection: Connection) -> dict[str, Any]:
    place = zone(connection.timezone)
    who = next((each for each in one.resources if each.kind == PRACTITIONER), None)
    return {
        "startTime": one.window.start.astimezone(place).isoformat(),
        "endTime": one.window.end.astimezone(place).isoformat(),
        "providerId": who.pms_id if who else None,
        "providerName": who.name if who else None,
        "available": True,
    }


def patient(card: PatientCard) -> dict[str, Any]:
    one, address = card.patient, card.address
    lines = (address.get("address_line1"), address.get("address_line2"))
    return {
        "id": one.pms_id,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "dateOfBirth": one.date_of_birth,
        "phone": next(iter(card.phones), one.phone),
        "email": one.email,
        "address": {
            "street": ", ".join(line for line in lines if line) or None,
            "city": address.get("city"),
            "state": address.get("state"),
            "zip": address.get("zipcode"),
        },
        "emergencyContact": None,
        "lastVisit": card.last_visit.isoformat() if card.last_visit else None,
        "isActive": card.is_active,
    }
