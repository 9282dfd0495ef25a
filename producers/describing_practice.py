"""What /openapi.json says of the answers of a practice's own system, and of who else calls us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPayment:
    amount: str
    date: date
    method: str | None


WRITTEN: Fields = {"id": str | None, "confirmationNumber": str, "status": str}
MESSAGE: Fields = {"message": str}
STANDING: Fields = {
    "write": {"id": UUID, "kind": str, "status": str},
    "confirmationNumber": str,
}
"""In place of the thing itself, where what it said came too late to be told."""
WHEN: Fields = {
    "providerId": str | None,
    "providerName": str | None,
    "startTime": datetime,
    "endTime": datetime,
}
APPOINTMENT: Fields = {
    "id": str,
    "patientId": str | None,
    "patientName": str | None,
    **WHEN,
    "type": str | None,
    "status": str,
    "pmsStatus": str,
    "notes": str | None,
}
SLOT: Fields = {**WHEN, "available": True}
PATIENT: Fields = {
    "id": str,
    "firstName": str | None,
    "lastName": str | None,
    "dateOfBirth": date | None,
    "phone": str | None,
    "email": str | None,
    "address": dict.fromkeys(("street", "city", "state", "zip"), str | None),
    "emergencyContact": str | None,
    "lastVisit": date | None,
    "isActive": bool | None,
}
NOTE: Fields = {
    "id": str,
    "content": str,
    "category": str | None,
    "createdBy": str | None,
    "createdAt": datetime | None,
}
INSURANCE: Fields = {
    "provider": str | None,
    "policyNumber": str | None,
    "groupNumber": str | None,
    "isPrimary": bool,
}
INTEGRATION: Fields = {
    "id": UUID,
    "provider": str,
    "providerName": str,
    "pmsType": str | None,
    "name": str,
    "status": str,
    "statusReason": str | None,
    "lastSyncAt": datetime | None,
    "features": Mapping[str, bool],
    "config": {
        "timezone": str,
        "defaultAppointmentDuration": int,
        "minAdvanceNoticeMinutes": int,
        "maxDaysAhead": int,
        "allowOnlineBooking": bool,
    },
}
WRITE: Fields = {
    "id": UUID,
    "kind": str,
    "status": str,
    "confirmationNumber": str,
    "pmsId": str | None,
    "startTime": datetime | None,
    "endTime": datetime | None,
    "reason": str | None,
    "requestedAt": datetime,
    "settledAt": datetime | None,
    "shown": str | None,
    "shownTime": datetime | None,
}
UNTOLD: Fields = {
    "id": UUID,
    "writeId": UUID,
    "kind": str,
    "status": str,
    "confirmationNumber": str,
    "startTime": datetime | None,
    "requestedAt": datetime,
    "practice": str,
    "patientName": str | None,
    "phone": str | None,
    "text": str | None,
    "shown": str | None,
    "shownTime": datetime | None,
    "onSheetTime": datetime | None,
}


def _written(name: str, **about: Any) -> Fields:
    """What a write answers, done (200, 201) or requested (202)."""
    return {name: {**about, **WRITTEN}, **MESSAGE, **STANDING}


BOOKED = _written("appointment", patientId=str | None, patientName=str | None, **WHEN, type=str)
MOVED = _written("appointment", patientId=str | None, **WHEN)
CANCELLED = _written("appointment", patientId=str | None)

PRACTICE: Mapping[str, Fields] = {
    "get /api/pms/appointments": {"appointments": [APPOINTMENT]},
    "get /api/pms/appointments/availability": {"date": date, "slots": [SLOT]},
    "post /api/pms/appointments": BOOKED,
    "patch /api/pms/appointments/{appointment_id}": MOVED,
    "delete /api/pms/appointments/{appointment_id}": CANCELLED,
    "get /api/pms/patients": {"patients": [PATIENT]},
    "get /api/pms/patients/search": {"patients": [PATIENT]},
    "post /api/pms/patients/search": {"patients": [PATIENT]},
    "get /api/pms/patients/{patient_id}": {"patient": {**PATIENT, "balance": str | None}},
    "post /api/pms/patients": _written("patient", firstName=str, lastName=str),
    "patch /api/pms/patients/{patient_id}": _written("patient"),
    "get /api/pms/patients/{patient_id}/notes": {"notes": [NOTE]},
    "post /api/pms/patients/{patient_id}/notes": _written("note", content=str, category=str | None),
    "get /api/pms/patients/{patient_id}/insurance": {"insurance": [INSURANCE]},
    "post /api/pms/patients/{patient_id}/insurance": _written("insurance", **INSURANCE),
    "get /api/pms/patients/{patient_id}/balance": {
        "balance": {
            **dict.fromkeys(("total", "insurance", "patient"), str | None),
            "lastPayment": LastPayment | None,
        }
    },
    "post /api/pms/payments": _written(
        "payment", patientId=str, amount=str, method=str, timestamp=datetime
    ),
    "get /api/pms/setup": {"integrations": [INTEGRATION]},
    "post /api/pms/setup": {"integration": INTEGRATION},
    "get /api/pms/status": {**INTEGRATION, "integration": INTEGRATION},
    "post /api/pms/test-connection": {
        "integrationId": UUID,
        "connectionValid": bool | None,
        "message": str | None,
        "reason": str | None,
    },
    "get /api/pms/writes/untold": {"writes": [UNTOLD]},
    "post /api/pms/writes/{untold_id}/told": {"id": UUID},
    "get /api/pms/writes/{write_id}": {"write": WRITE},
    "get /healthz": {"status": str},
    "get /readyz": {"checks": Mapping[str, str]},
}

RESULT: Fields = {
    "results": [{"toolCallId": str, "name": str, "result": str | None, "error": str | None}],
    "result": str | None,
    "destination": {"type": str, "number": str},
    "error": str | None,
}
"""Of a message: the results of its tool calls, `result` for one of the older kind."""

CALLERS: Mapping[str, Fields] = {
    "post /vapi/webhook": RESULT,
    "post /vapi/tools/{tool}": RESULT,
    "post /vapi/oauth/token": {"access_token": str, "token_type": str, "expires_in": int},
}
"""Answers that Vapi has the shape of: without `success`."""
