"""Reads the query of a search: strict about values, deaf to names it does not know."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from simulators.days import instant
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import Refused

USUAL_ROWS, MOST_ROWS = 30, 100
DATE = re.compile(r"(?P<prefix>eq|ne|gt|lt|ge|le)?(?P<when>\d{4}-\d\d-\d\d(?:T.+)?)$")
REFERENCE = re.compile(r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9-]+)$")
INSTANT = timedelta(seconds=1)  # times are told to the second
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    pairs: Pairs

    @classmethod
    def read(cls, text: str) -> "Query":
        return cls(tuple(parse_qsl(text, keep_blank_values=True)))

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each == name]

    def one(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def page(self) -> int:
        return self._number("page", 1)

    def count(self, knobs: Knobs) -> int:
        count = self._number("_count", USUAL_ROWS)
        if count > MOST_ROWS and knobs.oversize == "refuse":
            raise malformed("_count")
        return min(count, MOST_ROWS)

    def _number(self, name: str, usual: int) -> int:
        text = self.one(name) or str(usual)
        if not text.isdecimal() or int(text) < 1:
            raise malformed(name)
        return int(text)

    def but_page(self) -> Pairs:
        return tuple(pair for pair in self.pairs if pair[0] != "page")

    def at_page(self, page: int) -> str:
        return urlencode([*self.but_page(), ("page", str(page))])


def malformed(name: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} is malformed")


def reference(value: str, name: str, type_: str) -> str | None:
    """The id; none, so no filter at all, when it points at another type of resource."""
    found = REFERENCE.match(value)
    if found is None:
        raise malformed(name)
    return found["id"] if found["type"] == type_ else None


def date_test(value: str, name: str, zone: ZoneInfo) -> Callable[[datetime], bool]:
    """A bare date is a whole day of the practice; a time without an offset is its clock's."""
    found = DATE.match(value)
    if found is None:
        raise malformed(name)
    start, end = _span(found["when"], name, zone)
    tests: dict[str, Callable[[datetime], bool]] = {
        "eq": lambda when: start <= when < end,
        "ne": lambda when: not start <= when < end,
        "gt": lambda when: when >= end,
        "lt": lambda when: when < start,
        "ge": lambda when: when >= start,
        "le": lambda when: when < end,
    }
    return tests[found["prefix"] or "eq"]


def _span(text: str, name: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        if "T" not in text:
            day = date.fromisoformat(text)
            return instant(day, 0, zone), instant(day, 24, zone)
        when = datetime.fromisoformat(text)
    except ValueError:
        raise malformed(name) from None
    local = when if when.tzinfo else when.replace(tzinfo=zone)
    start = local.astimezone(UTC).replace(microsecond=0)
    return start, start + INSTANT
