"""What the pages about connections say of vendors, steps and frequencies."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any
from zoneinfo import available_timezones

from adapters.pms_to_come import COMING_SOON
from adapters.rest.vendor import Vendor
from adapters.storage.practices.connection_details import ConnectionDetails
from domain.connections import State
from domain.freshness import ago
from domain.sheet import ConnectionView
from producers.answers import NEVER_SHOWN
from producers.pages.rendering import ENVIRONMENT
from producers.troubles import IN_PART, is_in_part
from producers.vendors import offered

A_PASS = 33
"""Requests of a usual day read whole: what a frequency is weighed by."""
AN_HOUR = 3600
COMMON = (15, 60, 1440)
TWO_HOURS = 120
LIKE_TELEHEALTH = ("telehealth", "video", "online", "virtual", "phone", "telephone")
STEPS: Mapping[str, str] = {
    "choose": "Choose",
    "connect": "Connect",
    "practitioners": "Practitioners",
    "types": "Telehealth",
    "summary": "Start",
}
ADJECTIVES = {15: "15 min", 60: "Hourly", 1440: "Daily"}
BADGES: Mapping[str, str] = {
    "on_time": "On time",
    "in_part": "Done in part",
    "late": "Late",
    "failing": "Failing",
    "paused": "Paused",
    "needs_sign_in": "Needs sign-in",
    "never_synced": "Not synced yet",
    "closed": "Closed",
    "by_hand": "By hand",
    "unfinished": "Setup not finished",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A card of the first step."""

    name: str
    title: str
    maker: str = ""
    needs: Sequence[str] = ()
    facts: Sequence[str] = ()
    available: bool = True


@dataclass(frozen=True, slots=True)
class Preset:
    """A frequency to choose; `value` is minutes, `manual` or `other`."""

    value: str
    title: str
    hint: str
    chosen: bool


def choices(presets: Callable[[str], frozenset[str]]) -> Sequence[Choice]:
    """Every PMS that can be connected here, then those that are to come."""
    known = sorted(offered().values(), key=lambda one: one.title)
    soon = (Choice(name=name, title=title, available=False) for name, title in COMING_SOON.items())
    return [*(_choice(one, presets(one.name)) for one in known), *soon]


def chooses_types(vendor: Vendor) -> bool:
    return vendor.capabilities.telehealth == "types"


def needed_settings(vendor: Vendor, presets: frozenset[str]) -> Mapping[str, str]:
    """Settings that nothing works without: the parts of the pairing's path."""
    parts = vendor.pairing.secret_parts if vendor.pairing else ()
    return {key: vendor.settings[key] for key in parts if key not in presets}


def other_settings(vendor: Vendor) -> Mapping[str, str]:
    parts = vendor.pairing.secret_parts if vendor.pairing else ()
    return {key: label for key, label in vendor.settings.items() if key not in parts}


def frequencies(vendor: Vendor, connection: ConnectionDetails) -> Sequence[Preset]:
    """The usual ones, with the chosen one marked; another number of minutes is `other`."""
    by_hand = is_by_hand(connection)
    floor = realtime_minutes(vendor)
    minutes = connection.frequency_minutes
    every = {floor: "Real-time", **{one: ADJECTIVES[one] for one in COMMON}}
    found = [
        Preset(
            str(one),
            title,
            f"every {one} min" if one == floor else "",
            not by_hand and one == minutes,
        )
        for one, title in every.items()
    ]
    usual = by_hand or any(one.chosen for one in found)
    found.append(Preset("manual", "Manual", "when asked", by_hand))
    return [*found, Preset("other", "Other", "", not usual)]


def realtime_minutes(vendor: Vendor) -> int:
    """How often a day can be read whole with half of what the vendor allows an hour.

    A vendor that counts its calls by kind is asked for changes once a minute.
    """
    if "default" not in vendor.limits:
        return 1
    allowed = min(limit.requests * AN_HOUR / limit.seconds for limit in vendor.limits["default"])
    return max(1, min(ceil(A_PASS * 60 / (allowed / 2)), COMMON[0]))


