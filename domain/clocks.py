"""The time of day that phrases give together."""

import re
from collections.abc import Mapping, Sequence
from datetime import time

from domain.phrases import CLOCKS, Phrase
from domain.speech import NOON

HOUR = 60
EARLIEST_HOUR = 7
PARTS: Mapping[str, tuple[time, time]] = {
    "morning": (time(0), time(NOON)),
    "afternoon": (time(NOON), time(17)),
    "evening": (time(17), time.max),
    "night": (time(17), time.max),
}
HOURS: Mapping[str, tuple[str, range]] = {
    "morning": ("a", range(1, NOON)),
    "afternoon": ("p", range(NOON, 19)),
    "evening": ("p", range(16, 24)),
    "night": ("p", range(18, 24)),
}
"""Which half of the day each means with an hour, and the hours that are said with it."""
MINUTES = {"half": 30, "quarter": 15, "a quarter": 15}


def clock_of(said: Sequence[Phrase]) -> time | None:
    """The one time that all of it agrees on; none where one is only the earliest or the latest."""
    parts = {part for _, found in said if (part := part_of(found))}
    if len(parts) > 1 or any(name == "limit" for name, _ in said):
        return None
    part = next(iter(parts), None)
    clocks = {_time(name, found, part) for name, found in said if name in CLOCKS}
    return clocks.pop() if len(clocks) == 1 else None


def part_of(found: re.Match[str]) -> str | None:
    """The part of the day a phrase names, if it does."""
    named = found.groupdict()
    return "night" if named.get("night") or named.get("tonight") else named.get("part")


def _time(name: str, found: re.Match[str], part: str | None) -> time | None:
    """In the half of the day that is said, with the part of it, or else in the likelier one."""
    if name == "midnight":
        return time(0)
    if name == "noon":
        clock: time | None = time(NOON)
    else:
        given = (found["half"] or "").strip()[:1] if "half" in found.groupdict() else ""
        clock = _shown(name, found, given or (HOURS[part][0] if part else ""))
    is_outside = clock is not None and part is not None and clock.hour not in HOURS[part][1]
    return None if is_outside else clock


def _shown(name: str, found: re.Match[str], half: str) -> time | None:
    """The hour and the minute; a quarter to 12 pm may be before noon or before midnight."""
    hour, minute = int(found["hour"]), found.groupdict().get("minute")
    past = int(minute or 0)
    if name in {"past", "to"}:
        past = MINUTES.get(found["by"]) or int(found["by"].split()[0])
    if name == "to":
        if hour == NOON and found["half"]:
            return None
        hour, past = (hour - 1) or NOON, HOUR - past
    if (half == "a" and hour > NOON) or (half == "p" and hour == 0):
        return None
    if half and hour <= NOON:
        hour = hour % NOON + (NOON if half == "p" else 0)
    elif not half and 1 <= hour < EARLIEST_HOUR and not found["hour"].startswith("0"):
        hour += NOON
    try:
        return time(hour, past)
    except ValueError:
        return None
