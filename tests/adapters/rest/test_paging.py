"""Walking listings, and stopping where a walk would not end."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.rest.envelope import Bundle, Contents, Envelope, Single
from adapters.rest.paging import (
    MOST_MARK,
    Cursor,
    NextLink,
    PageNumber,
    Paging,
    Step,
    Turn,
    Whole,
    walk,
)
from domain.errors import BrokenContract

URL = "https://pms.example/main/Thing"
CURSOR = Cursor(param="cursor", found_at="page.next", size_param="limit", size=2)
NUMBER = PageNumber(
    param="page", size_param="size", size=2, last_at="last", total_at="total", first=0
)


def turns(
    paging: Paging, answer: Callable[[Step], dict[str, Any]], resume: str | None = None
) -> list[Turn]:
    def fetch(step: Step) -> Contents:
        body = answer(step)
        return Contents(items=body.get("items", []), body=body)

    return list(walk(paging, fetch, url=URL, named="Example: GET /things", resume=resume))


def test_a_cursor_is_followed_until_there_is_none() -> None:
    pages = {None: ("c1", [1, 2]), "c1": ("c2", []), "c2": (None, [3])}

    def answer(step: Step) -> dict[str, Any]:
        following, items = pages[step.params.get("cursor")]
        assert step.params["limit"] == "2"
        return {"items": items, "page": {"next": following}}

    found = turns(CURSOR, answer)

    assert [list(turn.contents.items) for turn in found] == [[1, 2], [], [3]]
    assert [turn.onward for turn in found] == ["c1", "c2", None]
    assert [turn.is_last for turn in found] == [False, False, True]


@pytest.mark.parametrize("cursor", ["1780354800|v-1", "|v-1", "12|", "c|1", "+1 0"])
def test_a_walk_goes_on_at_the_vendors_cursor_whatever_it_looks_like(cursor: str) -> None:
    asked: list[str | None] = []

    def answer(step: Step) -> dict[str, Any]:
        asked.append(step.params.get("cursor"))
        return {"items": [len(asked)], "page": {"next": None if asked[-1] else cursor}}

    first, _ = turns(CURSOR, answer)
    turns(CURSOR, answer, resume=first.onward)

    assert asked == [None, cursor, cursor]


@pytest.mark.parametrize("first", [0, 1])
def test_pages_are_counted_from_the_vendors_first_number(first: int) -> None:
    paging = PageNumber(param="page", size_param="size", size=1, first=first, last_at="last")

    found = turns(
        paging,
        lambda step: {
            "items": [step.params["page"]],
            "last": step.params["page"] == str(first + 2),
        },
    )

    assert [turn.contents.items[0] for turn in found] == [str(first + n) for n in range(3)]
    assert [turn.contents.items[0] for turn in turns(paging, found_again, resume="1")] == ["1"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_an_offset_grows_by_the_records_that_came_however_many_were_asked_for(most: int) -> None:
    book = [str(number) for number in range(5)]
    paging = PageNumber(param="offset", size_param="limit", size=3, counts="records")

    def answer(step: Step) -> dict[str, Any]:
        at = int(step.params["offset"])
        return {"items": book[at : at + most]}

    found = turns(paging, answer)

    assert [one for turn in found for one in turn.contents.items] == book
    resumed = turns(paging, answer, resume=found[0].onward)
    assert [one for turn in resumed for one in turn.contents.items] == book[most:]


def found_again(step: Step) -> dict[str, Any]:
    return {"items": [step.params["page"]], "last": True}


@pytest.mark.parametrize(
    "paging", [CURSOR, PageNumber(param="page", size_param="size", size=2, next_at="page.next")]
)
def test_a_full_page_that_does_not_say_whether_more_follows_is_not_the_last(
    paging: Paging,
) -> None:
    with pytest.raises(BrokenContract, match="'page' is missing"):
        turns(paging, lambda step: {"items": [1, 2]})


@pytest.mark.parametrize("odd", ["next", 7, [], [{}]])
@pytest.mark.parametrize(
    "paging", [CURSOR, PageNumber(param="page", size_param="size", size=2, next_at="page.next")]
)
def test_a_page_with_something_else_where_it_says_what_follows_is_not_the_last(
    paging: Paging, odd: Any
) -> None:
    with pytest.raises(BrokenContract, match="'page' is not an object"):
        turns(paging, lambda step: {"items": [1], "page": odd})


def test_a_short_page_may_be_silent_where_pages_are_numbered_and_not_where_a_cursor_decides() -> (
    None
):
    numbered = PageNumber(param="page", size_param="size", size=2, next_at="page.next")

    assert len(turns(numbered, lambda step: {"items": [1]})) == 1
    with pytest.raises(BrokenContract, match="'page' is missing"):
        turns(CURSOR, lambda step: {"items": [1]})


LINKED = NextLink(size=2, total_at="total")
A_LINK = {"relation": "next", "url": "/things?page=2"}


@pytest.mark.parametrize(
    "told",
    [
        {"items": [1], "link": "next"},
        {"items": [1], "link": {}},
        {"items": [1], "link": [None]},
        {"items": [1], "link": [{"relation": None, "url": "/things?page=2"}]},
        {"items": [1], "link": [{**A_LINK, "url": 7}]},
        {"items": [1, 2], "link": [{**A_LINK, "url": None}]},
        {"items": [1, 2]},
        {"items": [1, 2], "link": None},
        {"items": [1], "total": 2},
    ],
)
def test_a_page_whose_links_cannot_be_read_is_not_the_last(told: Any) -> None:
    with pytest.raises(BrokenContract, match="link"):
        turns(LINKED, lambda step: told)


@pytest.mark.parametrize(
    "told",
    [
        {"items": [1, 2], "link": []},
        {"items": [1, 2], "link": [{"relation": "self", "url": "/things"}]},
        {"items": [1], "total": 1},
        {"items": [1], "link": [{**A_LINK, "url": None}]},
    ],
)
def test_a_page_without_a_next_link_is_the_last(told: Any) -> None:
    assert len(turns(LINKED, lambda step: told)) == 1


def test_a_blank_next_text_or_an_empty_page_ends_the_walk() -> None:
    told = PageNumber(param="offset", size_param="limit", size=1, next_at="pagination.next")
    untold = PageNumber(param="page", size_param="size", size=1)

    by_text = turns(told, lambda step: {"items": [1], "pagination": {"next": ""}})
    by_empty = turns(untold, lambda step: {"items": [1] if step.params["page"] == "0" else []})

    assert len(by_text) == 1 and len(by_empty) == 2


def test_a_listing_that_grew_while_it_was_read_is_read_once_more() -> None:
    asked: list[str] = []

    def answer(step: Step) -> dict[str, Any]:
        page = step.params["page"]
        asked.append(page)
        total = 2 if len(asked) == 1 else 3
        return {"items": [f"{page}-{len(asked)}"], "last": page == "1", "total": total}

    found = turns(NUMBER, answer)

    assert asked == ["0", "1", "0", "1"]
    assert [turn.is_last for turn in found] == [False, False, False, True]


def test_a_listing_that_ends_before_all_it_counts_is_read_once_more() -> None:
    ends = iter([True, False, True])

    def answer(step: Step) -> dict[str, Any]:
        return {"items": [step.params["page"]], "last": next(ends), "total": 2}

    found = turns(NUMBER, answer)

    assert [list(turn.contents.items) for turn in found] == [["0"], ["0"], ["1"]]
    assert [(turn.is_last, turn.is_short) for turn in found] == [
        (False, False),
        (False, False),
        (True, False),
    ]


@pytest.mark.parametrize(
    "items", [lambda page: [page], lambda page: [] if page == "1" else [page]], ids=["flag", "page"]
)
def test_one_that_does_so_again_is_told_to_be_short(items: Callable[[str], list[str]]) -> None:
    """By its own flag, or by a page without any."""

    def answer(step: Step) -> dict[str, Any]:
        page = step.params["page"]
        return {"items": items(page), "last": bool(items("1")) and page == "1", "total": 3}

    found = turns(NUMBER, answer)

    assert len(found) == 4
    assert [turn.is_last for turn in found] == [False, False, False, True]
    assert [turn.is_short for turn in found] == [False, False, False, True]


def test_a_listing_gone_on_with_in_its_midst_is_not_short() -> None:
    (only,) = turns(NUMBER, lambda _: {"items": [1], "last": True, "total": 3}, resume="1")

    assert (only.is_last, only.is_short) == (True, False)


def test_a_next_link_is_followed_as_it_is_on_the_same_host() -> None:
    def answer(step: Step) -> dict[str, Any]:
        link = {"relation": "next", "url": f"{URL}?page=2&x=%2B"}
        return {"items": [step.address], "link": [] if step.address else [link]}

    found = turns(NextLink(size_param="_count", size=30), answer)

    assert [turn.contents.items[0] for turn in found] == [None, "/main/Thing?page=2&x=%2B"]


def test_a_next_link_may_stand_as_a_text_in_the_answer() -> None:
    def answer(step: Step) -> dict[str, Any]:
        links = {"self": URL} if step.address else {"self": URL, "next": f"{URL}?page=2"}
        return {"items": [step.address], "links": links}

    found = turns(NextLink(found_at="links.next", size_param="per_page", size=1), answer)

    assert [turn.contents.items[0] for turn in found] == [None, "/main/Thing?page=2"]
    with pytest.raises(BrokenContract, match="'links' is missing"):
        turns(NextLink(found_at="links.next", size=1), lambda step: {"items": [1]})


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/main/Thing?page=2",
        "http://pms.example/main/Thing",
        "//evil.example/",
        7,
    ],
)
def test_a_next_link_that_leaves_the_host_breaks_the_contract(link: Any) -> None:
    body = {"link": [{"relation": "next", "url": link}], "links": {"next": link}}

    for paging in (NextLink(), NextLink(found_at="links.next")):
        with pytest.raises(BrokenContract, match="Example: GET /things"):
            turns(paging, lambda step: body)


def test_a_server_that_ignores_the_page_is_caught_at_the_second() -> None:
    with pytest.raises(BrokenContract, match="the same page twice"):
        turns(NUMBER, lambda step: {"items": [1, 2], "last": False})


def test_cursors_that_lead_round_are_caught() -> None:
    following = {None: "a", "a": "b", "b": "a"}

    with pytest.raises(BrokenContract, match="circle"):
        turns(CURSOR, lambda step: {"page": {"next": following[step.params.get("cursor")]}})


def test_a_listing_without_end_is_caught() -> None:
    paging = PageNumber(param="page", size_param="size", size=1)

    with pytest.raises(BrokenContract, match="did not end"):
        turns(paging, lambda step: {"items": [step.params["page"]]})


def test_a_cursor_that_is_no_text_breaks_the_contract() -> None:
    with pytest.raises(BrokenContract, match="cursor"):
        turns(CURSOR, lambda step: {"page": {"next": 7}})


def test_a_cursor_that_is_too_long_to_send_breaks_the_contract_at_the_page_that_told_it() -> None:
    with pytest.raises(BrokenContract, match=r"^Example: GET /things: .* longer than"):
        turns(CURSOR, lambda step: {"items": [1], "page": {"next": "c" * (MOST_MARK + 1)}})


def test_a_whole_listing_is_one_page() -> None:
    assert [turn.is_last for turn in turns(Whole(), lambda step: {"items": [1]})] == [True]


def test_an_envelope_may_be_wrapped_in_a_list_of_one_or_be_absent() -> None:
    wrapping = Envelope(items="items", may_be_empty=True, in_array=True)

    assert wrapping.open([{"items": [1]}]).items == [1]
    assert wrapping.open({"items": []}).items == []
    assert wrapping.open(None).items == ()


def test_a_bundle_is_sorted_into_matches_and_side_lists() -> None:
    entries: list[Any] = [
        {"resource": {"resourceType": "Appointment", "id": "1"}},
        {"resource": {"resourceType": "Patient", "id": "9"}},
        {"resource": {"resourceType": "OperationOutcome"}},
        {"resource": {}},
        "not an entry",
    ]

    contents = Bundle("Appointment").open({"resourceType": "Bundle", "entry": entries})

    assert contents.items == [entries[0]["resource"], {}, "not an entry"]
    assert contents.included["Patient"] == {"9": entries[1]["resource"]}
    assert Bundle("Appointment").open({"resourceType": "Bundle"}).items == []


@pytest.mark.parametrize("wrapping", [Bundle("A"), Envelope(items="items"), Single()])
@pytest.mark.parametrize("body", [None, [], "text", [1, 2]])
def test_a_wrapping_that_does_not_fit_breaks_the_contract(wrapping: Any, body: Any) -> None:
    with pytest.raises(BrokenContract):
        wrapping.open(body)
