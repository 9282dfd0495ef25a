"""The control endpoints only this vendor has."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.sikka import marketplace
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import Location, Office
from simulators.sikka.overlaps import overlaps
from simulators.sikka.personas import persona_of
from simulators.sikka.writing import planned
from simulators.sikka.zones import windows
from simulators.truth import truth

if TYPE_CHECKING:
    from simulators.sikka.api import Sikka

Told = dict[str, Any]
SWITCHES = ("is_online", "is_uploaded", "is_authorised")


def described(vendor: "Sikka", office: Office, location: Location) -> Told:
    clinic = location.clinic
    return {
        "tenantId": location.site,
        "tenantName": location.name,
        "office_id": office.id,
        "practice_id": location.id,
        "cust_id": office.cust_id,
        "pms": location.persona.name,
        "timezone": clinic.zone.key,
        "windows_timezone": windows(clinic.zone.key),
        # A type is a word of the practice: appointments carry it, and no list gives it a number.
        "telehealth_type_ids": [each.name for each in clinic.types.values() if each.is_telehealth],
        "is_online": office.is_online,
        "is_uploaded": office.is_uploaded,
        "is_authorised": office.is_authorised,
        "days": [day.isoformat() for day in clinic.days],
        "appointments": len(clinic.appointments),
        "version": clinic.version,
    }


def _site(vendor: "Sikka", told: Told, rest: str = "") -> str:
    site = str(rest or told.get("tenant") or next(iter(vendor.cloud.locations)))
    if site not in vendor.cloud.locations:
        raise KeyError(site)
    return site


def _credentials(vendor: "Sikka", told: Told, rest: str) -> Told:
    """All a connection needs; `app_id` and `app_key` may be set to a client's own."""
    app = vendor.keys.app
    app.id, app.key = str(told.get("app_id", app.id)), str(told.get("app_key", app.key))
    site = _site(vendor, told)
    office = vendor.cloud.office_of(site)
    return {
        "app_id": app.id,
        "app_key": app.key,
        "office_id": office.id,
        "practice_id": vendor.cloud.locations[site].id,
        "secret_key": office.secret_key,
        "refresh_key": office.refresh_key,
    }


def _truth(vendor: "Sikka", told: Told, rest: str) -> Told:
    site = _site(vendor, told)
    location = vendor.cloud.locations[site]
    found = overlaps(location)
    return {
        "tenant": site,
        **truth(location.clinic, vendor.wording),
        "overlaps": found,
        "double_bookings": sum(each["is_double_booking"] for each in found),
        "writebacks": [
            each.told()
            for each in list(vendor.cloud.queue.all)
            if (each.office_id, each.practice_id) == (location.office_id, location.id)
        ],
        "notes": list(location.notes),
        "transactions": list(location.transactions),
    }


def _set_tenant(vendor: "Sikka", told: Told, rest: str) -> Told:
    """The PMS of one practice; whether its office's SPU, upload and authorisation stand."""
    location = vendor.cloud.locations[_site(vendor, told, rest)]
    office = vendor.cloud.office_of(location.site)
    with vendor.cloud.lock:
        if "pms" in told:
            location.persona = persona_of(told["pms"])
        for name in SWITCHES:
            if name in told:
                setattr(office, name, bool(told[name]))
        if told.get("is_online"):
            office.online_since = vendor.cloud.clock.now()
    vendor.cloud.settle()
    return described(vendor, office, location)


def _set_clock(vendor: "Sikka", told: Told, rest: str) -> Told:
    """`now` sets it, `advance_seconds` moves it on, `speed` 0 stops it; nothing: real time."""
    clock = vendor.cloud.clock
    if not told:
        clock.follow()
    now = datetime.fromisoformat(told["now"]).astimezone(UTC) if told.get("now") else None
    clock.set(now, speed=float(told["speed"]) if "speed" in told else None)
    clock.advance(float(told.get("advance_seconds", 0)))
    vendor.cloud.settle()
    return _clock(vendor, told, rest)


def _clock(vendor: "Sikka", told: Told, rest: str) -> Told:
    clock = vendor.cloud.clock
    return {"now": clock.now().isoformat(), "speed": clock.speed}


def _knobs(vendor: "Sikka", told: Told, rest: str) -> Told:
    return {each.name: getattr(vendor.knobs, each.name) for each in fields(Knobs)}


def _set_knobs(vendor: "Sikka", told: Told, rest: str) -> Told:
    vendor.set_knobs(replace(vendor.knobs, **told))
    return _knobs(vendor, told, rest)


def _writebacks(vendor: "Sikka", told: Told, rest: str) -> Told:
    queue = vendor.cloud.queue
    return {
        "writebacks": [each.told() for each in list(queue.all)],
        "next": [each.name for each in queue.next],
    }


def _plan(vendor: "Sikka", told: Told, rest: str) -> Told:
    """What becomes of the next ones; or, at `finish`, the end of all that wait."""
    if rest == "finish":
        return {"finished": vendor.cloud.finish()}
    fates = [planned(each) for each in told["next"]]
    vendor.cloud.queue.next.extend(fates)
    return _writebacks(vendor, told, rest)


def _refresh(vendor: "Sikka", told: Told, rest: str) -> Told:
    cloud = vendor.cloud
    with cloud.lock:
        for office in cloud.offices.values():
            cloud.refresh(office, cloud.clock.now())
    return {"refreshed_at": cloud.clock.now().isoformat()}


CONTROLS: Mapping[tuple[str, str], Callable[["Sikka", Told, str], Told]] = {
    ("GET", "truth"): _truth,
    ("GET", "tenants"): lambda vendor, told, rest: {"tenants": vendor.described()},
    ("POST", "tenants"): _set_tenant,
    ("GET", "credentials"): _credentials,
    ("POST", "credentials"): _credentials,
    ("POST", "expire-tokens"): lambda vendor, told, rest: {"expired": vendor.keys.expire_all()},
    ("GET", "clock"): _clock,
    ("POST", "clock"): _set_clock,
    ("GET", "knobs"): _knobs,
    ("POST", "knobs"): _set_knobs,
    ("GET", "writebacks"): _writebacks,
    ("POST", "writebacks"): _plan,
    ("POST", "refresh"): _refresh,
    ("POST", "authorise"): marketplace.authorise,
    ("POST", "revoke"): marketplace.revoke,
    ("GET", "webhooks"): lambda vendor, told, rest: vendor.hooks.told(),
    ("POST", "webhooks"): lambda vendor, told, rest: vendor.hooks.control(told, rest),
    ("DELETE", "webhooks"): lambda vendor, told, rest: vendor.hooks.clear(),
}
