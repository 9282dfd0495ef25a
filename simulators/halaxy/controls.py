"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.halaxy.groups import Group
from simulators.halaxy.hooks import Hook
from simulators.halaxy.knobs import Knobs

if TYPE_CHECKING:
    from simulators.halaxy.api import Halaxy

Told = dict[str, Any]
PATIENCE_SECONDS = 5.0


def described(group: Group) -> Told:
    clinic = group.clinic
    return {
        "tenantId": group.id,
        "tenantName": group.name,
        "timezone": clinic.zone.key,
        "telehealth_type_ids": [each.id for each in clinic.types.values() if each.is_telehealth],
        "clinic_ids": group.clinic_ids,
        "is_open": group.is_open,
        "refused": sorted(group.refused),
        "days": [day.isoformat() for day in clinic.days],
        "appointments": len(clinic.appointments),
        "version": clinic.version,
    }


def _credentials(vendor: "Halaxy", told: Told, rest: str) -> Told:
    key = vendor.tokens.keys[told.get("tenant") or next(iter(vendor.clinics))]
    return {"client_id": key.client_id, "client_secret": key.client_secret}


def _set_access(vendor: "Halaxy", told: Told, rest: str) -> Told:
    """`refused` are the resource types outside the key's scopes."""
    group = vendor.groups[rest]
    group.is_open = bool(told.get("is_open", group.is_open))
    group.refused = set(told.get("refused", group.refused))
    return described(group)


def _set_clock(vendor: "Halaxy", told: Told, rest: str) -> Told:
    """Stop the vendor's clock at `now`, or let it go on with null."""
    text = told.get("now")
    vendor.clock.stopped_at = datetime.fromisoformat(text).astimezone(UTC) if text else None
    return {"now": vendor.clock.now().isoformat()}


def _set_knobs(vendor: "Halaxy", told: Told, rest: str) -> Told:
    vendor.set_knobs(replace(vendor.knobs, **told))
    return {each.name: getattr(vendor.knobs, each.name) for each in fields(Knobs)}


def _webhooks(vendor: "Halaxy", told: Told, rest: str) -> Told:
    """Register one, or do what the rest of the path says."""
    if rest == "replay":
        count = int(told.get("count", 1))
        return {"replayed": vendor.hooks.replay(count, is_backwards=bool(told.get("backwards")))}
    if rest == "settle":
        return {"settled": vendor.hooks.settle(float(told.get("seconds", PATIENCE_SECONDS)))}
    header = told.get("header")
    hook = Hook(
        tenant=told.get("tenant") or next(iter(vendor.clinics)),
        event=told["event"],
        url=told["url"],
        header=(header["name"], header["value"]) if header else None,
    )
    if hook.tenant not in vendor.clinics:
        raise KeyError(hook.tenant)
    vendor.hooks.register(hook)
    return vendor.hooks.told()


def _clear_webhooks(vendor: "Halaxy", told: Told, rest: str) -> Told:
    vendor.hooks.clear()
    return vendor.hooks.told()


CONTROLS: Mapping[tuple[str, str], Callable[["Halaxy", Told, str], Told]] = {
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("POST", "tenants"): _set_access,
    ("GET", "credentials"): _credentials,
    ("POST", "expire-tokens"): lambda vendor, told, rest: {"expired": vendor.tokens.expire_all()},
    ("POST", "clock"): _set_clock,
    ("POST", "knobs"): _set_knobs,
    ("GET", "webhooks"): lambda vendor, told, rest: vendor.hooks.told(),
    ("POST", "webhooks"): _webhooks,
    ("DELETE", "webhooks"): _clear_webhooks,
}
