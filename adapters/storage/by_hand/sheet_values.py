"""What a person typed into a field of the sheet, read strictly: a value, or one sentence."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.phones import normalised, region_of
from domain.appointments import Status
from domain.errors import BadInput
from domain.window import EARLIEST_YEAR, LATEST_YEAR, LONGEST_NAME, zone

LONGEST_TEXT = 200
LONGEST_NOTES = 4000
LONGEST_REASON = 500
LONGEST_MINUTES = 24 * 60
MOST_DIGITS = 4
OLDEST_PERSON = timedelta(days=130 * 366)
_WALL = re.compile(r"(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)", re.ASCII)
# Python reads much more as a time or a date: a bare date as midnight, weeks, digits in a row.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
# Control characters, and the halves of characters that a text cut off in the wrong place ends in.
_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def read_value(field: str, given: Any, *, start: datetime, timezone: str) -> Any:
    """The value of a field as the sheet holds it; `start` is the row's present one."""
    if field not in READERS:
        told = field[:LONGEST_NAME]
        raise BadInput(f"'{told}' cannot be edited; these can: {', '.join(EDITABLE)}.")
    return READERS[field](given, start, timezone)


def read_reason(given: Any, *, status: Any) -> str | None:
    """Why a visit is called off, for ourselves; of anything else there is no such word."""
    reason = _text(given, what="reason", longest=LONGEST_REASON)
    if reason and status != Status.CANCELLED.value:
        raise BadInput("A cancel_reason goes with the status cancelled alone.")
    return reason


def _text(given: Any, *, what: str, longest: int = LONGEST_TEXT) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise BadInput(f"The {what} must be text.")
    text = given.replace("\r\n", "\n").strip()
    if len(text) > longest:
        raise BadInput(f"The {what} is too long; at most {longest} characters.")
    if _UNSHOWN.search(text):
        raise BadInput(f"The {what} has characters that cannot be shown.")
    return text or None


def _name(given: Any, start: datetime, timezone: str) -> str:
    name = " ".join((_text(given, what="name") or "").split())
    if not name:
        raise BadInput("A name cannot be empty; undo the field to get the PMS's back.")
    return name


def _phone(given: Any, start: datetime, timezone: str) -> str | None:
    text = _text(given, what="phone number", longest=40)
    if text is None:
        return None
    phone = normalised(text, region_of(timezone))
    if phone.e164 is None:
        raise BadInput("That is not a phone number; check the digits, or begin it with +.")
    return phone.shown


def _email(given: Any, start: datetime, timezone: str) -> str | None:
    text = _text(given, what="email address")
    if text is not None and not _EMAIL.fullmatch(text):
        raise BadInput("That is not an email address; it needs one @ and a domain.")
    return text


def _birth(given: Any, start: datetime, timezone: str) -> str | None:
    text = _text(given, what="date of birth")
    if text is None:
        return None
    try:
        born = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise BadInput("Write the date of birth as YYYY-MM-DD, for example 1980-02-03.") from None
    if not start.date() - OLDEST_PERSON < born <= start.date():
        raise BadInput("That date of birth cannot be right; check the year.")
    return born.isoformat()


def _notes(given: Any, start: datetime, timezone: str) -> str | None:
    return _text(given, what="note", longest=LONGEST_NOTES)


def _minutes(given: Any, start: datetime, timezone: str) -> int:
    text = str(given).strip()
    is_number = text.isascii() and text.isdigit() and not isinstance(given, bool)
    minutes = int(text) if is_number and len(text) <= MOST_DIGITS else 0
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise BadInput(f"The length is a number of minutes from 1 to {LONGEST_MINUTES}.")
    return minutes


def _status(given: Any, start: datetime, timezone: str) -> str:
    try:
        return Status(given).value
    except ValueError:
        known = ", ".join(status.value for status in Status)
        raise BadInput(f"The status must be one of: {known}.") from None


def _telehealth(given: Any, start: datetime, timezone: str) -> bool:
    if not isinstance(given, bool):
        raise BadInput("Telehealth is true or false.")
    return given


def _start(given: Any, start: datetime, timezone: str) -> datetime:
    """HH:MM on the row's own day, or a full ISO time; on the practice's clock if not told."""
    text = _text(given, what="time") or ""
    wall = _WALL.fullmatch(text)
    if wall:
        day = start.astimezone(zone(timezone)).replace(tzinfo=None)
        hour, minute = int(wall["hour"]), int(wall["minute"])
        return _instant(day.replace(hour=hour, minute=minute, second=0, microsecond=0), timezone)
    try:
        when = datetime.fromisoformat(text if _MOMENT.fullmatch(text) else "")
    except ValueError:
        raise BadInput("Write the time as HH:MM from 00:00 to 23:59, for example 09:30.") from None
    if not EARLIEST_YEAR <= when.year <= LATEST_YEAR:
        raise BadInput(f"Choose a day between {EARLIEST_YEAR} and {LATEST_YEAR}.")
    return when.astimezone(UTC) if when.tzinfo else _instant(when, timezone)


def _instant(wall: datetime, timezone: str) -> datetime:
    """The one instant a wall clock shows that time; where it shows none or two, ask."""
    local = wall.replace(tzinfo=zone(timezone))
    later = local.replace(fold=1)
    at = local.astimezone(UTC)
    if at.astimezone(zone(timezone)).replace(tzinfo=None) != wall:
        raise BadInput(
            f"{wall:%H:%M} does not happen on {wall:%-d %B} in {timezone}: the clocks go forward."
        )
    if local.utcoffset() != later.utcoffset():
        raise BadInput(
            f"{wall:%H:%M} happens twice on {wall:%-d %B} in {timezone}; "
            f"write {local.isoformat()} or {later.isoformat()}."
        )
    return at


READERS: Mapping[str, Callable[[Any, datetime, str], Any]] = {
    "patient_name": _name,
    "patient_phone": _phone,
    "patient_email": _email,
    "patient_date_of_birth": _birth,
    "start": _start,
    "duration_minutes": _minutes,
    "status": _status,
    "is_telehealth": _telehealth,
    "notes": _notes,
}
EDITABLE = sorted([*READERS, "clinician"])
"""A clinician is looked up among the sheet's, so that is done where the sheet is."""
