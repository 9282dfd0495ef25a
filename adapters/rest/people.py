"""Patients from their parts, and the practitioners of a vendor that lists none."""

from collections.abc import Iterable, Mapping

from domain.appointments import Appointment, Patient, Practitioner
from domain.connections import Connection
from domain.errors import BadInput
from domain.names import display

SETTING = "practitioner_names"
"""A connection's setting: `id=Dr A Example; id=Dr B Sample`, or the same as a mapping."""


def patient(
    pms_id: str,
    *,
    given: str | None,
    family: str | None,
    phone: str | None = None,
    email: str | None = None,
    born: str | None = None,
) -> Patient:
    """The person, with the parts of the name put together for display."""
    return Patient(
        pms_id=pms_id,
        full_name=display(given=given, family=family) or None,
        first_name=given,
        last_name=family,
        phone=phone,
        email=email,
        date_of_birth=born,
    )


def named(connection: Connection) -> Mapping[str, str]:
    """The names a person gave, by the vendor's ids."""
    given = connection.settings.get(SETTING) or {}
    if isinstance(given, Mapping):
        return {str(pms_id): str(name) for pms_id, name in given.items()}
    pairs = [one.partition("=") for one in str(given).split(";") if one.strip()]
    if not all(pms_id.strip() and name.strip() for pms_id, _, name in pairs):
        raise BadInput(f"{SETTING} is written id=Name; id=Name.")
    return {pms_id.strip(): name.strip() for pms_id, _, name in pairs}


def met(rows: Iterable[Appointment], known: Mapping[str, str]) -> Mapping[str, str]:
    """Who has appointments and is not known yet; without a name, the id stands for one."""
    return {
        row.practitioner_id: row.practitioner_name or row.practitioner_id
        for row in rows
        if row.practitioner_id is not None and row.practitioner_id not in known
    }


def practitioners(names: Mapping[str, str]) -> list[Practitioner]:
    return [Practitioner(pms_id=pms_id, full_name=name) for pms_id, name in names.items()]
