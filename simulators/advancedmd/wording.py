"""How the vendor writes times: always some clock's, never with an offset."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

MOMENT = "%m/%d/%Y %I:%M:%S %p"
DAY = "%m/%d/%Y"
CLOCK = "%I:%M %p"


def moment(when: datetime, zone: ZoneInfo) -> str:
    """M/D/YYYY h:mm:ss AM/PM, nothing padded with zeros but minutes and seconds."""
    local = when.astimezone(zone)
    return f"{day(local)} {clock(local)[:-3]}:{local:%S %p}"


def day(local: date) -> str:
    return f"{local.month}/{local.day}/{local.year}"


def clock(local: datetime) -> str:
    """9:00 AM."""
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def naive(when: datetime, zone: ZoneInfo, *, timespec: str = "seconds") -> str:
    return when.astimezone(zone).replace(tzinfo=None).isoformat(timespec=timespec)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(text, MOMENT).replace(tzinfo=zone).astimezone(UTC)


def read_day(text: str) -> date:
    return datetime.strptime(text, DAY).replace(tzinfo=UTC).date()


def read_clock(text: str) -> time:
    return datetime.strptime(text, CLOCK).replace(tzinfo=UTC).time()
