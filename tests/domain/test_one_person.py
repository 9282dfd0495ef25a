"""Clinicians of two practices who are one person: the same name, and nobody else of that name."""

from uuid import UUID

import pytest

from domain.visits import one_person

A, B, C = (UUID(int=number) for number in (1, 2, 3))
OLD, NEW = "old", "new"


@pytest.mark.parametrize("name", ["Dr Ada Ng", "ada ng", "NG, Ada", "Ng, Dr Ada MBBS"])
def test_the_same_name_at_two_practices_is_one_person(name: str) -> None:
    assert one_person([(OLD, A, "Ada Ng"), (NEW, B, name)]) == {B: A}


@pytest.mark.parametrize(
    "named",
    [
        [(OLD, A, "Ada Ng"), (NEW, B, "A. Ng")],
        [(OLD, A, "Ada Ng"), (NEW, B, "Ada Ng"), (NEW, C, "Dr Ada Ng")],
        [(OLD, A, "Ada Ng"), (NEW, B, "Ada Ng"), (NEW, None, "Dr Ada Ng")],
        [(OLD, A, "Ada Ng"), (OLD, B, "Ben Oh"), (NEW, B, "Ada Ng")],
        [(OLD, A, "Ada Ng"), (NEW, A, "Ada Ng")],
        [(OLD, A, "00000000-0000-4000-8000-000000000001")] * 2,
        [(OLD, A, "Dr"), (NEW, B, "Dr")],
        [(OLD, None, "Ada Ng"), (NEW, None, "Ada Ng")],
        [],
    ],
    ids=[
        "an initial",
        "two there",
        "one there without a column",
        "beside one another",
        "one column",
        "no names",
        "a title alone",
        "no columns",
        "nobody",
    ],
)
def test_who_may_be_somebody_else_stays_apart(named: list[tuple[str, UUID | None, str]]) -> None:
    assert one_person(named) == {}


def test_a_practice_that_knows_somebody_twice_in_one_column_does_not_stand_in_the_way() -> None:
    named = [(OLD, A, "Ada Ng"), (OLD, A, "Dr Ada Ng"), (NEW, B, "Ada Ng")]

    assert one_person(named) == {B: A}
