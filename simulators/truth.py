"""A practice's truth as plain JSON, for whoever judges a client against it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.clinic import Clinic
from simulators.records import Appointment, Patient, Stated

Wording = Callable[[Appointment], str | None]


def zulu(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def truth(clinic: Clinic, wording: Wording) -> dict[str, Any]:
    with clinic.lock:
        rows = sorted(clinic.appointments.values(), key=lambda each: (each.start, each.id))
        return {
            "version": clinic.version,
            "timezone": clinic.zone.key,
            "appointments": [one for each in rows for one in records(clinic, each, wording)],
            "deleted": sorted(clinic.deleted),
        }


def record(clinic: Clinic, appointment: Appointment, wording: Wording) -> dict[str, Any]:
    return records(clinic, appointment, wording)[0]


def records(clinic: Clinic, appointment: Appointment, wording: Wording) -> list[dict[str, Any]]:
    """As far as the vendor's data can tell."""
    return clinic.keeping.tells(clinic, appointment, _plain(clinic, appointment, wording))


def _plain(clinic: Clinic, appointment: Appointment, wording: Wording) -> dict[str, Any]:
    kind = clinic.type_of(appointment)
    end, source = known_end(clinic, appointment)
    return {
        "id": appointment.id,
        "start_utc": zulu(appointment.start),
        "end_utc": zulu(end) if end else None,
        "end_from": source,
        "status": wording(appointment),
        "meaning": appointment.meaning,
        "practitioner_id": appointment.practitioner_id,
        "patients": [_patient(clinic.patients[each.patient_id]) for each in appointment.attendees],
        "type_id": appointment.type_id,
        "type_name": kind.name if kind else None,
        "is_telehealth": bool(kind and kind.is_telehealth),
        "notes": appointment.notes,
        "title": appointment.title,
        "cancelled_at": zulu(appointment.cancelled_at) if appointment.cancelled_at else None,
    }


def known_end(clinic: Clinic, appointment: Appointment) -> tuple[datetime | None, str | None]:
    """The end as far as the vendor states it anywhere, and where it does."""
    if appointment.stated in {Stated.BOTH, Stated.END, Stated.CONFLICT}:
        return appointment.end, "end"
    if appointment.stated is Stated.MINUTES:
        return appointment.end, "minutes"
    kind = clinic.type_of(appointment)
    if kind and kind.minutes:
        return appointment.start + timedelta(minutes=kind.minutes), "type"
    return None, None


def _patient(patient: Patient) -> dict[str, Any]:
    return {
        "id": patient.id,
        "first": patient.first,
        "last": patient.last,
        "full": patient.full,
        "phone": patient.phone,
        "email": patient.email,
        "date_of_birth": patient.born_on.isoformat() if patient.born_on else None,
    }
