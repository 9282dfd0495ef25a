"""What an operator was told of a vendor's limits, where its documents leave them open."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from adapters import pms
from adapters.rest.vendor import LimitedPer, Vendor
from domain.errors import BadInput
from domain.limits import Limit

LIMITS, PER = "limits", "limited_per"
"""Of the variables that carry a vendor's name, those that say what it allows, and whom."""

LONGEST = 24 * 3600

OWNERS: Mapping[str, LimitedPer] = {
    "application": "application",
    "practice": "connection",
    "both": "both",
}
_LIMIT = re.compile(r"(?P<requests>[1-9]\d{0,6})/(?P<seconds>[1-9]\d{0,5})")


def told_limits(given: Mapping[str, Mapping[str, SecretStr]]) -> Mapping[str, Vendor]:
    """The vendors with what the environment says instead, by name.

    Refused where it may not, with all that is wrong.
    """
    found: dict[str, Vendor] = {}
    troubles: list[str] = []
    for name, values in given.items():
        described = pms.registered().get(name)
        if described is None or not {LIMITS, PER} & values.keys():
            continue
        try:
            found[name] = _told(described, values)
        except BadInput as trouble:
            troubles.append(str(trouble))
    if troubles:
        raise BadInput("\n".join(troubles))
    return found


def _told(described: Vendor, values: Mapping[str, SecretStr]) -> Vendor:
    changes: dict[str, Any] = {}
    _must_be_open(described)
    if LIMITS in values:
        limits = _limits(described.name, values[LIMITS].get_secret_value())
        changes["limits"] = dict.fromkeys(described.limits, limits)
    if PER in values:
        changes["limited_per"] = _per(described.name, values[PER].get_secret_value())
    return replace(described, **changes)


def _must_be_open(vendor: Vendor) -> None:
    """A vendor's own word on its limits stands."""
    if vendor.limits_are != "assumed" or vendor.limited_per == "office":
        raise BadInput(
            f"{vendor.name.upper()}_LIMITS and {vendor.name.upper()}_LIMITED_PER cannot be set:"
            f" {vendor.title} says itself what it allows; remove them."
        )


def _limits(name: str, text: str) -> tuple[Limit, ...]:
    found = [_LIMIT.fullmatch(part.strip()) for part in text.split(",")]
    if not all(found):
        raise BadInput(
            f"{name.upper()}_LIMITS: write requests/seconds with commas between, as in"
            " 60/60, 1000/3600."
        )
    limits = tuple(Limit(int(one["requests"]), int(one["seconds"])) for one in found if one)
    _must_be_kept(name, [one.seconds for one in limits])
    return limits


def _must_be_kept(name: str, windows: Sequence[int]) -> None:
    """What left is known for a day, should the clock forget; two that differ cannot both be it."""
    if max(windows) > LONGEST:
        raise BadInput(
            f"{name.upper()}_LIMITS: {max(windows)} seconds are more than a day; write what is"
            f" allowed in at most {LONGEST}."
        )
    twice = [one for one in windows if windows.count(one) > 1]
    if twice:
        raise BadInput(
            f"{name.upper()}_LIMITS: two limits are for {twice[0]} seconds; write the one that"
            " holds."
        )


def _per(name: str, text: str) -> LimitedPer:
    owner = OWNERS.get(text.strip().lower())
    if owner is None:
        raise BadInput(f"{name.upper()}_LIMITED_PER: choose {', '.join(OWNERS)}.")
    return owner
