"""Times as vendors write them into instants in UTC."""

from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.errors import Refused
from domain.window import zone

_EARLIEST_YEAR, _LATEST_YEAR = 1970, 2199
_FIRST_BIRTH_YEAR = 1850
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST = len("2026-06-02T09:00")
_REMEMBERED = 8192


# A book is a grid of times: a month of a practice has some thousands of them, each many times.
@lru_cache(maxsize=_REMEMBERED)
def read_instant(text: str, *, timezone: str | None) -> tuple[datetime, str | None]:
    """The instant, and "gap" or "fold" where the local clock did not settle it.

    A repeated time means its first occurrence; a skipped one moves forward by the gap.
    Raises ValueError with the reason, which never quotes the text.
    """
    when = _parsed(text)
    if not _EARLIEST_YEAR <= when.year <= _LATEST_YEAR:
        raise ValueError("a year beyond reason")
    if when.tzinfo is not None:
        return when.astimezone(UTC), None
    if timezone is None:
        raise ValueError("a time without an offset")
    return _on_local_clock(when, zone(timezone))


def read_since_1970(text: str, *, a_second: int) -> datetime:
    """The instant that is so many units after 1970 began; raises as `read_instant` does."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("not a time")
    try:
        when = _EPOCH + timedelta(seconds=int(text) / a_second)
    except OverflowError:
        raise ValueError("a year beyond reason") from None
    if when.year > _LATEST_YEAR:
        raise ValueError("a year beyond reason")
    return when


def wall_clock(at: datetime, *, timezone: str, told: str) -> datetime:
    """What the clock there shows, for a PMS that is `told` no offset.

    It would take an hour that comes a second time for the first, and people would come an hour
    early.
    """
    local = at.astimezone(zone(timezone))
    if local.fold:
        raise Refused(
            f"At that time the clocks are set back, and {told} cannot tell the two hours apart."
        )
    return local.replace(tzinfo=None)


def read_birth_date(text: str) -> str | None:
    """An ISO date, or None where it is partial or a stand-in such as 0001-01-01."""
    try:
        day = date.fromisoformat(text[: len("2026-06-02")])
    except ValueError:
        return None
    return day.isoformat() if _FIRST_BIRTH_YEAR <= day.year <= _LATEST_YEAR else None


def read_http_date(text: str | None) -> datetime | None:
    """The instant of a Date header; None where it is none."""
    try:
        told = parsedate_to_datetime(text or "")
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # a year beyond the calendar
        return None


def _parsed(text: str) -> datetime:
    # fromisoformat also takes bare dates and week numbers, which are no instants.
    if len(text) < _SHORTEST or text[7] != "-" or text[10] not in "T ":
        raise ValueError("not a time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time") from None


def _on_local_clock(naive: datetime, place: ZoneInfo) -> tuple[datetime, str | None]:
    first = naive.replace(tzinfo=place)
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    if before == after or before is None or after is None:
        return first.astimezone(UTC), None
    return first.astimezone(UTC), "fold" if before > after else "gap"
