"""Pages by number from 1 behind absolute links, and the ways such paging goes wrong."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from simulators.chance import share_of
from simulators.faults import Fault
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import outcome
from simulators.halaxy.queries import Pairs, Query
from simulators.halaxy.shapes import Json

Row = TypeVar("Row")
ADVICE = outcome("information", "informational", "Some filters were not applied")


class Bundles:
    """Remembers which searches have been made endless; a search begun again is not."""

    def __init__(self) -> None:
        self._endless: set[tuple[str, Pairs]] = set()

    def is_endless(self, address: str, query: Query, fault: Fault | None) -> bool:
        search = (address, query.but_page())
        if fault and fault.name == "endless-cursor":
            self._endless.add(search)
        elif query.page() == 1:
            self._endless.discard(search)
        return search in self._endless

    def read(
        self,
        rows: Sequence[Row],
        query: Query,
        *,
        address: str,
        knobs: Knobs,
        fault: Fault | None,
        told: Callable[[Sequence[Row]], tuple[list[Json], list[Json]]],
    ) -> Json:
        """One page of rows as entries: those that match, then what was to be included."""
        count, page = query.count(knobs), query.page()
        is_endless = self.is_endless(address, query, fault)
        start = _start(page, count, fault)
        start = start % max(1, len(rows)) if is_endless else start
        matches, includes = told(rows[start : start + count])
        has_next = is_endless or page * count < len(rows)
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(rows),
            "link": _links(address, query, knobs, last=-(-len(rows) // count), has_next=has_next),
            "entry": [
                *(_entry(address, each, "match") for each in matches),
                *_advice(address, query, knobs),
                *(_entry(address, each, "include") for each in includes),
            ],
        }


def _start(page: int, count: int, fault: Fault | None) -> int:
    start = (page - 1) * count
    if fault and fault.name == "repeated-page":
        return max(0, start - count)
    if fault and fault.name == "moved-cursor":
        return max(0, start + (1 if fault.shift is None else fault.shift))
    return start


def _links(address: str, query: Query, knobs: Knobs, *, last: int, has_next: bool) -> list[Json]:
    pages = {"self": query.page(), "first": 1, "last": max(1, last)}
    links = [
        {"relation": name, "url": f"{address}?{query.at_page(page)}"}
        for name, page in pages.items()
    ]
    if has_next:
        host = knobs.next_host or address.partition("/main/")[0]
        path = address.partition("/main/")[2]
        url = f"{host}/main/{path}?{query.at_page(query.page() + 1)}"
        links.insert(1, {"relation": "next", "url": url})
    return links


def _entry(address: str, resource: Json, mode: str) -> Json:
    root = address.partition("/main/")[0]
    url = f"{root}/main/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def _advice(address: str, query: Query, knobs: Knobs) -> list[Json]:
    if share_of("advice", address.partition("/main/")[2], query.pairs) >= knobs.outcome_entries:
        return []
    return [{"resource": ADVICE, "search": {"mode": "outcome"}}]
