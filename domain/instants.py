"""An instant as a model writes it out, with its date and time, and the clock it is read by."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from domain.errors import BadInput
from domain.speech import is_night
from domain.window import halves, local_day, zone

FIRST_YEAR, LAST_YEAR = 1890, 2199
_WHEN = re.compile(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}")
_GREENWICH = re.compile(r"(?:[zZ]|[+-]00:?00)$")

WHICH_DAY = "I did not understand the date. Which day would you like?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when something is said: what "tomorrow" means, and whether 3/4 is in March.

    Where a day is only looked at, and told again with its date, it is `offering`.
    """

    timezone: str
    now: datetime
    month_first: bool = True
    offering: bool = False

    @property
    def today(self) -> date:
        return local_day(self.now, self.timezone)

    @property
    def is_night(self) -> bool:
        """Whether for whoever is still awake tomorrow may be what the calendar calls today."""
        return not self.offering and is_night(self.now, self.timezone)


def is_instant(text: str) -> bool:
    """Whether a model wrote it as an ISO date and time, with or without an offset."""
    return _exact(text.strip()) is not None


def exact_at(text: str, place: Place) -> datetime | None:
    """As `_exact`; without an offset that is the practice's own, but not then.

    A model that knows today's writes it behind every time, though the clocks change before.
    """
    exact = _exact(text.strip())
    if exact is None or exact.tzinfo is None:
        return exact
    own = {one.utcoffset() for one in halves(exact.year, place.timezone)}
    then = in_reach(exact).astimezone(zone(place.timezone)).utcoffset()
    return exact.replace(tzinfo=None) if exact.utcoffset() in own - {then} else exact


def in_reach(when: datetime) -> datetime:
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise BadInput(WHICH_DAY)
    return when.astimezone(UTC)


def at(day: date, clock: time, place: Place) -> datetime:
    """That time on the practice's clock, in UTC."""
    local = datetime.combine(day, clock, zone(place.timezone))
    instant = in_reach(local)
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
