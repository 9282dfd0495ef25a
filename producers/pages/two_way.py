"""What the pages about practices that take changes share: which they are, and the words for it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from sqlalchemy import Connection as Db

from adapters.storage.two_way import push_board
from adapters.storage.two_way.push_board import Tally
from adapters.storage.two_way.push_log import Line
from adapters.storage.two_way.push_standing import Standing, Step
from domain.appointments import Status
from domain.patient_links import Person
from domain.push_words import pulled
from domain.sheet import EntryView
from domain.window import local_day, zone
from producers.both_ways import vendors
from producers.pages.allowances import Asked, Part
from producers.pages.reasons import why
from producers.pages.rendering import ENVIRONMENT, clock, moment, vendor, words

SAYS: Mapping[str, str] = {
    "synced": "Synced",
    "pending": "Waiting to be sent",
    "error": "Not taken",
    "needs_patient": "Needs its patient",
    "disputed": "To decide",
    "unsent": "Not there yet",
}
"""A state in the words of a badge."""
TONES: Mapping[str, str] = {
    "synced": "on_time",
    "done": "on_time",
    "pending": "paused",
    "waiting": "paused",
    "error": "failing",
    "failed": "failing",
    "needs_patient": "late",
    "disputed": "late",
    "unsent": "late",
}
LINK_SAYS: Mapping[str, str] = {
    "linked": "Linked",
    "pending": "Not looked up yet",
    "proposed": "To confirm",
    "many": "To choose",
    "not_found": "Not found",
    "error": "Failed",
    "unknown": "Not looked up yet",
}
LINK_TONES: Mapping[str, str] = {
    "linked": "on_time",
    "pending": "paused",
    "proposed": "late",
    "many": "late",
    "not_found": "late",
    "error": "failing",
    "unknown": "paused",
}
ICONS: Mapping[str, str] = {
    "synced": "check",
    "pending": "sync",
    "error": "alert",
    "needs_patient": "person",
    "unsent": "up",
}
WHAT: Mapping[str, str] = {
    "book": "Visit created",
    "reschedule": "Visit moved",
    "cancel": "Visit cancelled",
    "set_status": "Status set",
    "create_patient": "Patient created",
    "update_patient": "Patient changed",
    "link": "Patient looked up",
    "incremental": "Changes read",
    "manual": "Days read when opened or asked for",
    "full": "Days read whole",
}
CALLS: Mapping[str, str] = {
    "tier1": "Changes since",
    "tier2": "Visits of a day",
    "tier3": "Look-ups and writes",
    "login": "Signing in",
}
"""What a bucket's calls are for."""
OUTCOMES: Mapping[str, str] = {"done": "Done", "waiting": "Under way", "failed": "Failed"}
SENT: Mapping[str, str] = {"done": "taken", "waiting": "under way", "failed": "not taken"}
AN_HOUR, A_MINUTE = 3600, 60
SOON = 3
BINDS = "binds now"
WIDTH = 100.0
LEAST = 2.0
# Only an address of the open web is made clickable, whatever stands in the settings.
ADDRESS = re.compile(r"https://[^\s\"'<>]+")


def wanted(db: Db) -> bool:
    """Whether the account has a practice that takes changes."""
    return push_board.is_any(db, vendors=vendors())


def tip(standing: Standing, timezone: str) -> str:
    """What a badge says when somebody asks: the state, and the reason or the time."""
    title = vendor(standing.vendor)
    if standing.state == "unsent":
        return f"Not in {title}"
    if standing.state == "synced":
        at = standing.pushed_at
        return f"In {title}" + (f", sent {moment(at, timezone)}" if at else "")
    told = why(standing.reason, standing.vendor)
    if standing.state == "pending":
        return told or f"Waiting to be sent to {title}"
    what = "needs its patient" if standing.state == "needs_patient" else "not taken"
    return f"{title}: {what}." + (f" {told}" if told else "")


def last_sent(standing: Standing, sent: Sequence[Step], timezone: str) -> str:
    """When the row last went out; where it never arrived, when that was last tried."""
    if standing.pushed_at:
        return moment(standing.pushed_at, timezone)
    if not sent:
        return "never"
    return f"tried {moment(sent[0].at, timezone)}, {SENT[sent[0].state]}"


