"""How soon a practice is read again: at its interval while it is busy, less often while quiet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.errors import BadInput
from domain.hours import DAYS, OpeningHours, read_hours
from domain.window import Window, day_start, local_day

USUAL: Mapping[str, Any] = {day: [["07:00", "20:00"]] for day in DAYS}
"""When a practice is taken to be open that has told no hours, and whose sheet shows none yet."""

PATIENCE = 2
"""Syncs in a row that changed nothing, before the next one is put off for longer."""

LEAST_LEAD = timedelta(minutes=15)
LEAD = 1.25
"""So many intervals before it opens, a practice is read as if it were open."""

SPREAD = 0.5
"""By this share of the lead some are read earlier, for many practices open at the same hour."""

A_DAY = timedelta(days=1)
MOST_DOUBLINGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is known of a practice's day; `every` is its interval, `most` the longest while quiet.

    `hours` of None mean always open. `booked` spans the appointments of the day `booked_on`, None
    where it has none; of any other day nobody knows. `unchanged` syncs in a row changed nothing.
    """

    every: timedelta
    most: timedelta
    timezone: str
    hours: OpeningHours | None
    is_adaptive: bool = True
    unchanged: int = 0
    booked_on: date | None = None
    booked: Window | None = None

    @property
    def lead(self) -> timedelta:
        return max(LEAST_LEAD, self.every * LEAD)

    def is_busy(self, now: datetime) -> bool:
        """Open or about to open, unless the day is known to have no appointments; or in them."""
        known = self.booked_on == local_day(now, self.timezone)
        if known and self.booked is None:
            return False
        if known and self.booked is not None and self._begun(self.booked, now):
            return True
        return self._is_open(now)

    def interval(self, now: datetime, *, is_short: bool = False) -> timedelta:
        """Doubled with each further sync that changed nothing, up to the most.

        Where the vendor's allowance `is_short` whoever is quiet makes room at once.
        """
        if not self.is_adaptive or self.is_busy(now) or self.every >= self.most:
            return self.every
        return self.most if is_short else self.rest(self.unchanged)

    def rest(self, unchanged: int) -> timedelta:
        """How long it is left alone while it is quiet."""
        doublings = min(max(0, unchanged - PATIENCE), MOST_DOUBLINGS)
        return max(self.every, min(self.most, self.every * (1 << doublings)))

    def next_sync(
        self, now: datetime, *, usual: datetime, chance: float, is_short: bool = False
    ) -> datetime:
        """The `usual` slot, or a later one: never so late that a practice opens on an old sheet.

        Nor that one which is open at midnight has none of the day that begins.
        """
        longer = self.interval(now, is_short=is_short)
        if longer <= self.every:
            return usual
        wakes = self._wakes(now)
        slot = now + longer
        if wakes is not None:
            slot = min(slot, wakes - self.lead * SPREAD * chance)
        midnight = day_start(local_day(now, self.timezone) + A_DAY, self.timezone)
        if self._is_open(midnight):
            slot = min(slot, midnight + self.every * SPREAD * chance)
        return max(usual, slot)

    def _wakes(self, now: datetime) -> datetime | None:
        """When it is next read because it opens, or because its first appointment comes."""
        opens = self.hours.next_opening(now + self.lead) if self.hours else None
        known = self.booked_on == local_day(now, self.timezone)
        first = self.booked.start if known and self.booked else None
        found = [at - self.lead for at in (opens, first) if at is not None]
        return min((at for at in found if at > now), default=None)

    def _begun(self, booked: Window, now: datetime) -> bool:
        return booked.start - self.lead <= now < booked.end

    def _is_open(self, now: datetime) -> bool:
        """Or about to open."""
        if self.hours is None:
            return True
        return any(self.hours.opening(at) for at in (now, now + self.lead)) or self._opens(now)

    def _opens(self, now: datetime) -> bool:
        """Also where it opens and shuts again within the lead."""
        opens = self.hours.next_opening(now) if self.hours else None
        return opens is not None and opens - self.lead <= now


def hours_of(
    told: Any, shown: Any, *, usual: Mapping[str, Any], timezone: str
) -> OpeningHours | None:
    """The hours somebody has told, else those the sheet shows, else the usual ones."""
    return read_hours(told or shown or usual, timezone=timezone)


def slots(rhythm: Rhythm, *, first: datetime, until: datetime) -> Iterator[datetime]:
    """When it would be read from then on if every busy hour brought a change and no quiet one.

    Every day is taken to have appointments while it is open. Ten days are known ahead.
    """
    spans = _busy_spans(rhythm, first)
    at, unchanged = first, rhythm.unchanged
    while at < until:
        yield at
        if spans is None or any(start <= at < end for start, end in spans):
            at, unchanged = at + rhythm.every, 0
            continue
        unchanged += 1
        wakes = [start for start, _ in spans if start > at]
        at = max(at + rhythm.every, min([at + rhythm.rest(unchanged), *wakes]))


def _busy_spans(rhythm: Rhythm, first: datetime) -> Sequence[tuple[datetime, datetime]] | None:
    """None where it is always read at its interval."""
    if rhythm.hours is None or not rhythm.is_adaptive:
        return None
    return [(one.start - rhythm.lead, one.end) for one in rhythm.hours.openings(first)]


def busiest_day(rhythm: Rhythm, now: datetime) -> int:
    """The most syncs of any of the seven days to come."""
    counts: dict[int, int] = {}
    for at in slots(rhythm, first=now, until=now + 7 * A_DAY):
        day = (at - now) // A_DAY
        counts[day] = counts.get(day, 0) + 1
    return max(counts.values(), default=0)


def check_rest(quiet_minutes: int, *, every: int) -> None:
    """Refuses a rest that would be none."""
    if quiet_minutes < every:
        raise BadInput(
            f"While it is quiet it cannot be read more often than every {every} minutes, as it is"
            f" anyway; give {every} or more, or a shorter interval."
        )


def shown_hours(spans: Mapping[int, tuple[int, int]]) -> dict[str, list[list[str]]]:
    """Hours as they are written down, of minutes since midnight by weekday, Monday 1.

    What lasts to another day's clock runs into it; more than a day is the whole day.
    """
    return {
        DAYS[day - 1]: [[_clock(first), _clock(min(last, first + 24 * 60))]]
        for day, (first, last) in sorted(spans.items())
    }


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % (24 * 60), 60)
    return f"{hour:02}:{minute:02}"
