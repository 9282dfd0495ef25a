"""What callers mean by the days and times they say, as a model wrote them down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.errors import BadInput
from domain.speech import MONTHS, NOON, WEEKDAYS, said_day
from domain.window import local_day, zone

FIRST_YEAR, LAST_YEAR = 1890, 2199
CENTURY = 100
ANY_DAY = ("soon", "asap", "earliest", "first available", "any day", "anytime", "any time")
PARTS: Mapping[str, tuple[time, time]] = {
    "morning": (time(0), time(NOON)),
    "afternoon": (time(NOON), time(17)),
    "evening": (time(17), time.max),
}
PAST = re.compile(r"\b(yesterday|days? ago|weeks? ago|last (week|\w+day))\b")
_MONTH = "|".join(f"{name[:3].lower()}(?:{name[3:].lower()})?" for name in MONTHS)
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?\b(?!:)")
_NAME_FIRST = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{{4}}))?")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?")
_CLOCK = re.compile(r"(?<![\d/.-])(\d{1,2})[:.](\d{2})(?::\d{2}(?:\.\d+)?)? ?([ap])?\.?(?:m\b)?")
_HOUR = re.compile(r"(?<![\d:./-])(\d{1,2}) ?(?:o'?clock ?)?(?:([ap])\.?m\b|(?<=k)|(?<=k ))")
_WHEN = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}")
_GREENWICH = re.compile(r"(?:[zZ]|[+-]00:?00)$")

WHICH_DAY = "I did not understand the date. Which day would you like?"
WHICH_TIME = "Which time of that day would you like?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when something is said: what "tomorrow" means, and whether 3/4 is in March."""

    timezone: str
    now: datetime
    month_first: bool = True

    @property
    def today(self) -> date:
        return local_day(self.now, self.timezone)


def heard_day(text: str, place: Place) -> date:
    """The date the words mean: a date, today, tomorrow, next week, or a weekday to come.

    Raises BadInput, with a question to ask, where they mean none. A date with a weekday beside it
    must fall on that weekday, and none may be past: models are not to be trusted with calendars.
    """
    words = _plain(text)
    weekday = next((WEEKDAYS.index(one) for one in words.split() if one in WEEKDAYS), None)
    found = _written(words, place)
    if found is None and PAST.search(words):
        raise BadInput(_passed(place))
    if found is None:
        return _meant(words, weekday, place.today)
    if weekday is not None and found.weekday() != weekday:
        said, meant = WEEKDAYS[weekday].title(), said_day(found, today=place.today)
        raise BadInput(f"That date is {meant}, not a {said}. Which one do you mean?")
    if found < place.today:
        raise BadInput(_passed(place))
    return found


def _passed(place: Place) -> str:
    today = said_day(place.today, today=date.min)
    return f"That day has passed: today is {today}. Which day would you like?"


def heard_date(text: str, place: Place) -> date | None:
    """A date as it is written, past or not, such as one of birth; None where there is none."""
    return _written(_plain(text), place, is_past=True)


def heard_time(text: str) -> time | None:
    """A time of day; from 1 to 6 without am or pm it is the afternoon's, as practices are open."""
    words = _plain(text)
    if "midnight" in words:
        return time(0)
    if "noon" in words.split() or "midday" in words:
        return time(NOON)
    found = _CLOCK.search(words)
    if found:
        return _time(found[1], found[2], found[3])
    found = _HOUR.search(words)
    if found:
        return _time(found[1], "0", found[2])
    return _time(words, "0", None) if re.fullmatch(r"\d{1,2}", words) else None


def heard_part(text: str) -> tuple[time, time] | None:
    """Morning, afternoon or evening."""
    return next((span for name, span in PARTS.items() if name in text.lower()), None)


def heard_instant(text: str, place: Place) -> datetime:
    """The instant the words mean, on the practice's own clock.

    A time without an offset is the practice's. So is one that ends in Z: a model that was told a
    caller's "10 am" writes it so, and a caller never means Greenwich.
    """
    given = text.strip()
    exact = _exact(given)
    if exact is not None and exact.tzinfo is not None:
        return _in_reach(exact)
    clock = exact.time() if exact else heard_time(_ISO.sub("", _plain(given)))
    day = heard_day(given, place)
    if clock is None:
        raise BadInput(WHICH_TIME)
    return at(day, clock, place)


def at(day: date, clock: time, place: Place) -> datetime:
    """That time on the practice's clock, in UTC."""
    local = datetime.combine(day, clock, zone(place.timezone))
    instant = _in_reach(local)
    if instant.astimezone(zone(place.timezone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise BadInput("The clocks change then, so that time does not exist. Which other time?")
    return instant


def _exact(text: str) -> datetime | None:
    """An ISO date and time; one that claims to be at Greenwich claims nothing."""
    if not _WHEN.match(text):
        return None
    try:
        return datetime.fromisoformat(_GREENWICH.sub("", text).replace(" ", "T", 1))
    except ValueError:
        return None


def _in_reach(when: datetime) -> datetime:
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise BadInput(WHICH_DAY)
    return when.astimezone(UTC)


def _meant(words: str, weekday: int | None, today: date) -> date:
    """A day that is named by its distance from today."""
    if "day after tomorrow" in words:
        return today + timedelta(days=2)
    if "tomorrow" in words:
        return today + timedelta(days=1)
    if "next week" in words:
        monday = today + timedelta(days=len(WEEKDAYS) - today.weekday())
        return monday + timedelta(days=weekday or 0)
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday()) % len(WEEKDAYS) or len(WEEKDAYS))
    if any(one in words for one in ("today", "tonight", "this week", *ANY_DAY)):
        return today
    raise BadInput(WHICH_DAY)


def _written(words: str, place: Place, *, is_past: bool = False) -> date | None:
    """A date in figures or with the name of its month."""
    if found := _ISO.search(words):
        return _date(found[1], found[2], found[3])
    if found := _NAME_FIRST.search(words):
        return _dated(found[3], _month(found[1]), found[2], place, is_past=is_past)
    if found := _DAY_FIRST.search(words):
        return _dated(found[3], _month(found[2]), found[1], place, is_past=is_past)
    if found := _NUMBERS.search(words):
        month, day = (found[1], found[2]) if place.month_first else (found[2], found[1])
        if int(month) > len(MONTHS):
            month, day = day, month
        return _dated(found[3], int(month), day, place, is_past=is_past)
    return None


def _dated(year: str | None, month: int, day: str, place: Place, *, is_past: bool) -> date | None:
    """Without a year it is the next one to come; a short year is of a life, or of this century."""
    today = place.today
    if year is None:
        found = None if is_past else _date(today.year, month, day)
        return found if found is None or found >= today else _date(today.year + 1, month, day)
    number = int(year)
    if number < CENTURY:
        number += today.year // CENTURY * CENTURY
        number -= CENTURY if is_past and number > today.year else 0
    return _date(number, month, day)


def _date(year: str | int, month: str | int, day: str | int) -> date | None:
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _time(hour: str, minute: str, half: str | None) -> time | None:
    number = int(hour)
    if half is not None and 1 <= number <= NOON:
        number = number % NOON + (NOON if half == "p" else 0)
    elif half is None and 1 <= number <= NOON // 2 and not hour.startswith("0"):
        number += NOON
    try:
        return time(number, int(minute))
    except ValueError:
        return None


def _month(name: str) -> int:
    return next(at for at, one in enumerate(MONTHS, 1) if one.lower().startswith(name[:3]))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace(",", " ").split())
