"""Half-open spans of time, and a practice's days on its own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import BadInput

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
"""Whoever names a year beyond these has mistyped it."""

LONGEST_NAME = 60
_REMEMBERED = 8192
"""Instants whose day is known: a page of a book names few, each many times."""


@dataclass(frozen=True, slots=True)
class Window:
    """`start <= t < end`; both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware times")
        if self.end < self.start:
            raise ValueError("a window ends after it starts")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def meets(self, other: "Window") -> bool:
        """Whether they share any time."""
        return self.start < other.end and other.start < self.end


@lru_cache
def _zones() -> frozenset[str]:
    """Without what a machine calls its own, and PostgreSQL does not know."""
    return frozenset(available_timezones() - {"localtime"})


@lru_cache
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name."""
    if name not in _zones():
        raise BadInput(
            f"'{name[:LONGEST_NAME]}' is not a time zone; use an IANA name such as"
            " Australia/Melbourne."
        )
    return ZoneInfo(name)


def place(timezone: str) -> str:
    """Australia/Perth -> Perth."""
    return timezone.rpartition("/")[2].replace("_", " ")


def day_start(day: date, timezone: str) -> datetime:
    """Midnight on the practice's clock, in UTC; the first one where midnight happens twice."""
    return datetime.combine(day, time(), zone(timezone)).astimezone(UTC)


def whole_day(day: date, timezone: str) -> Window:
    """Midnight to midnight on the practice's own clock, 23 and 25 hour days included."""
    return whole_days(day, day, timezone)


def whole_days(first: date, last: date, timezone: str) -> Window:
    """The practice-local days `first` to `last`, both included."""
    check_days(first, last)
    return Window(day_start(first, timezone), day_start(last + timedelta(days=1), timezone))


def check_days(first: date, last: date) -> None:
    """Refuse days in the wrong order, and such as no practice can mean."""
    if last < first:
        raise BadInput(f"The range ends ({last}) before it starts ({first}); swap the two dates.")
    if first.year < EARLIEST_YEAR or last.year > LATEST_YEAR:
        raise BadInput(f"Choose days between {EARLIEST_YEAR} and {LATEST_YEAR}.")


@lru_cache(maxsize=_REMEMBERED)
def local_day(instant: datetime, timezone: str) -> date:
    """The date the practice's own calendar shows at that instant."""
    return instant.astimezone(zone(timezone)).date()


def days(first: date, last: date) -> Iterator[date]:
    """Each date from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def halves(year: int, timezone: str) -> tuple[datetime, datetime]:
    """A day of each half of the year, between which its clock is changed, if it ever is."""
    january, july = (datetime(year, month, 1, tzinfo=zone(timezone)) for month in (1, 7))
    return january, july
