"""The marketplace: a practice buys the application, and word of it goes to an address.

Neither shape is signed. The first is not in the vendor's document but in older notes; the second
is what a marketplace handshake has been seen to send.
"""

import json
from typing import TYPE_CHECKING, Any

from simulators.sikka.offices import Location, Office, secret
from simulators.sikka.posting import check_address, post

if TYPE_CHECKING:
    from simulators.sikka.api import Sikka

Told = dict[str, Any]
MOST_TIMES = 100
FORGERIES = ("unknown-office", "wrong-secret", "unauthorised", "other-app", "not-json", "empty")


def authorise(vendor: "Sikka", told: Told, rest: str) -> Told:
    """Tell `url` of it in the `shape` asked for, `times` over; what is forged is no purchase."""
    office, location = _bought(vendor, told)
    forged = told.get("forged")
    if forged is not None and forged not in FORGERIES:
        raise ValueError(f"no such forgery: {forged!r}; there are {', '.join(FORGERIES)}")
    if forged is None:
        office.is_authorised = True
    elif forged == "unauthorised":
        office.is_authorised = False
    body = _body(vendor, office, location, told)
    return {"office_id": office.id, "is_authorised": office.is_authorised, **_sent(told, body)}


def revoke(vendor: "Sikka", told: Told, rest: str) -> Told:
    """From now on calls of the office are refused; word of it goes out if there is a `url`."""
    office, location = _bought(vendor, told)
    office.is_authorised = False
    sent: Told = {}
    if told.get("url"):
        handshake = _handshake(office, location, "Cancelled")
        sent = _sent(told, json.dumps(handshake).encode())
    return {"office_id": office.id, "is_authorised": False, **sent}


def _bought(vendor: "Sikka", told: Told) -> tuple[Office, Location]:
    site = str(told.get("tenant") or told.get("office") or next(iter(vendor.cloud.offices)))
    return vendor.cloud.office_of(site), vendor.cloud.locations[site]


def _sent(told: Told, body: bytes) -> Told:
    times = min(MOST_TIMES, int(told.get("times", 1)))
    if not told.get("url"):
        return {"statuses": []}
    url = check_address(str(told["url"]))
    headers = {str(name): str(value) for name, value in (told.get("headers") or {}).items()}
    return {"statuses": [post(url, body, headers) for _ in range(times)]}


def _body(vendor: "Sikka", office: Office, location: Location, told: Told) -> bytes:
    forged, shape = told.get("forged"), told.get("shape", "seed")
    if forged in {"not-json", "empty"}:
        return b"event=app.authorized" if forged == "not-json" else b""
    if shape not in {"seed", "handshake"}:
        raise ValueError("shape is seed or handshake")
    app_id = vendor.keys.app.id
    event = _seed(app_id, office, location) if shape == "seed" else _handshake(
        office, location, "Purchased"
    )  # fmt: skip
    event |= _forged(event, str(forged)) if forged else {}
    return json.dumps({**event, **(told.get("extra") or {})}).encode()


def _forged(event: Told, how: str) -> Told:
    wrong = {
        "unknown-office": {"office_id": "D99999", "MasterCustomerID": "D99999"},
        "wrong-secret": {"secret_key": secret("forged")},
        "other-app": {"app_id": secret("another", "app")},
    }
    return {name: value for name, value in wrong.get(how, {}).items() if name in event}


def _seed(app_id: str, office: Office, location: Location) -> Told:
    return {
        "event": "app.authorized",
        "app_id": app_id,
        "office_id": office.id,
        "secret_key": office.secret_key,
        "practice_name": location.name,
        "practice_id": location.id,
        "pms_type": location.persona.name,
    }


def _handshake(office: Office, location: Location, status: str) -> Told:
    is_over = status == "Cancelled"
    return {
        "Source": "Sikka",
        "SPUInstallationKey": secret("spu", office.id),
        "MasterCustomerID": office.id,
        "UserName": f"owner.{office.number}",
        "Speciality": "Dental",
        "PracticeName": location.name,
        "PracticeStreetAddress": f"{location.number} Example Plaza",
        "PracticeCity": "Springvale",
        "PracticeState": "NY",
        "PracticeCountry": "USA",
        "PostalCode": "10999",
        "PracticePhoneNumber": "(212) 555-0100",
        "FirstName": "Edda",
        "LastName": "Larkspur",
        "EmailAddress": "owner@clinic.example",
        "Order#": f"{700_000 + office.number}",
        "PartnerServiceName": "Example Service",
        "PartnerServiceSKUName": "Monthly",
        "PartnerServiceSKUPrice": "0.00",
        "PartnerRegistrationID": str(office.number),
        "Status": status,
        "PurchaseDate": "2026-01-05T00:00:00",
        "CancelDate": "2026-02-05T00:00:00" if is_over else "",
    }
