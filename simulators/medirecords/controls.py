"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from simulators.medirecords.knobs import Knobs
from simulators.medirecords.offices import Office
from simulators.medirecords.tokens import Api

if TYPE_CHECKING:
    from simulators.medirecords.api import Medirecords

Told = dict[str, Any]


def described(office: Office) -> Told:
    clinic = office.clinic
    return {
        "tenantId": office.id,
        "tenantName": office.name,
        "timezone": clinic.zone.key,
        "telehealth_type_ids": [each.id for each in clinic.types.values() if each.is_telehealth],
        "days": [day.isoformat() for day in clinic.days],
        "appointments": len(clinic.appointments),
        "version": clinic.version,
    }


def _token(vendor: "Medirecords", told: Told, api: Api) -> str:
    """Bound to the practice named, or to the first, or to the list given."""
    tenant = told.get("tenant") or next(iter(vendor.clinics))
    practices = list(vendor.clinics) if vendor.knobs.covers_all else [tenant]
    practices = told.get("practices") or practices
    if unknown := set(practices) - set(vendor.clinics):
        raise KeyError(*unknown)
    return vendor.tokens.for_practices(practices, api)


def _set_knobs(vendor: "Medirecords", told: Told, rest: str) -> Told:
    vendor.set_knobs(replace(vendor.knobs, **told))
    return {each.name: getattr(vendor.knobs, each.name) for each in fields(Knobs)}


CONTROLS: Mapping[tuple[str, str], Callable[["Medirecords", Told, str], Told]] = {
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("GET", "credentials"): lambda vendor, told, rest: {"token": _token(vendor, told, Api.REST)},
    ("POST", "credentials"): lambda vendor, told, rest: {"token": _token(vendor, told, Api.REST)},
    ("GET", "fhir-credentials"): lambda vendor, told, rest: {
        "token": _token(vendor, told, Api.FHIR)
    },
    ("POST", "expire-tokens"): lambda vendor, told, rest: {"expired": vendor.tokens.revoke_all()},
    ("POST", "knobs"): _set_knobs,
}
