"""Lists as the vendor gives them: numbers in strings, pages by index, and odd links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulators.sikka.errors import Refused
from simulators.sikka.knobs import Knobs

Json = dict[str, Any]
DEFAULT_ROWS = 50
WILD = 38967


@dataclass(frozen=True, slots=True)
class Paging:
    """`page` is what the vendor calls offset."""

    page: int
    size: int

    @classmethod
    def read(cls, values: Mapping[str, str], knobs: Knobs) -> "Paging":
        page, size = _number(values, "offset", 0), _number(values, "limit", DEFAULT_ROWS)
        if size < 1:
            raise Refused("API1026", "limit must be at least 1")
        return cls(page, min(size, knobs.most_rows))


@dataclass(frozen=True, slots=True)
class Shown:
    """What was asked for, as far as the envelope repeats it."""

    host: str
    path: str
    values: Mapping[str, str]

    def link(self, page: int, size: int) -> str:
        query = urlencode({**self.values, "offset": page, "limit": size})
        return f"http://{self.host}{self.path}?{query}"


def envelope(
    rows: Sequence[Json], shown: Shown, paging: Paging, *, total: int, is_last: bool, wild: bool
) -> Json:
    last = max(0, -(-total // paging.size) - 1)
    links = {
        "first": shown.link(0, paging.size),
        "previous": shown.link(paging.page - 1, paging.size) if paging.page else "",
        "current": shown.link(paging.page, paging.size),
        "next": "" if is_last else shown.link(paging.page + 1, paging.size),
        "last": shown.link(WILD if wild and last else last, paging.size),
    }
    return {
        "offset": str(paging.page),
        "limit": str(paging.size),
        "total_count": str(total),
        "execution_time": "12",
        "pagination": links,
        "items": list(rows),
    }


def chosen(record: Json, usual: Sequence[str], values: Mapping[str, str]) -> Json:
    """Fields asked for come on top of the usual ones, or alone when it is to be light."""
    asked = [name.strip() for name in values.get("fields", "").split(",") if name.strip()]
    if "get_all" in asked or not usual:
        return record
    is_light = values.get("lightweight", "").casefold() == "true" and asked
    names = asked if is_light else [*usual, *asked]
    return {name: record[name] for name in dict.fromkeys(names) if name in record}


def _number(values: Mapping[str, str], name: str, usual: int) -> int:
    text = values.get(name) or str(usual)
    if not text.isdecimal():
        raise Refused("API1026", f"{name} must be a number")
    return int(text)
