"""The truth of an appointment as far as the vendor's data can tell it."""

from typing import TYPE_CHECKING, Any

from simulators.advancedmd.names import held
from simulators.records import Appointment

if TYPE_CHECKING:
    from simulators.advancedmd.offices import Office

Json = dict[str, Any]
CONTACTS = ("phone", "email", "date_of_birth")


def told(office: "Office", row: Appointment, plain: Json) -> Json:
    kinds = [office.clinic.types[each] for each in office.types_of(row)]
    return {
        **plain,
        "statuscode": office.code_of(row),
        "column_id": str(office.column_of(row).id),
        "visit_id": office.visit_id(row),
        "type_id": kinds[0].id if kinds else None,
        "type_name": kinds[0].name if kinds else None,
        "type_ids": [each.id for each in kinds],
        "is_telehealth": any(each.is_telehealth for each in kinds),
        "patients": [_patient(each, tells=office.knobs.contacts) for each in plain["patients"]],
        "cancelled_at": None,  # the vendor does not say
    }


def _patient(plain: Json, *, tells: bool) -> Json:
    """With a name in capitals, as it is kept."""
    names = {name: held(plain[name]) for name in ("first", "last", "full")}
    silent = {} if tells else dict.fromkeys(CONTACTS)
    return {**plain, **names, **silent}
