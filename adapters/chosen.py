"""What people may give a connection: secrets, settings and addresses, held against its vendor."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from adapters.presets import switch
from adapters.rest.minimised import offered
from adapters.rest.sign_in import SIGNED_IN
from adapters.rest.vendor import Vendor
from domain import minimising
from domain.connections import Connection
from domain.errors import BadInput
from domain.hours import CLOSED_ON, closed_days
from domain.minimising import SETTING
from infra.vendor_urls import VendorUrls, is_loopback, url_problem

NUMBERS = frozenset({"default_minutes"})
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s().-]")
OURS = {
    CLOSED_ON: "Dates with commas between, such as public holidays, on which callers are booked"
    " no time",
    "default_minutes": "Length of an appointment that has none",
    "leave_out": "What of patients and appointments is neither read nor stored, such as"
    " phone,email; birth_date, notes, type and telehealth_links can be left out, too",
    "map_all": "Make a clinician of every practitioner",
    "phone_numbers": "Called numbers, or their ids at Vapi, that lead to this practice, where an"
    " account has several",
}
LONGEST = 4096
MOST_MINUTES = 1440


def secrets(
    vendor: Vendor, given: Mapping[str, str], *, known: Iterable[str] = ()
) -> dict[str, str]:
    """The secrets given, without those left empty; `known` are others the vendor can use."""
    refuse_unknown(
        given, {**vendor.secrets, **dict.fromkeys(known, "")}, what="secret", vendor=vendor
    )
    found = {key: value.strip() for key, value in given.items() if value.strip()}
    if any(len(value) > LONGEST or not value.isprintable() for value in found.values()):
        raise BadInput("A secret is one line of at most 4096 characters; paste it again.")
    return found


def of_site(vendor: Vendor, given: Mapping[str, str], site: str) -> dict[str, str]:
    """The secrets given, and the site among them where it is one of them: never another."""
    name = vendor.site_secret
    if name is None or not site:
        return dict(given)
    if given.get(name, "").strip() not in {"", site}:
        raise BadInput(
            f"The {vendor.site_label.lower()} is another than this connection's ({site}); connect"
            " each by itself."
        )
    return {**given, name: site}


def replaced(vendor: Vendor, held: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What is held, with what is given in its place.

    Whoever gives secrets of their own wants those used: a sign-in on the vendor's page ends.
    """
    ends = bool(vendor.secrets.keys() & given.keys())
    kept = {key: one for key, one in held.items() if not (ends and key in SIGNED_IN)}
    return {**kept, **given}


def settings(
    vendor: Vendor, given: Mapping[str, Any], *, held: Connection | None = None
) -> dict[str, Any]:
    """The settings given; one that is None, or empty, is taken away.

    Held against the vendor, and against what is known of the practice where it is `held` already.
    """
    refuse_unknown(given, {**OURS, **vendor.settings}, what="setting", vendor=vendor)
    found = {key: setting(key, value) for key, value in given.items() if key != SETTING}
    if SETTING in given:
        text, can = str(given[SETTING] or ""), offered(vendor)
        found[SETTING] = minimising.read(text, offered=can, title=vendor.title)
    if vendor.check_settings is not None:
        vendor.check_settings(found, held)
    return found


def named(changes: Mapping[str, Any]) -> str:
    """What a change is about, for the audit: of what is left out also which it is."""
    told = ", ".join(sorted(changes))
    settings = changes.get("settings") or {}
    if SETTING not in settings:
        return told
    return f"{told} ({SETTING}: {(settings[SETTING] or 'nothing').replace(',', ', ')})"


def setting(key: str, value: Any) -> Any:
    """A setting's value, from what was typed or sent."""
    if value is None or value == "":
        return None
    if key in NUMBERS:
        return _minutes(key, value)
    if key == "phone_numbers":
        return ",".join(_called(one) for one in str(value).split(",") if one.strip()) or None
    if key == CLOSED_ON:
        return ",".join(sorted(f"{one}" for one in closed_days(value))) or None
    if isinstance(value, bool):
        return value
    text = str(value)
    if not isinstance(value, str | int) or len(text) > LONGEST or not text.isprintable():
        raise BadInput(f"{key} is one line of text, or yes or no.")
    return switch(text)


def address(text: str | None, *, what: str, production: bool) -> str | None:
    """A URL secrets and patient data may travel to."""
    if not text:
        return None
    problem = url_problem(text, production=production)
    if problem is None and not urlsplit(text).netloc:
        problem = "is not a URL"
    if problem:
        raise BadInput(f"{what} {problem}.")
    return text.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where somebody at a distance may send us with secrets: not just anywhere.

    Where it `is_guarded`, secrets of the operator's travel along: then, as in production, only to
    the vendor's own hosts and those the operator named in `told`.
    """

    vendor: Vendor
    told: VendorUrls
    is_production: bool
    is_guarded: bool = False

    def address(self, text: str | None, *, what: str) -> str | None:
        found = address(text, what=what, production=self.is_production)
        host = urlsplit(found).hostname if found else None
        if host is None or self._may_reach(host):
            return found
        raise BadInput(f"{what} must be {self.vendor.title}'s own; ask the operator to allow it.")

    def _may_reach(self, host: str) -> bool:
        if not self.is_production and (not self.is_guarded or is_loopback(host)):
            return True
        return host in self._own_hosts()

    def _own_hosts(self) -> frozenset[str]:
        urls = (
            self.vendor.base_url,
            getattr(self.vendor.auth, "token_url", ""),
            self.told.base_url or "",
            self.told.token_url or "",
        )
        found = {urlsplit(url).hostname for url in urls if "://" in url}
        return self.vendor.extra_hosts | {host for host in found if host}


def refuse_unknown(
    given: Iterable[str], known: Mapping[str, str], *, what: str, vendor: Vendor
) -> None:
    for key in given:
        if key not in known:
            names = ", ".join(sorted(known))
            raise BadInput(f"{vendor.title} has no {what} '{key[:40]}'; it has {names}.")


def _called(text: str) -> str:
    """A number as it is called, or its id at Vapi, as calls name them."""
    number = _PUNCTUATION.sub("", text)
    if E164.fullmatch(number):
        return number
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise BadInput(
            f"phone_numbers: '{text.strip()[:40]}' is neither an international number, such as"
            " +12025550100, nor the id of one at Vapi; write several with commas between."
        ) from None


def _minutes(key: str, value: Any) -> int:
    text = str(value)
    is_number = text.isdecimal() and len(text) <= len(str(MOST_MINUTES))
    if isinstance(value, bool) or not is_number or not 0 < int(text) <= MOST_MINUTES:
        raise BadInput(f"{key} is a number of minutes, such as {key}=30.")
    return int(text)
