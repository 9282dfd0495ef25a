"""When people work at a practice whose PMS does not say: by the hours the practice has told us."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from domain.connections import Connection
from domain.desk import Resource, Shift
from domain.hours import read_hours
from domain.window import Window, zone


def opened(
    connection: Connection, days: Sequence[date], resources: Sequence[Resource]
) -> list[Shift]:
    """By the opening hours of the connection; without any, nobody is known to work."""
    if not connection.opening_hours:
        return []
    hours = read_hours(connection.opening_hours, timezone=connection.timezone)
    spans = [
        span(day, opens, closes, connection.timezone)
        for day in days
        for opens, closes in (hours.shifts.get(day.weekday(), ()) if hours else ())
    ]
    return [Shift(resource=one, window=window) for one in resources for window in spans if window]


def span(day: date, opens: time, closes: time, timezone: str) -> Window | None:
    place = zone(timezone)
    start, end = (datetime.combine(day, at, place).astimezone(UTC) for at in (opens, closes))
    return Window(start, end) if start < end else None
