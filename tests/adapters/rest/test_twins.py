"""An appointment that a PMS lists twice in one answer comes to the same in every run."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.rest.twins import LISTED_TWICE
from domain.sources import Page
from tests.adapters.rest.test_origins import SHAPED, Practice, visit
from tests.contract.kit import Stage, fixture, with_first_page

assert SHAPED.appointments is not None
STAMPED = replace(SHAPED, appointments=replace(SHAPED.appointments, changed_at="changed"))
OLD, NEW = "2026-06-01T09:00:00", "2026-06-01T09:00:01"


def noted(practice: Practice) -> list[tuple[str, str | None]]:
    """The rows a run reads, patient and notes."""
    return [(row.patient_id, row.notes) for row in practice.page(knowing=False).records]


def written(practice: Practice) -> int:
    """How many rows a run writes."""
    found = practice.sorted(practice.page())
    practice.sync()
    return len(found.fresh)


def test_the_word_that_was_listed_last_stands_and_no_run_changes_it_again() -> None:
    practice = Practice([visit(1, "p1", notes="first"), visit(1, "p1", notes="last"), visit(2)])

    assert [written(practice) for _ in range(4)] == [2, 0, 0, 0]
    assert noted(practice)[0] == ("p1", "last")


def test_a_word_that_was_known_before_its_twin_came_gives_way_for_good() -> None:
    practice = Practice([visit(1, "p1", notes="first")])
    practice.sync()
    practice.items = [visit(1, "p1", notes="last"), visit(1, "p1", notes="first")]

    kept = [written(practice) for _ in range(2)]
    practice.items = practice.items[::-1]
    turned = [written(practice) for _ in range(3)]

    assert (kept, turned) == ([0, 0], [1, 0, 0])


@pytest.mark.parametrize("listed", [("new", "old"), ("old", "new")], ids=["first", "last"])
def test_the_newest_stands_wherever_it_is_listed(listed: tuple[str, str]) -> None:
    changed = {"old": OLD, "new": NEW}
    items = [visit(1, "p1", notes=one, changed=changed[one]) for one in listed]

    assert noted(Practice(items, vendor=STAMPED)) == [("p1", "new")]


@pytest.mark.parametrize("odd", [None, "", "yesterday", 7, OLD])
def test_where_one_does_not_say_when_or_both_say_the_same_the_last_stands(odd: Any) -> None:
    items = [visit(1, "p1", notes="first", changed=OLD), visit(1, "p1", notes="last", changed=odd)]

    assert noted(Practice(items, vendor=STAMPED)) == [("p1", "last")]


def test_whom_only_the_older_word_names_is_not_in_it_any_more() -> None:
    items = [visit(1, "p1", "p2", notes="first"), visit(1, "p1", notes="last")]

    assert noted(Practice(items)) == [("p1", "last")]


def test_patients_of_a_group_who_are_listed_apart_all_stand() -> None:
    items = [visit(1, "p1", notes="first"), visit(1, "p2", notes="last")]
    practice = Practice(items)

    assert noted(practice) == [("p1", "first"), ("p2", "last")]
    assert not practice.page().drift


def test_each_reading_tells_of_it() -> None:
    practice = Practice([visit(1, "p1"), visit(1, "p1", notes="last")])

    assert [practice.sync().drift[LISTED_TWICE] for _ in range(2)] == [1, 1]


CHANGES: dict[str, dict[str, Any]] = {
    "medirecords": {"scheduleTime": "2026-06-02T09:05"},
    "halaxy": {"description": "changed"},
    "sikka": {"length": "5"},
    "advancedmd": {"duration": 5},
}
STAMPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "medirecords": (
        {"updatedDateTime": "2026-05-20T04:05:06.007+0000"},
        {"updatedDateTime": "2026-05-20T04:05:06.008+0000"},
    ),
    "halaxy": (
        {"meta": {"lastUpdated": "2026-06-01T12:03:05+10:00"}},
        {"meta": {"lastUpdated": "2026-06-01T02:03:06+00:00"}},
    ),
    "sikka": (
        {"last_changed_date": "2026-06-01T00:00:00"},
        {"last_changed_date": "2026-06-02T00:00:00"},
    ),
    "advancedmd": (
        {"lastupdated": "2026-05-30T08:00:00.000"},
        {"lastupdated": "2026-05-30T08:00:00.500"},
    ),
}
"""How each says when a record was changed: before, and after."""


def first_page(vendor: str, put: Callable[[dict[str, Any]], Sequence[dict[str, Any]]]) -> Page:
    """The recorded page with others in place of its first record."""
    told = fixture(vendor)

    def change(body: Any) -> Any:
        items = body if isinstance(body, list) else body[told.told["items"]]
        one = items[0]
        if vendor == "halaxy":
            items[:1] = [{**one, "resource": each} for each in put(one["resource"])]
        else:
            items[:1] = put(one)
        return body

    return next(iter(Stage(with_first_page(told, change)).pages()))


@pytest.mark.parametrize("vendor", sorted(STAMPS))
@pytest.mark.parametrize("newest", ["first", "last"])
def test_each_pms_that_says_when_it_changed_something_is_believed(vendor: str, newest: str) -> None:
    before, after = STAMPS[vendor]
    new = {**CHANGES[vendor], **after}

    def twice(one: dict[str, Any]) -> Sequence[dict[str, Any]]:
        listed = [{**one, **new}, {**one, **before}]
        return listed if newest == "first" else listed[::-1]

    alone, twins = first_page(vendor, lambda one: [{**one, **new}]), first_page(vendor, twice)

    assert twins.records == alone.records
    assert (alone.drift.get(LISTED_TWICE), twins.drift.get(LISTED_TWICE)) == (None, 1)
