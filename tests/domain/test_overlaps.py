"""Two visits of one clinician at the same time, and nothing else, overlap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.appointments import Status
from domain.errors import BadInput
from domain.overlaps import Policy, Taken, made, overlap, overlaps, refusal, takes_time

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
ANN, BEN, PRACTICE = UUID(int=1), UUID(int=2), UUID(int=3)


def visit(
    number: int, begins: int, minutes: int, *, clinician: UUID = ANN, group: str | None = None
) -> Taken:
    start = NINE + timedelta(minutes=begins)
    return Taken(
        id=UUID(int=100 + number),
        clinician=clinician,
        start=start,
        end=start + timedelta(minutes=minutes),
        visit=(PRACTICE, group) if group else None,
    )


BOOKS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(0, 6),
        st.sampled_from([ANN, BEN]),
        st.sampled_from([None, "g1", "g2"]),
    ),
    max_size=12,
).map(
    lambda rows: [
        visit(number, 5 * begins, 5 * length, clinician=clinician, group=group)
        for number, (begins, length, clinician, group) in enumerate(rows)
    ]
)


def minutes_of(one: Taken) -> set[int]:
    first = int((one.start - NINE).total_seconds() // 60)
    return set(range(first, first + int((one.end - one.start).total_seconds() // 60)))


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        pytest.param(visit(2, 15, 30), True, id="in the midst"),
        pytest.param(visit(2, 0, 30), True, id="the very same time"),
        pytest.param(visit(2, 10, 5), True, id="within"),
        pytest.param(visit(2, 30, 30), False, id="right after"),
        pytest.param(visit(2, -30, 30), False, id="right before"),
        pytest.param(visit(2, 15, 30, clinician=BEN), False, id="of somebody else"),
        pytest.param(visit(2, 0, 30, group="a"), False, id="another patient of the group"),
        pytest.param(visit(2, 0, 30, group="b"), True, id="another appointment of the PMS"),
        pytest.param(visit(2, 15, 0), False, id="of no length"),
    ],
)
def test_visits_of_one_clinician_overlap_where_they_take_the_same_time(
    other: Taken, is_one: bool
) -> None:
    assert overlap(visit(1, 0, 30, group="a"), other) is is_one
    assert overlap(other, visit(1, 0, 30, group="a")) is is_one


@pytest.mark.parametrize("status", list(Status))
def test_whoever_called_off_or_did_not_come_takes_no_time(status: Status) -> None:
    assert takes_time(status.value) is (status not in {Status.CANCELLED, Status.NO_SHOW})


@given(BOOKS)
def test_every_two_that_share_a_minute_are_found_once_and_no_others(book: list[Taken]) -> None:
    expected = {
        frozenset({one.id, other.id})
        for one, other in combinations(book, 2)
        if one.clinician == other.clinician
        and (one.visit is None or one.visit != other.visit)
        and minutes_of(one) & minutes_of(other)
    }

    found = overlaps(book)

    assert {one.ids for one in found} == expected
    assert len(found) == len(expected)
    for one in found:
        assert one.start < one.end
        assert one.first.start <= one.second.start


@given(BOOKS, st.data())
def test_the_order_in_which_rows_are_read_does_not_matter(
    book: list[Taken], data: st.DataObject
) -> None:
    assert overlaps(data.draw(st.permutations(book))) == overlaps(book)


@given(BOOKS, st.data())
def test_only_what_was_not_there_before_is_made(book: list[Taken], data: st.DataObject) -> None:
    assert made(book, book) == []
    if book:
        chosen = data.draw(st.sampled_from(book))
        without = [one for one in book if one.id != chosen.id]
        assert all(chosen.id in one.ids for one in made(without, book))
        assert made(book, without) == []


@given(st.lists(st.integers(0, 20), max_size=20))
def test_a_book_without_gaps_has_no_overlap(lengths: list[int]) -> None:
    book, at = [], 0
    for number, length in enumerate(lengths):
        book.append(visit(number, at, length))
        at += length

    assert overlaps(book) == []


def test_no_more_are_told_of_than_anybody_reads() -> None:
    assert len(overlaps([visit(number, 0, 30) for number in range(60)])) == 500


def test_a_refusal_names_both_times_on_the_practices_clock() -> None:
    stands, wanted = visit(1, 0, 30), visit(2, 15, 30)
    (found,) = overlaps([stands, wanted])

    said = refusal(
        found, moved=wanted.id, clinician="Dr Ann Example", timezone="Australia/Melbourne"
    )
    other = refusal(found, moved=stands.id, clinician="Dr Ann Example", timezone="UTC")

    assert said == (
        "20:15 to 20:45 overlaps another appointment of Dr Ann Example, 20:00 to 20:30; choose"
        " another time or another clinician."
    )
    assert other.startswith(
        "09:00 to 09:30 overlaps another appointment of Dr Ann Example, 09:15 to "
    )


def test_a_way_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="there are block, warn, allow"):
        Policy.read("forbid")


def test_a_visit_is_not_in_its_own_way() -> None:
    one = visit(1, 0, 30)

    assert overlap(one, replace(one, start=one.start - timedelta(minutes=5))) is False
