"""Days as a practice's own clock has them, 23 and 25 hour days included."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=5)
BREAK_AFTER = timedelta(hours=4)
BREAK = timedelta(minutes=45)


def instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The instant the practice's clock shows `hour`; 24 is the next midnight."""
    on = day + timedelta(days=hour // 24)
    return datetime.combine(on, time(hour % 24), zone).astimezone(UTC)


def day_of(when: datetime, zone: ZoneInfo) -> date:
    return when.astimezone(zone).date()


def slots(day: date, hours: tuple[int, int], zone: ZoneInfo) -> list[datetime]:
    """Every five minutes of a working day but its break.

    Stepping in UTC makes each wall time real: a skipped hour has no slots, a repeated one has both.
    """
    opens, closes = (instant(day, hour, zone) for hour in hours)
    rest = opens + BREAK_AFTER if closes - opens > BREAK_AFTER * 1.5 else closes
    return [
        when
        for when in _steps(opens, closes)
        if not rest <= when < rest + BREAK and day_of(when, zone) == day
    ]


def _steps(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += STEP


def read_days(text: str, today: date) -> tuple[date, ...]:
    """Read `today,+1,2026-04-05` or `-1..+7`."""
    days: set[date] = set()
    for part in text.split(","):
        first, _, last = part.partition("..")
        day, end = _read_day(first, today), _read_day(last or first, today)
        while day <= end:
            days.add(day)
            day += timedelta(days=1)
    return tuple(sorted(days))


def _read_day(text: str, today: date) -> date:
    text = text.strip()
    if text == "today":
        return today
    if text[:1] in {"+", "-"}:
        return today + timedelta(days=int(text))
    return date.fromisoformat(text)
