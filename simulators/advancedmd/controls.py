"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.advancedmd import editing
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.ledger import history, invoice
from simulators.advancedmd.offices import Office
from simulators.advancedmd.shapes import provider
from simulators.advancedmd.tiers import DENVER, LIMITS, is_peak
from simulators.truth import truth

if TYPE_CHECKING:
    from simulators.advancedmd.api import Advancedmd

Told = dict[str, Any]
SERVERS = 100
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
    now = vendor.clock.now()
    return {
        "now": now.isoformat(),
        "speed": vendor.clock.speed,
        "denver": now.astimezone(DENVER).isoformat(),
        "is_peak": is_peak(now),
    }


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


def _set_tenant(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """Its account and its user's privileges; `moves` puts it on another server at once."""
    office = office_named(vendor, told, rest)
    for name in SWITCHES:
        if name in told:
            setattr(office, name, bool(told[name]))
    if told.get("is_locked") is False:
        office.wrong_tries = 0
    if told.get("moves"):
        office.server += SERVERS
    return described(office)


def _calls(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    return history(vendor.ledger.calls(told.get("tenant"), int(told.get("since", 0))))


def _clear_calls(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    vendor.ledger.clear()
    return history([])


def _violations(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """Calls beyond the limit of their tier."""
    calls = vendor.ledger.calls(told.get("tenant"))
    limits = [
        {
            "limit": f"tier {tier}",
            "arrivals": sum(each.tier == tier for each in calls),
            "violations": sum(each.is_excess for each in calls if each.tier == tier),
        }
        for tier in LIMITS
    ]
    return {"violations": sum(each.is_excess for each in calls), "limits": limits}


def _set_faults(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    """`scripts` of `code`, `action`, `times`, `after`; a `dial` of shares by code."""
    vendor.scripts.turn(told.get("dial", {}))
    for each in told.get("scripts", []):
        vendor.scripts.add(each)
    return vendor.scripts.told()


def _clear_faults(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    vendor.scripts.clear()
    return vendor.scripts.told()


def _charges(vendor: "Advancedmd", told: Told, rest: str) -> Told:
    return {"charges": list(office_named(vendor, told).charges)}


CONTROLS: Mapping[tuple[str, str], Callable[["Advancedmd", Told, str], Told]] = {
    ("GET", "truth"): _truth,
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("POST", "tenants"): _set_tenant,
    ("GET", "credentials"): _credentials,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _clear_calls,
    ("GET", "invoice"): lambda vendor, told, rest: invoice(
        vendor.ledger.excess(told.get("tenant"))
    ),
    ("GET", "violations"): _violations,
    ("GET", "charges"): _charges,
    ("GET", "ppmd-faults"): lambda vendor, told, rest: vendor.scripts.told(),
    ("POST", "ppmd-faults"): _set_faults,
    ("DELETE", "ppmd-faults"): _clear_faults,
    ("POST", "statuscodes"): editing.set_code,
    ("POST", "rebook"): editing.rebook,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "knobs"): _knobs,
    ("POST", "knobs"): _set_knobs,
    ("POST", "expire-tokens"): lambda vendor, told, rest: {
        "expired": vendor.tokens.expire(told.get("tenant"))
    },
}
