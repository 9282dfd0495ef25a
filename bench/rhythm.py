"""Plays a practice's week: what reading it less often while it is quiet saves, and what it costs.

python -m bench rhythm

The timetable's own decisions, in a time that is set. The practice is open from 8 to 17 on weekdays;
something changes every 20 minutes while it is open, twice on an evening and once on a Saturday.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from statistics import mean

from domain.hours import read_hours
from domain.rhythm import USUAL, Rhythm
from domain.window import Window, day_start, zone
from scheduler.due import next_sync

HEADINGS = (
    "", "syncs a week", "a weekday", "a Sunday", "requests a week", "saved", "open: seen after p95",
    "longest", "shut: mean", "longest"
)  # fmt: skip
ZONE = "Australia/Melbourne"
MONDAY = date(2026, 3, 2)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
HOURS = {day: [["08:00", "17:00"]] for day in WEEKDAYS}
A_PASS = 33
"""Requests of a usual day read whole."""
A_DAY = timedelta(days=1)
MIN = timedelta(minutes=1)
EVERY, MOST = 15 * MIN, 120 * MIN

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Played:
    """When it was read, and how long each change waited to be seen, open or shut."""

    syncs: Sequence[datetime]
    seen_open: Sequence[float]
    seen_shut: Sequence[float]


def rows() -> Iterator[Row]:
    told, usual = read_hours(HOURS, timezone=ZONE), read_hours(USUAL, timezone=ZONE)
    steady = Rhythm(every=EVERY, most=MOST, timezone=ZONE, hours=told, is_adaptive=False)
    before = played(steady)
    yield _row("always at its interval", before, before)
    for title, hours in (("hours told, or shown by the sheet", told), ("hours unknown", usual)):
        found = played(replace(steady, hours=hours, is_adaptive=True))
        yield _row(title, found, before)


def played(rhythm: Rhythm) -> Played:
    """One week, the night before it included, with the same luck for all."""
    luck = Random(1)  # noqa: S311 - guards nothing
    changes = sorted(_changes(luck))
    syncs, seen, at = list[datetime](), list[tuple[datetime, datetime]](), _at(0, time())
    while at < _at(7, time()):
        found = [one for one in changes if (syncs[-1] if syncs else at) < one <= at]
        seen += [(one, at) for one in found]
        day = at.astimezone(zone(ZONE)).date()
        is_new_day = bool(syncs) and syncs[-1].astimezone(zone(ZONE)).date() != day
        happened = bool(found) or (is_new_day and _booked(day) is not None)
        syncs.append(at)
        unchanged = 0 if happened else rhythm.unchanged + 1
        rhythm = replace(rhythm, unchanged=unchanged, booked_on=day, booked=_booked(day))
        chance = luck.random()
        slot = next_sync(at, now=at, every=rhythm.every, chance=chance)
        at = rhythm.next_sync(at, usual=slot, chance=chance)
    is_open = [_is_open(one) for one, _ in seen]
    waits = [(end - start) / MIN for start, end in seen]
    return Played(
        syncs=syncs,
        seen_open=[wait for wait, was in zip(waits, is_open, strict=True) if was],
        seen_shut=[wait for wait, was in zip(waits, is_open, strict=True) if not was],
    )


def _changes(luck: Random) -> Iterator[datetime]:
    for number in range(5):
        for minute in range(0, 9 * 60, 20):
            yield _at(number, time(8)) + (minute + 20 * luck.random()) * MIN
        yield from (_at(number, time(19)) + 180 * luck.random() * MIN for _ in range(2))
    yield _at(5, time(10)) + 120 * luck.random() * MIN


def _booked(day: date) -> Window | None:
    """Appointments from 9 to 16:30 on weekdays."""
    if day.weekday() >= len(WEEKDAYS):
        return None
    start = day_start(day, ZONE)
    return Window(start + timedelta(hours=9), start + timedelta(hours=16.5))


def _is_open(at: datetime) -> bool:
    local = at.astimezone(zone(ZONE))
    return local.weekday() < len(WEEKDAYS) and time(8) <= local.time() < time(17)


def _at(number: int, wall: time) -> datetime:
    local = datetime.combine(MONDAY + number * A_DAY, wall, zone(ZONE))
    return local.astimezone(UTC)


def _row(title: str, found: Played, before: Played) -> Row:
    seen = sorted(found.seen_open)
    return (
        title,
        f"{len(found.syncs):,}",
        f"{_on(found, 2)}",
        f"{_on(found, 6)}",
        f"{len(found.syncs) * A_PASS:,}",
        f"{1 - len(found.syncs) / len(before.syncs):.0%}",
        f"{seen[int(len(seen) * 0.95)]:.0f} min",
        f"{seen[-1]:.0f} min",
        f"{mean(found.seen_shut):.0f} min",
        f"{max(found.seen_shut):.0f} min",
    )


def _on(found: Played, number: int) -> int:
    return sum(_at(number, time()) <= at < _at(number + 1, time()) for at in found.syncs)
