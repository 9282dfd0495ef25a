"""However a PMS cuts its book into pages, and whatever happens meanwhile, none of it is lost."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sources import Page, Query
from tests.contract.kit import Fixture, Stage, fixture, is_page
from tests.contract.test_every_pms_answers_oddly import recorded_or_nowhere

FEW = settings(max_examples=40, deadline=None)
PAGED = ["gentu", "halaxy", "medirecords", "sikka"]
"""AdvancedMD's days come whole."""

Cut = Callable[["Served", httpx.Request], tuple[int, int]]
Told = Callable[["Served", Sequence[Any], int, int, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """Before that request a record is added at a place of the book, or the one there removed."""

    before: int
    place: int
    adds: bool


@dataclass
class Served:
    """A book of copies of one recorded visit, `most` of them on a page at most.

    One that is `silent` says that a page is the last only where its documents leave no choice.
    """

    told: Fixture
    ids: list[str]
    most: int
    silent: bool = False
    change: Change | None = None
    asked: int = 0
    is_changed: bool = False
    stood: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stood = set(self.ids)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not is_page(self.told, request):
            return recorded_or_nowhere(self.told)(request)
        if self.change is not None and self.asked == self.change.before:
            self._happen(self.change)
        self.asked += 1
        name = self.told.vendor.name
        first, size = CUT[name](self, request)
        records = [self._copy(pms_id) for pms_id in self.ids[first : first + size]]
        if name == "gentu" and not request.url.params["practitionerId"].endswith("d1"):
            first, records = len(self.ids), []
        body = BODY[name](self, records, first, size, str(request.url))
        # What its program at the practice puts in, or takes out, Sikka says beside the answer.
        headers = {"data-insert": "in progress" if self.is_changed else "completed"}
        return httpx.Response(200, json=body, headers=headers if name == "sikka" else {})

    def _happen(self, change: Change) -> None:
        self.is_changed = True
        place = change.place % (len(self.ids) + 1)
        if change.adds:
            # In its place by the alphabet, too.
            self.ids.insert(place, f"{self.ids[place - 1]}n" if place else "a")
        elif place < len(self.ids):
            self.stood.discard(self.ids.pop(place))

    def _copy(self, pms_id: str) -> Any:
        first = self.told.listed[0]["json"][self.told.told["items"]][0]
        record = json.loads(json.dumps(first))
        id_at = self.told.vendor.appointments and self.told.vendor.appointments.id_at
        record.get("resource", record)[id_at or "id"] = pms_id
        return record


def by_cursor(served: Served, request: httpx.Request) -> tuple[int, int]:
    """After the record that was the last, wherever that is by now."""
    told = request.url.params.get("cursor")
    before = [place for place, one in enumerate(served.ids) if told and one <= told]
    return max(before, default=-1) + 1, served.most


def by_number(param: str, first: int) -> Cut:
    def cut(served: Served, request: httpx.Request) -> tuple[int, int]:
        number = int(request.url.params.get(param, first)) - first
        return number * served.most, served.most

    return cut


def of_gentu(
    served: Served, records: Sequence[Any], first: int, size: int, url: str
) -> dict[str, Any]:
    more = bool(records) and first + size < len(served.ids)
    sides = {side: served.told.listed[0]["json"][side] for side in ("patients", "practitioners")}
    pagination = {"next": served.ids[first + size - 1] if more else None, "limit": 100}
    return {"appointments": records, "pagination": pagination, **sides}


def of_halaxy(
    served: Served, records: Sequence[Any], first: int, size: int, url: str
) -> dict[str, Any]:
    entries = served.told.listed[0]["json"]["entry"]
    included = [one for one in entries if one["resource"]["resourceType"] != "Appointment"]
    there = httpx.URL(url).copy_set_param("page", first // size + 2)
    more = first + size < len(served.ids)
    link = [{"relation": "self", "url": url}]
    link += [{"relation": "next", "url": str(there)}] if more else []
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(served.ids)}
    return {**bundle, "link": link, "entry": [*records, *included]}


def of_medirecords(
    served: Served, records: Sequence[Any], first: int, size: int, url: str
) -> dict[str, Any]:
    body = {"data": records, "totalElements": len(served.ids), "size": size}
    return body if served.silent else {**body, "last": first + size >= len(served.ids)}


def of_sikka(
    served: Served, records: Sequence[Any], first: int, size: int, url: str
) -> dict[str, Any]:
    more = first + size < len(served.ids)
    # A link that is not followed, but for whether it is there.
    pagination = {"next": "http://api.example/v4/appointments" if more else ""}
    return {"items": records, "pagination": pagination, "total_count": str(len(served.ids))}


CUT: Mapping[str, Cut] = {
    "gentu": by_cursor,
    "halaxy": by_number("page", 1),
    "medirecords": by_number("page", 0),
    "sikka": by_number("offset", 0),
}
BODY: Mapping[str, Told] = {
    "gentu": of_gentu,
    "halaxy": of_halaxy,
    "medirecords": of_medirecords,
    "sikka": of_sikka,
}


def walked(served: Served, *, waits: Sequence[int]) -> list[Page]:
    """All pages, by a process of its own from each page on after which there is a wait."""
    stage = Stage(served.told, served.answer)
    found: list[Page] = []
    for query in stage.queries(stage.source()):
        found += _slice(stage, query, waits)
    return found


def _slice(stage: Stage, query: Query, waits: Sequence[int]) -> list[Page]:
    found: list[Page] = []
    resume: str | None = None
    for stop in [*waits, None]:
        for number, page in enumerate(stage.source().pages(query, resume=resume)):
            found.append(page)
            if number == stop and page.onward is not None:
                resume = page.onward
                break
        else:
            return found
    return found


def ids(pages: Sequence[Page]) -> list[str]:
    return [row.pms_id for page in pages for row in page.records]


SIZES = st.integers(min_value=1, max_value=5)
BOOKS = st.integers(min_value=0, max_value=12).map(lambda count: [f"v{n:03}" for n in range(count)])
WAITS = st.lists(st.integers(min_value=0, max_value=3), max_size=2)
CHANGES = st.builds(
    Change,
    before=st.integers(min_value=1, max_value=5),
    place=st.integers(min_value=0, max_value=12),
    adds=st.booleans(),
)


@pytest.mark.parametrize("name", PAGED)
@FEW
@given(book=BOOKS, most=SIZES, silent=st.booleans(), waits=WAITS)
def test_every_visit_is_read_once_however_many_fit_on_a_page(
    name: str, book: list[str], most: int, silent: bool, waits: list[int]
) -> None:
    """A last page that is full, one that is empty, pages shorter than was asked for, waits."""
    pages = walked(Served(fixture(name), list(book), most, silent), waits=waits)

    assert ids(pages) == book
    assert not any(page.is_partial or page.rejects for page in pages)
    assert pages[-1].is_last


@pytest.mark.parametrize("name", PAGED)
@FEW
@given(book=BOOKS, most=SIZES.filter(lambda size: size > 1), change=CHANGES, waits=WAITS)
def test_a_visit_that_stands_while_the_book_shifts_is_read_or_the_pages_say_they_are_not_all(
    name: str, book: list[str], most: int, change: Change, waits: list[int]
) -> None:
    served = Served(fixture(name), list(book), most, change=change)

    pages = walked(served, waits=waits)

    missed = served.stood - set(ids(pages))
    assert not missed or any(page.is_partial for page in pages)
