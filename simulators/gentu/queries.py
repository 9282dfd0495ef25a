"""Reads the query of an appointment list as strictly as section 5 has it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

LEAST, MOST = 5, 100
SIDE_LISTS = ("patients", "practitioners", "referrals")


class BadQuery(Exception):
    """Answered with a 400."""


@dataclass(frozen=True, slots=True)
class Query:
    practitioner_id: str
    start: datetime
    end: datetime
    limit: int
    include: tuple[str, ...]

    @classmethod
    def read(cls, values: dict[str, str]) -> "Query":
        return cls(
            practitioner_id=_uuid(values, "practitionerId"),
            start=_instant(values, "fromDate"),
            end=_instant(values, "toDate"),
            limit=_limit(values),
            include=_include(values),
        )


def _needed(values: dict[str, str], name: str) -> str:
    if not values.get(name):
        raise BadQuery(f"{name} is required")
    return values[name]


def _uuid(values: dict[str, str], name: str) -> str:
    try:
        return str(UUID(_needed(values, name)))
    except ValueError:
        raise BadQuery(f"{name} is not a UUID") from None


def _instant(values: dict[str, str], name: str) -> datetime:
    try:
        when = datetime.fromisoformat(_needed(values, name))
    except ValueError:
        raise BadQuery(f"{name} is not a date-time") from None
    if when.tzinfo is None:
        raise BadQuery(f"{name} has no offset")
    return when


def _limit(values: dict[str, str]) -> int:
    text = _needed(values, "limit")
    if not text.isdecimal() or not LEAST <= int(text) <= MOST:
        raise BadQuery(f"limit must be between {LEAST} and {MOST}")
    return int(text)


def _include(values: dict[str, str]) -> tuple[str, ...]:
    asked = [each for each in values.get("include", "").split(",") if each]
    if unknown := set(asked) - set(SIDE_LISTS):
        raise BadQuery(f"include does not know {', '.join(sorted(unknown))}")
    return tuple(each for each in SIDE_LISTS if each in asked)
