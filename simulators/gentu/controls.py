"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from simulators.gentu.knobs import Knobs
from simulators.gentu.tenants import Access, Tenant, details

if TYPE_CHECKING:
    from simulators.gentu.api import Gentu

Told = dict[str, Any]


def described(tenant: Tenant, knobs: Knobs) -> Told:
    clinic = tenant.clinic
    return {
        **details(tenant, knobs),
        "timezone": clinic.zone.key,
        "access": tenant.access,
        "telehealth_type_ids": [each.id for each in clinic.types.values() if each.is_telehealth],
        "days": [day.isoformat() for day in clinic.days],
        "appointments": len(clinic.appointments),
        "version": clinic.version,
    }


def _pairing_code(vendor: "Gentu", told: Told, rest: str) -> Told:
    tenant = told.get("tenant") or next(iter(vendor.clinics))
    return {"tenant": tenant, "code": vendor.tenants.new_code(tenant)}


def _credentials(vendor: "Gentu", told: Told, rest: str) -> Told:
    credentials = vendor.tokens.credentials
    return {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "app_id": credentials.app_id,
    }


def _set_access(vendor: "Gentu", told: Told, rest: str) -> Told:
    tenant = vendor.tenants.by_id[rest]
    tenant.access = Access(told["access"])
    return described(tenant, vendor.knobs)


def _set_knobs(vendor: "Gentu", told: Told, rest: str) -> Told:
    vendor.set_knobs(replace(vendor.knobs, **told))
    return {each.name: getattr(vendor.knobs, each.name) for each in fields(Knobs)}


CONTROLS: Mapping[tuple[str, str], Callable[["Gentu", Told, str], Told]] = {
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("POST", "tenants"): _set_access,
    ("GET", "pairing-code"): _pairing_code,
    ("GET", "credentials"): _credentials,
    ("POST", "expire-tokens"): lambda vendor, told, rest: {"expired": vendor.tokens.expire_all()},
    ("POST", "knobs"): _set_knobs,
}