def statuses(offered: Sequence[Status]) -> list[tuple[str, str]]:
    """What a person may choose, each with its words."""
    return [(one.value, words(one.value)) for one in offered]


def deep_link(standing: Standing) -> str | None:
    """The visit at the PMS's own page, where the practice has said how it is addressed."""
    if not standing.deep_link or not standing.pms_id:
        return None
    address = standing.deep_link.replace("{id}", quote(standing.pms_id, safe=""))
    return address if ADDRESS.fullmatch(address) else None


def person_of(entry: EntryView) -> Person | None:
    """Whom a row is for, as they are looked for at the practice."""
    patient = entry.patient
    if patient is None or not patient.full_name:
        return None
    return Person(name=patient.full_name, date_of_birth=patient.date_of_birth)


def about(seconds: float | None) -> str:
    """How long something will wait for the vendor's clock, as a person says it."""
    if seconds is None:
        return "wait not known"
    if seconds < SOON:
        return "no wait"
    if seconds < A_MINUTE:
        return f"about {seconds:.0f} s"
    if seconds < AN_HOUR:
        return f"about {seconds / A_MINUTE:.0f} min"
    return f"about {seconds / AN_HOUR:.1f} h"


def waits(found: Asked | None) -> str:
    """How long work would wait, and what it would cost if it did not."""
    if found is None:
        return about(None)
    saved = f", which saves {dollars(found.cost)}" if found.cost else ""
    return about(found.seconds) + saved


def binds(part: Part) -> str:
    """What a mark on a kind of call says: that it holds up the next one, or would first."""
    if not part.is_binding:
        return ""
    return BINDS if part.next.seconds >= SOON else "tightest"


def dollars(cost: Decimal) -> str:
    """`1 US cent`, `12 US cents`, `US$1.50`."""
    cents = cost * 100
    if cents != int(cents) or cents >= 100:  # noqa: PLR2004 - a dollar
        return f"US${cost:.2f}"
    return f"{int(cents)} US {'cent' if cents == 1 else 'cents'}"


def shares(tally: Tally) -> list[tuple[str, float, float]]:
    """The bar of a tally: each state with where it starts and how wide it is, in hundredths."""
    counts = {name: count for name in SAYS if (count := getattr(tally, name))}
    widths = {name: max(LEAST, WIDTH * count / tally.total) for name, count in counts.items()}
    scale = WIDTH / sum(widths.values()) if widths else 1.0
    made, start = [], 0.0
    for name, width in widths.items():
        made.append((name, round(start, 2), round(width * scale, 2)))
        start += width * scale
    return made


def when(instant: datetime, now: datetime, timezone: str) -> str:
    """14:05 today, 22 Nov 14:05 else."""
    is_today = local_day(instant, timezone) == local_day(now, timezone)
    return clock(instant, timezone) if is_today else moment(instant, timezone)


def turns(instant: datetime, now: datetime, timezone: str) -> str:
    """When hours change on the vendor's clock: `18:00`, or `Mon 06:00` where that is not today."""
    local = instant.astimezone(zone(timezone))
    is_soon = instant - now < timedelta(hours=18)
    return f"{local:%H:%M}" if is_soon else f"{local:%a %H:%M}"


def run_words(line: Line) -> str:
    """What a pass changed on the sheet: `2 new, 1 changed, 1 to decide`."""
    counts = (line.created, line.updated, line.removed)
    told = [pulled(*counts)] if any(counts) or not line.conflicts else []
    return ", ".join([*told, *([f"{line.conflicts} to decide"] if line.conflicts else [])])


ENVIRONMENT.filters.update(
    push_tip=tip,
    last_sent=last_sent,
    binds=binds,
    deep_link=deep_link,
    about=about,
    dollars=dollars,
    waits=waits,
    shares=shares,
    when=when,
    turns=turns,
    run_words=run_words,
    local_date=local_day,
)
ENVIRONMENT.globals.update(
    call_words=CALLS,
    link_says=LINK_SAYS,
    link_tones=LINK_TONES,
    push_icons=ICONS,
    push_says=SAYS,
    push_tones=TONES,
    push_what=WHAT,
    binds_now=BINDS,
    push_outcomes=OUTCOMES,
    push_sent=SENT,
)
