"""How things are said on the telephone: the practice's own time, few choices, nothing else."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from types import MappingProxyType

from domain.desk import Opening
from domain.names import spoken
from domain.slots import PRACTITIONER
from domain.window import local_day, zone

MOST_CHOICES = 4
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NOON = 12
MORNING = 5
AN_HOUR = timedelta(hours=1)
NOBODY_NAMED: Mapping[str, str] = MappingProxyType({})


def said_day(day: date, *, today: date, is_night: bool = False) -> str:
    """Today, tomorrow, or Monday 23 November; at night these are not the same to everybody."""
    if day == today and not is_night:
        return "today"
    if day == today + timedelta(days=1) and not is_night:
        return "tomorrow"
    year = f" {day.year}" if day.year != today.year else ""
    return f"{WEEKDAYS[day.weekday()].title()} {day.day} {MONTHS[day.month - 1]}{year}"


def is_night(now: datetime, timezone: str) -> bool:
    """Between midnight and the morning, when not everybody has begun the day."""
    return now.astimezone(zone(timezone)).hour < MORNING


def is_late(now: datetime, timezone: str) -> bool:
    """At night, or so shortly before midnight that it may be tomorrow before it is heard."""
    return is_night(now + AN_HOUR, timezone) or is_night(now, timezone)


def said_then(day: date, timezone: str, *, now: datetime) -> str:
    """As `said_day`, on the practice's own clock."""
    return said_day(day, today=local_day(now, timezone), is_night=is_late(now, timezone))


def said_on(day: date, *, today: date, is_night: bool = False) -> str:
    """Today, tomorrow, or on Monday 23 November."""
    said = said_day(day, today=today, is_night=is_night)
    return said if said in {"today", "tomorrow"} else f"on {said}"


def said_time(instant: datetime, timezone: str) -> str:
    """2:30 pm, 9 am, noon."""
    local = instant.astimezone(zone(timezone))
    if local.minute == 0 and local.hour in {0, NOON}:
        return "noon" if local.hour else "midnight"
    half = "am" if local.hour < NOON else "pm"
    hour = local.hour % NOON or NOON
    return f"{hour}:{local.minute:02d} {half}" if local.minute else f"{hour} {half}"


def said_when(instant: datetime, timezone: str, *, now: datetime) -> str:
    """Monday 23 November at 2:30 pm."""
    day = said_then(local_day(instant, timezone), timezone, now=now)
    return f"{day} at {said_time(instant, timezone)}"


def said_openings(
    openings: Sequence[Opening],
    timezone: str,
    *,
    now: datetime,
    names: Mapping[str, str] = NOBODY_NAMED,
) -> str:
    """A few times of the first days there are, spread over them; each day and name said once."""
    said: list[str] = []
    last_day = None
    chosen = spread(openings, most=MOST_CHOICES)
    runs = groupby(chosen, lambda one: (local_day(one.window.start, timezone), _whom(one, names)))
    for (day, whom), run in runs:
        times = joined([said_time(one.window.start, timezone) for one in run])
        shown = "" if day == last_day else f"{said_then(day, timezone, now=now)} at "
        said.append(f"{shown}{times}{whom}")
        last_day = day
    # Where one of them is a choice itself, the comma tells where it ends.
    return joined(said) if len(said) == len(chosen) else ", or ".join(said)


def spread(openings: Sequence[Opening], *, most: int) -> list[Opening]:
    """So many of them, evenly from first to last, each start once."""
    distinct = list({one.window.start: one for one in reversed(openings)}.values())[::-1]
    if len(distinct) <= most:
        return distinct
    step = (len(distinct) - 1) / (most - 1)
    return [distinct[round(number * step)] for number in range(most)]


def _whom(opening: Opening, names: Mapping[str, str]) -> str:
    name = practitioner_name(opening, names)
    return f" with {name}" if name else ""


def practitioner_name(opening: Opening, names: Mapping[str, str] = NOBODY_NAMED) -> str:
    """As the PMS says it with the time, else as it is known otherwise."""
    who = next((one for one in opening.resources if one.kind == PRACTITIONER), None)
    return "" if who is None else spoken(who.name or names.get(who.pms_id, ""))


def joined(parts: Sequence[str], *, word: str = "or") -> str:
    """One, two or three."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


_NUMBER = re.compile(r"confirmation number is ([0-9A-Z](?:[,\s]+[0-9A-Z])*)")


def spelled(number: str) -> str:
    """A confirmation number, letter by letter."""
    return ", ".join(number)


def heard_number(text: str) -> str | None:
    """The confirmation number a caller is told in it."""
    found = _NUMBER.search(text)
    return re.sub(r"[,\s]", "", found[1]) if found else None
