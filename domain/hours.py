"""When a practice is open, on its own clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from domain.errors import BadInput
from domain.window import Window, local_day, zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOW = 'Write opening hours like {"mon": [["08:00", "12:00"], ["13:00", "17:00"]]}, mon to sun.'

CLOSED_ON = "closed_on"
"""The setting of a connection that names the days on which the practice is shut all day."""

WHICH_DAYS = f"Write {CLOSED_ON} as dates with commas between, like 2026-12-25,2027-01-01."

Shift = tuple[time, time]


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Shifts by weekday, Monday 0; one that ends no later than it starts runs into the next day."""

    timezone: str
    shifts: Mapping[int, tuple[Shift, ...]]

    def opening(self, now: datetime) -> Window | None:
        """The opening that `now` falls in; shifts that touch are one opening."""
        return next((window for window in self._around(now) if now in window), None)

    def next_opening(self, now: datetime) -> datetime | None:
        return next((window.start for window in self._around(now) if window.start > now), None)

    def openings(self, now: datetime) -> Sequence[Window]:
        """Those from the day before on, for ten days."""
        return list(self._around(now))

    def during(self, window: Window) -> Sequence[Window]:
        """Those from the day before the window to its last, each to its own end."""
        first, last = (local_day(at, self.timezone) for at in (window.start, window.end))
        return list(self._openings(first - timedelta(days=1), (last - first).days + 2))

    def _around(self, now: datetime) -> Iterator[Window]:
        return self._openings(local_day(now, self.timezone) - timedelta(days=1), 10)

    def _openings(self, first: date, count: int) -> Iterator[Window]:
        days = (first + timedelta(days=offset) for offset in range(count))
        return _joined(sorted(w for day in days for w in self._on(day)))

    def _on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for opens, closes in self.shifts.get(day.weekday(), ()):
            last = day if closes > opens else day + timedelta(days=1)
            start, end = self._instant(day, opens), self._instant(last, closes)
            if start < end:  # a shift inside the hour that spring skips does not happen
                yield start, end

    def _instant(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, zone(self.timezone)).astimezone(UTC)


def read_hours(written: Any, *, timezone: str) -> OpeningHours | None:
    """Hours as they are written down; nothing written means always open.

    A weekday that is not named is closed.
    """
    if not isinstance(written, Mapping) or not set(written) <= set(DAYS):
        raise BadInput(HOW)
    if not written:
        return None
    shifts = {DAYS.index(day): _shifts(told) for day, told in written.items()}
    return OpeningHours(timezone, shifts)


def bookable_hours(
    told: Any, shown: Any, *, usual: Mapping[str, Any], timezone: str
) -> OpeningHours | None:
    """In which callers may be booked: those somebody has told, and no others.

    Else the usual ones, and besides them those in which the sheet shows visits: whoever has
    evenings has them, and a weekday without any yet is no day off. None means at any time.
    """
    if told or not usual:
        return read_hours(told, timezone=timezone)
    both = {day: [*usual.get(day, ()), *(shown or {}).get(day, ())] for day in DAYS}
    return read_hours(both, timezone=timezone)


def check_hours(written: Any, *, timezone: str) -> None:
    """Refuses what somebody writes down now and cannot mean; what is stored is only read."""
    hours = read_hours(written, timezone=timezone)
    for day, shifts in hours.shifts.items() if hours else ():
        for opens, closes in shifts:
            if opens == closes:
                raise BadInput(
                    f"A shift cannot open and close at the same time ({DAYS[day]} {opens:%H:%M});"
                    " a whole day is 00:00 to 12:00 and 12:00 to 00:00."
                )


def closed_days(written: Any) -> frozenset[date]:
    """Such as public holidays, as they are written down; nothing written means none."""
    try:
        told = (one.strip() for one in str(written or "").split(","))
        return frozenset(date.fromisoformat(one) for one in told if one)
    except ValueError:
        raise BadInput(WHICH_DAYS) from None


def _shifts(told: Any) -> tuple[Shift, ...]:
    try:
        return tuple((_wall_time(opens), _wall_time(closes)) for opens, closes in told)
    except (TypeError, ValueError):
        raise BadInput(HOW) from None


def _wall_time(told: Any) -> time:
    hour, _, minute = str(told).partition(":")
    return time(int(hour), int(minute))


def _joined(spans: list[tuple[datetime, datetime]]) -> Iterator[Window]:
    current: Window | None = None
    for start, end in spans:
        if current is not None and start <= current.end:
            current = Window(current.start, max(current.end, end))
            continue
        if current is not None:
            yield current
        current = Window(start, end)
    if current is not None:
        yield current
