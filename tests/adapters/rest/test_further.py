"""A slice that a PMS tells in several listings: those called off apart from the others."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from adapters.rest.envelope import Envelope
from adapters.rest.paging import PageNumber, Paging
from adapters.rest.record import Record
from adapters.rest.vendor import Listing
from domain.appointments import Appointment, Practitioner, Status
from domain.connections import Connection
from domain.errors import BrokenContract
from domain.origins import Known
from domain.sources import Page
from tests.adapters.rest.test_source import ALL, CONNECTION, LISTING, VENDOR, Rig, item, parse
from tests.contract.kit import NOW

PAGES = PageNumber(param="page", size_param="size", size=2, last_at="last")
OFF = "/v1/practices/{site}/appointments/off"


def called_off(record: Record, connection: Connection) -> Iterator[Appointment]:
    """The record itself does not say so."""
    for row in parse(record, connection):
        yield replace(row, status=Status.CANCELLED)


def described(paging: Paging = PAGES) -> Listing[Appointment]:
    wrapping = Envelope(items="off")
    off = replace(LISTING, path=OFF, wrapping=wrapping, parse=called_off, paging=paging)
    return replace(LISTING, further=(off,))


BOOK = {"data": [[1, 2], [3]], "off": [[4, 5], [6]]}


def answer(request: httpx.Request) -> httpx.Response:
    key = "off" if request.url.path.endswith("/off") else "data"
    pages, number = BOOK[key], int(request.url.params["page"])
    told = [item(one) for one in pages[number]]
    return httpx.Response(200, json={key: told, "last": number == len(pages) - 1})


def rig(listing: Listing[Appointment] | None = None) -> Rig:
    return Rig(answer, vendor=replace(VENDOR, appointments=listing or described()))


def ids(pages: list[Page]) -> list[str]:
    return [row.pms_id for page in pages for row in page.records]


def test_a_further_listing_is_read_after_the_first_as_part_of_the_same_slice() -> None:
    pages = list(rig().source.pages(ALL))

    assert ids(pages) == list("123456")
    assert [page.is_last for page in pages] == [False, False, False, True]
    off = [row.pms_id for page in pages for row in page.records if row.status is Status.CANCELLED]
    assert off == list("456")


def test_both_are_asked_for_by_what_the_query_says() -> None:
    opened = rig()

    list(opened.source.pages(replace(ALL, params={"from": "monday"})))

    assert [url.count("from=monday") for url in opened.urls] == [1, 1, 1, 1]


@pytest.mark.parametrize("page", range(3))
def test_it_goes_on_after_any_page_of_either_without_asking_for_those_before(page: int) -> None:
    before = list(rig().source.pages(ALL))
    opened = rig()

    rest = list(opened.source.pages(ALL, resume=before[page].resume))

    assert ids(rest) == ids(before[page + 1 :])
    assert len(opened.urls) == len(before) - page - 1


def test_a_place_that_does_not_keep_begins_its_own_listing_anew() -> None:
    listing = described(replace(PAGES, mark_seconds=30))
    pages = list(rig(listing).source.pages(ALL))
    ended = f"+1 {int(NOW.timestamp()) - 1} 1"

    rest = list(rig(listing).source.pages(ALL, resume=ended))

    assert pages[2].onward == f"+1 {int(NOW.timestamp()) + 30} 1"
    assert [page.resume is None for page in pages] == [False, False, True, True]
    assert ids(rest) == list("456")


def test_a_place_in_a_listing_that_is_described_no_more_begins_the_slice_anew() -> None:
    pages = list(rig().source.pages(ALL))

    rest = list(rig(LISTING).source.pages(ALL, resume=pages[2].resume))

    assert ids(rest) == list("123")


@pytest.mark.parametrize(
    ("path", "params"), [(OFF, {}), (LISTING.path, {"is_off": "yes"}), (LISTING.path, {})]
)
def test_a_record_known_from_one_listing_is_read_where_another_has_it(
    path: str, params: dict[str, str]
) -> None:
    """Called off it is the same record; the two may be at one address, told apart as they like."""
    one = {"data": [item(1)], "off": [item(1)], "last": True}
    known = Known(rows={}, printed=lambda document: document[-64:].rjust(64), connection=CONNECTION)
    (off,) = described().further
    off = replace(off, path=path, params=params)
    vendor = replace(VENDOR, appointments=replace(LISTING, further=(off,)))
    opened = Rig(lambda _: httpx.Response(200, json=one), vendor=vendor)
    query = replace(ALL, known=known)

    first, second = (page.records[0] for page in opened.source.pages(query))

    assert first.origin and second.origin and first.origin != second.origin


def test_a_further_listing_that_is_missing_breaks_the_contract() -> None:
    def without(request: httpx.Request) -> httpx.Response:
        told = answer(request)
        return told if "data" in told.json() else httpx.Response(200, json={"last": True})

    with pytest.raises(BrokenContract, match="/off"):
        Rig(without, vendor=replace(VENDOR, appointments=described())).rows()


def test_whoever_has_left_is_read_from_the_listing_that_has_them() -> None:
    """Else their appointments would stand in nobody's column."""

    def people(request: httpx.Request) -> httpx.Response:
        who = {"id": "d-2"} if request.url.path.endswith("/inactive") else {"id": "d-1"}
        return httpx.Response(200, json={"staff": [who]})

    def read(record: Record, connection: Connection) -> Iterator[Practitioner]:
        yield Practitioner(pms_id=record.id(), full_name=record.id())

    staff = Listing(path="/v1/staff", wrapping=Envelope(items="staff"), parse=read)
    every = replace(staff, further=(replace(staff, path="/v1/staff/inactive"),))

    found = Rig(people, vendor=replace(VENDOR, practitioners=every)).source.practitioners()

    assert [one.pms_id for one in found] == ["d-1", "d-2"]
