"""Offices and their practices: which site each gets, which are gone, how codes are read."""

from uuid import uuid4

import pytest

from domain.authorisations import (
    LETTERS,
    Linked,
    Located,
    Office,
    coded,
    read_code,
    shown_code,
    sites,
    vanished,
)
from domain.connections import State


def office(*practices: str, office_id: str = "D1") -> Office:
    located = tuple(Located(practice_id=one) for one in practices)
    return Office(office_id=office_id, secret_key="s", practices=located)  # noqa: S106 - invented


def linked(site: str, *, practice: str | None = None, state: State = State.ACTIVE) -> Linked:
    return Linked(id=uuid4(), account_id="default", site=site, state=state, practice_id=practice)


@pytest.mark.parametrize(
    ("practices", "held", "expected"),
    [
        (("1",), (), {"D1": "1"}),
        (("2", "10", "1"), (), {"D1": "1", "D1:2": "2", "D1:10": "10"}),
        # What was connected as the office's first stays it, whatever comes later.
        (("1", "2"), (("D1", "2"),), {"D1": "2", "D1:1": "1"}),
        (("1", "2"), (("D1", None),), {"D1": "1", "D1:2": "2"}),
        (("1", "2"), (("D1", "9"),), {"D1": "1", "D1:2": "2"}),
        # And keeps its site as somebody typed it.
        (("1", "2"), (("d1", "2"), ("d1:1", None)), {"d1": "2", "d1:1": "1"}),
        # Who named the first practice is not connected to it once more.
        (("1", "2"), (("D1:1", None),), {"D1:1": "1", "D1:2": "2"}),
    ],
)
def test_each_practice_has_a_site_of_its_own(
    practices: tuple[str, ...],
    held: tuple[tuple[str, str | None], ...],
    expected: dict[str, str],
) -> None:
    connections = [linked(site, practice=practice) for site, practice in held]

    found = sites(office(*practices), connections)

    assert {site: one.practice_id for site, one in found.items()} == expected


def test_what_is_no_longer_listed_is_gone() -> None:
    here, moved, away = linked("D1", practice="1"), linked("D1:2"), linked("D2")
    resting = linked("D3", state=State.INACTIVE)

    gone = vanished([here, moved, away, resting], {"D1": office("1")})

    assert gone == [moved, away]


def test_an_office_is_the_same_however_its_id_is_written() -> None:
    assert vanished([linked("d1", practice="1")], {"D1": office("1")}) == []


def test_a_listing_that_lacks_most_offices_is_not_believed() -> None:
    many = [linked(f"D{number}") for number in range(8)]

    assert vanished(many, {}) == []
    assert vanished(many[:3], {}) == many[:3]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("abcd-2345", "ABCD2345"),
        (" abcd 2345 ", "ABCD2345"),
        ("ABCD-2340", None),
        ("ABCD-234", None),
        ("D12345", None),
        ("", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, read: str | None) -> None:
    assert read_code(typed) == read


def test_a_code_is_made_of_letters_that_are_told_apart() -> None:
    made = coded(bytes(range(32)))

    assert set(made) <= set(LETTERS)
    assert not set(LETTERS) & set("01ILO")
    assert read_code(shown_code(made)) == made
