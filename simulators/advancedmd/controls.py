"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.offices import Office
from simulators.advancedmd.shapes import provider
from simulators.truth import truth

if TYPE_CHECKING:
    from simulators.advancedmd.api import Advancedmd

Told = dict[str, Any]
SWITCHES = ("is_locked", "is_expired", "sees_visits", "may_read_updates")


def described(office: Office) -> Told:
    clinic = office.clinic
    return {
        "tenantId": office.key,
        "tenantName": office.name,
        "office_key": office.key,
        "timezone": clinic.zone.key,
        "telehealth_type_ids": [each.id for each in clinic.types.values() if each.is_telehealth],
        "columns": [
            {
                "id": column.id,
                "profile_id": column.profile_id,
                "provider": provider(clinic.practitioners[column.profile_id]),
            }
            for column in office.columns.values()
        ],
        **{name: getattr(office, name) for name in SWITCHES},
        "days": [day.isoformat() for day in clinic.days],
        "appointments": len(clinic.appointments),
        "version": clinic.version,
    }


def office_named(vendor: "Advancedmd", told: Told, rest: str = "") -> Office:
    return vendor.offices[str(rest or told.get("tenant") or next(iter(vendor.offices)))]


def _truth(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """What its lists can tell; rows that were moved away are named apart."""
    office = office_named(vendor, told)
    whole = truth(office.clinic, vendor.wording)
    is_hidden = office.knobs.hides_moved
    moved = {each.id for each in office.clinic.appointments.values() if office.is_moved(each)}
    shown = [each for each in whole["appointments"] if not (is_hidden and each["id"] in moved)]
    return {"tenant": office.key, **whole, "appointments": shown, "moved": sorted(moved)}


def _credentials(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    office = office_named(vendor, told)
    return {
        "username": office.username,
        "password": office.password,
        "office_key": office.key,
        "app_name": office.app_name,
    }


def _clock(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    return {"now": vendor.clock.now().isoformat(), "speed": vendor.clock.speed}


def _set_clock(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """`now` or `offset_seconds` sets it, `advance_seconds` moves it on; nothing: real time."""
    clock = vendor.clock
    if not told or "offset_seconds" in told:
        clock.follow(float(told.get("offset_seconds", 0)))
    now = datetime.fromisoformat(told["now"]).astimezone(UTC) if told.get("now") else None
    clock.set(now, speed=float(told["speed"]) if "speed" in told else None)
    clock.advance(float(told.get("advance_seconds", 0)))
    return _clock(vendor, told, rest)


def _knobs(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    return {each.name: getattr(vendor.knobs, each.name) for each in fields(Knobs)}


def _set_knobs(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    vendor.set_knobs(replace(vendor.knobs, **told))
    return _knobs(vendor, told, rest)


CONTROLS: Mapping[tuple[str, str], Callable[["Advancedmd", Told, str], Told]] = {
    ("GET", "truth"): _truth,
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("GET", "credentials"): _credentials,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "knobs"): _knobs,
    ("POST", "knobs"): _set_knobs,
    ("POST", "expire-tokens"): lambda vendor, told, rest: {
        "expired": vendor.tokens.expire(told.get("tenant"))
    },
}
