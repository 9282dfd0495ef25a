"""How long an appointment lasts, from whatever a vendor tells of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from adapters.rest.record import Record
from domain.connections import Connection

_A_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(days=31)


def length(
    record: Record,
    connection: Connection,
    *,
    start: datetime,
    end: datetime | None = None,
    minutes: Sequence[int | None] = (),
) -> timedelta:
    """To the end where one is told, else the first sensible minutes, else the connection's own."""
    if end is not None and timedelta() < end - start <= _LONGEST:
        if minutes and minutes[0] is not None and end - start != minutes[0] * _A_MINUTE:
            record.drift.append("duration:disagrees")
        return end - start
    for told in minutes:
        if told is not None and 0 < told <= _LONGEST / _A_MINUTE:
            return told * _A_MINUTE
    record.flags.add("estimated_duration")
    return connection.default_minutes * _A_MINUTE
