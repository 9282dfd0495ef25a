"""Where vendors are reached when not at their own address: `<VENDOR>_BASE_URL` and relatives."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

SERVICES = frozenset({"vapi", "twilio"})
"""Whom we speak to besides the PMSs, which the registry knows."""

OURS = frozenset({"app", "next_public_app"})
PATTERN = re.compile(r"(?P<vendor>[a-z][a-z0-9_]*)_(?P<what>base_url|token_url|minimum_tls)")
TLS_VERSIONS = ("1.2", "1.3")


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorUrls:
    """One vendor's overrides; None means the vendor's own description stands."""

    base_url: str | None = None
    token_url: str | None = None
    minimum_tls: str | None = None


def vendor_urls(
    environment: Mapping[str, str],
    *,
    vendors: Collection[str],
    production: bool,
) -> tuple[dict[str, VendorUrls], list[str]]:
    """The overrides found, and what is wrong with those of our own vendors.

    Any program may own a variable that ends in _BASE_URL, so a stranger's is left out if unusable.
    """
    found: dict[str, VendorUrls] = {}
    problems: list[str] = []
    for vendor, what, value in _overrides(environment):
        problem = (
            _tls_problem(value)
            if what == "minimum_tls"
            else url_problem(value, production=production)
        )
        if problem is None:
            found[vendor] = replace(found.get(vendor, VendorUrls()), **{what: value.rstrip("/")})
        elif vendor in vendors:
            problems.append(f"{vendor.upper()}_{what.upper()}: {problem}")
    return found, problems


def url_problem(url: str, *, production: bool) -> str | None:
    """Why secrets and patient data must not travel to this address, without quoting it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be a full URL that starts with https://"
    if parts.username is not None or parts.query or parts.fragment:
        return "must hold no user name, query or fragment"
    return _scheme_problem(parts, production=production)


def is_loopback(host: str) -> bool:
    """Whether the name or address can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _scheme_problem(parts: SplitResult, *, production: bool) -> str | None:
    if parts.scheme == "https":
        return None
    if production:
        return "must use https in production"
    if not is_loopback(parts.hostname or ""):
        return "must use https; http is for this machine only"
    return None


def _tls_problem(version: str) -> str | None:
    return None if version in TLS_VERSIONS else f"must be one of {', '.join(TLS_VERSIONS)}"


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in sorted(environment.items()):
        match = PATTERN.fullmatch(name.lower())
        if match and value and match["vendor"] not in OURS:
            yield match["vendor"], match["what"], value
