"""AdvancedMD's twelve-hour clock, and the stamps and dates of its messages."""

import re
from datetime import date, datetime, time

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])\.?[Mm]\.?")
_MILITARY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_NOON = 12


def stamp(at: datetime) -> str:
    """`6/2/2026 9:00:00 AM`, of a local time."""
    half = "AM" if at.hour < _NOON else "PM"
    return f"{slashed(at.date())} {at.hour % _NOON or _NOON}:{at.minute:02}:{at.second:02} {half}"


def slashed(day: date) -> str:
    """`6/2/2026`."""
    return f"{day.month}/{day.day}/{day.year}"


def read_clock(text: str) -> time | None:
    """`9:00 AM`, `12:05 pm` or `14:30`; None for what is no time of day."""
    told = _CLOCK.fullmatch(text.strip())
    if told is not None:
        return _time(int(told[1]), told, half=told[4].upper())
    told = _MILITARY.fullmatch(text.strip())
    return None if told is None else _time(int(told[1]), told)


def read_slashed(text: str) -> date | None:
    """`6/2/2026`, with or without a time behind it; None for what is no date."""
    told = _DATE.match(text.strip())
    try:
        return date(int(told[3]), int(told[1]), int(told[2])) if told else None
    except ValueError:
        return None


def _time(hour: int, told: re.Match[str], *, half: str | None = None) -> time | None:
    if half is not None:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "P" else 0)
    try:
        return time(hour, int(told[2]), int(told[3] or 0))
    except ValueError:
        return None