def is_by_hand(connection: ConnectionDetails) -> bool:
    """Synced only when somebody asks, or will be so again after its pause."""
    if connection.state == State.INACTIVE:
        return connection.by_hand
    return not connection.sync_enabled and connection.state in {State.ACTIVE, State.ERROR}


def status(connection: ConnectionDetails) -> str:
    return standing_of(connection.fresh)


def standing_of(one: ConnectionView) -> str:
    """What its badge says."""
    if one.state == State.SETUP_REQUIRED:
        return "unfinished"
    return IN_PART if is_in_part(one) else one.status


def every(minutes: int) -> str:
    """15 -> every 15 min; 120 -> every 2 hours."""
    for size, one, many in ((1440, "daily", "days"), (60, "hourly", "hours")):
        if minutes % size == 0:
            return one if minutes == size else f"every {minutes // size} {many}"
    return f"every {minutes} min"


@cache
def zones(region: str) -> Sequence[str]:
    """Those of the region where the vendor's practices are first."""
    named = (one for one in available_timezones() if "/" in one and not one.startswith("Etc/"))
    return sorted(named, key=lambda one: (not one.startswith(f"{region}/"), one))


def asked_secrets(vendor: Vendor, preset: Collection[str] = ()) -> Mapping[str, str]:
    """The credentials somebody types: the one that is the site too is asked for as that."""
    known = {*preset, vendor.site_secret}
    return {key: label for key, label in vendor.secrets.items() if key not in known}


def either(label: str) -> tuple[str, str, str] | None:
    """A label that ends with its two answers: itself without them, then each of them."""
    found = re.fullmatch(r"(.+): (\w+) or (\w+)", label)
    return None if found is None else (found[1], found[2], found[3])


def before_bracket(label: str) -> str:
    """The label without what its brackets explain."""
    return label.partition(" (")[0]


def short(label: str) -> str:
    """The thing itself, without whose and what for."""
    return re.split(r" of | for | \(|,", label)[0]


def guessed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A type nobody has spoken of, whose name says that it is telehealth, is a guess."""
    words = row["name"].casefold()
    is_guess = not row["classified"] and any(word in words for word in LIKE_TELEHEALTH)
    return {**row, "is_guess": is_guess}


def reached(connection: ConnectionDetails) -> str:
    """The first step of the setup that is not done yet."""
    step = connection.setup_step or ""
    return step if step in STEPS else "connect"


def setup_number(connection: ConnectionDetails) -> int:
    return list(STEPS).index(reached(connection)) + 1


def _choice(vendor: Vendor, presets: frozenset[str]) -> Choice:
    return Choice(
        name=vendor.name,
        title=vendor.title,
        maker=f"by {vendor.maker}" if vendor.maker else "",
        needs=_needs(vendor, presets),
        facts=_facts(vendor),
    )


def _needs(vendor: Vendor, presets: frozenset[str]) -> Sequence[str]:
    """What to have at hand, in the order it is asked for."""
    asked = [short(label) for label in asked_secrets(vendor, presets).values()]
    if vendor.pairing:
        also = [short(label) for label in needed_settings(vendor, presets).values()]
        return ["Pairing code", *asked, *also]
    return [*asked, before_bracket(vendor.site_label)]


def _facts(vendor: Vendor) -> Sequence[str]:
    facts = ["You mark telehealth" if chooses_types(vendor) else "Recognises telehealth"]
    facts.append("Takes your changes" if vendor.two_way else "Read only")
    return [*facts, "Reports changes at once"] if vendor.capabilities.webhooks else facts


def is_no_secret(name: str) -> bool:
    """Whether one of a vendor's credentials may be read over a shoulder: an id is."""
    return not any(word in name for word in NEVER_SHOWN)


ENVIRONMENT.tests.update(no_secret=is_no_secret)
ENVIRONMENT.filters.update(
    asked_secrets=asked_secrets,
    either=either,
    connection_status=status,
    standing_of=standing_of,
    setup_number=setup_number,
    before_bracket=before_bracket,
    short=short,
    badge_words=lambda name: BADGES.get(name, name),
    ago=ago,
    every=every,
)
