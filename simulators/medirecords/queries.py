"""Reads the query of a list: its page, its size and its filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from simulators.medirecords.knobs import Knobs

DEFAULT_ROWS = 20
MINUTE = "%Y-%m-%dT%H:%M"
STATUSES = range(2, 9)
EQUALS = ("providerId", "patientId", "appointmentTypeId", "roomId")


class BadRequest(Exception):
    """Answered with a 400."""


@dataclass(frozen=True, slots=True)
class Paging:
    page: int
    size: int

    @classmethod
    def read(cls, values: Mapping[str, str], knobs: Knobs) -> "Paging":
        page, size = _number(values, "page", 0), _number(values, "size", DEFAULT_ROWS)
        if size < 1 or (size > knobs.most_rows and knobs.oversize == "refuse"):
            raise BadRequest(f"size must be between 1 and {knobs.most_rows}")
        return cls(page, min(size, knobs.most_rows))


@dataclass(frozen=True, slots=True)
class Filters:
    start: datetime | None
    end: datetime | None
    equal: tuple[tuple[str, str | int], ...]

    @classmethod
    def read(cls, values: Mapping[str, str], zone: ZoneInfo) -> "Filters":
        """An empty value filters nothing."""
        equal: list[tuple[str, str | int]] = [
            (name, values[name]) for name in EQUALS if values.get(name)
        ]
        if values.get("appointmentStatus"):
            equal.append(("appointmentStatus", _status(values)))
        if values.get("urgency"):
            equal.append(("urgency", _number(values, "urgency", 1)))
        return cls(
            start=_bound(values, "appointmentDateRangeStart", zone),
            end=_bound(values, "appointmentDateRangeEnd", zone),
            equal=tuple(equal),
        )


def _number(values: Mapping[str, str], name: str, usual: int) -> int:
    text = values.get(name) or str(usual)
    if not text.isdecimal():
        raise BadRequest(f"{name} must be a number")
    return int(text)


def _status(values: Mapping[str, str]) -> int:
    status = _number(values, "appointmentStatus", STATUSES.start)
    if status not in STATUSES:
        raise BadRequest("appointmentStatus must be between 2 and 8")
    return status


def _bound(values: Mapping[str, str], name: str, zone: ZoneInfo) -> datetime | None:
    text = values.get(name)
    return read_clock(text, name, zone) if text else None


def read_clock(text: object, name: str, zone: ZoneInfo) -> datetime:
    """On the practice's own clock: a repeated time is its first, a skipped one moves forward."""
    try:
        when = datetime.strptime(str(text), MINUTE)  # noqa: DTZ007 - the vendor's are naive
    except ValueError:
        raise BadRequest(f"{name} must be like 2026-06-02T09:00") from None
    return when.replace(tzinfo=zone).astimezone(UTC)
