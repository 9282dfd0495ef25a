"""What people may give a connection: secrets, settings and addresses, held against its vendor."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.rest.vendor import Vendor
from domain.errors import BadInput
from infra.vendor_urls import VendorUrls, is_loopback, url_problem

NUMBERS = frozenset({"default_minutes"})
OURS = {
    "default_minutes": "Length of an appointment that has none",
    "map_all": "Make a clinician of every practitioner",
}
SWITCHES = {"true": True, "yes": True, "false": False, "no": False}
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


def settings(vendor: Vendor, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings given; one that is None, or empty, is taken away."""
    refuse_unknown(given, {**OURS, **vendor.settings}, what="setting", vendor=vendor)
    return {key: setting(key, value) for key, value in given.items()}


def setting(key: str, value: Any) -> Any:
    """A setting's value, from what was typed or sent."""
    if value is None or value == "":
        return None
    if key in NUMBERS:
        return _minutes(key, value)
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int) or len(str(value)) > LONGEST:
        raise BadInput(f"{key} is a short text, or yes or no.")
    return SWITCHES.get(str(value).lower(), str(value))


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


def own_address(
    text: str | None,
    *,
    what: str,
    vendor: Vendor,
    told: VendorUrls,
    production: bool,
    guarded: bool,
) -> str | None:
    """As `address`, for somebody at a distance: whoever asks us must not send us just anywhere.

    Where it is `guarded`, secrets of the operator's may travel with it: then, as in production,
    only to the vendor's own hosts and those the operator named.
    """
    found = address(text, what=what, production=production)
    host = urlsplit(found).hostname if found else None
    if host is None or (not production and (not guarded or is_loopback(host))):
        return found
    if host not in _own_hosts(vendor, told):
        raise BadInput(f"{what} must be one of {vendor.title}'s own; ask the operator to allow it.")
    return found


def refuse_unknown(
    given: Iterable[str], known: Mapping[str, str], *, what: str, vendor: Vendor
) -> None:
    for key in given:
        if key not in known:
            names = ", ".join(sorted(known))
            raise BadInput(f"{vendor.title} has no {what} '{key[:40]}'; it has {names}.")


def _minutes(key: str, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 0 < int(text) <= MOST_MINUTES:
        raise BadInput(f"{key} is a number of minutes, such as {key}=30.")
    return int(text)


def _own_hosts(vendor: Vendor, told: VendorUrls) -> frozenset[str]:
    token_url = getattr(vendor.auth, "token_url", "")
    urls = (vendor.base_url, token_url, told.base_url or "", told.token_url or "")
    found = {urlsplit(url).hostname for url in urls if "://" in url}
    return vendor.extra_hosts | {host for host in found if host}
