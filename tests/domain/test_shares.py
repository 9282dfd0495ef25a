"""Shares: nobody gets more while another wants more, nothing is left while somebody waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shares import fair_shares, jain

REQUESTS = st.floats(0, 1e6, allow_subnormal=False)
AMOUNTS = st.dictionaries(st.integers(), REQUESTS, min_size=1, max_size=30)
CAPACITY = REQUESTS


@given(wanted=AMOUNTS, capacity=CAPACITY)
def test_nobody_gets_more_than_it_wants_and_all_together_no_more_than_there_is(
    wanted: dict[int, float], capacity: float
) -> None:
    shares = fair_shares(wanted, capacity)

    assert shares.keys() == wanted.keys()
    assert all(0 <= shares[one] <= amount for one, amount in wanted.items())
    assert sum(shares.values()) == pytest.approx(min(capacity, sum(wanted.values())), abs=1e-3)


@given(wanted=AMOUNTS, capacity=CAPACITY)
def test_whoever_wants_more_than_it_has_has_no_less_than_anybody(
    wanted: dict[int, float], capacity: float
) -> None:
    shares = fair_shares(wanted, capacity)

    for one, amount in wanted.items():
        if shares[one] < amount:
            assert shares[one] >= max(shares.values()) * (1 - 1e-9)


def test_a_giant_takes_only_what_the_modest_leave() -> None:
    assert fair_shares({"giant": 900, "one": 10, "two": 30}, 100) == {
        "one": 10,
        "two": 30,
        "giant": 60,
    }


@given(amounts=st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_the_index_lies_between_one_for_all_and_all_for_one(amounts: list[float]) -> None:
    assert 1 / len(amounts) * (1 - 1e-9) <= jain(amounts) <= 1 + 1e-9


@given(amount=st.floats(1e-9, 1e9), many=st.integers(1, 30))
def test_the_index_of_equals_is_one(amount: float, many: int) -> None:
    assert jain([amount] * many) == pytest.approx(1)


def test_the_index_of_one_that_has_all_is_its_part() -> None:
    assert jain([5, 0, 0, 0]) == 0.25
    assert jain([]) == 1.0
