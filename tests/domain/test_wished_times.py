"""Which times of a day callers would like to hear of, in the words they say it in."""

from datetime import time

import pytest

from domain.wished_times import is_unheard, wants_latest, wished_span


@pytest.mark.parametrize(
    ("told", "since", "until"),
    [
        ("any time after school", 15, None),
        ("after work", 17, None),
        ("at lunchtime", 12, 14),
        ("after lunch", 13, 17),
        ("between 2 and 4", 14, 16),
        ("10:00 AM - 11:00 AM", 10, 11),
        ("whenever after 4", 16, None),
        ("4 or later", 16, None),
        ("not before ten", 10, None),
        ("no later than 11", 0, 11),
        ("morning, after 10", 10, 12),
        ("morning or afternoon", 0, 17),
        ("before 10 in the evening", 17, None),
    ],
)
def test_the_part_of_a_day_that_is_wished_for_is_heard(
    told: str, since: int, until: int | None
) -> None:
    assert wished_span(told) == (time(since), time.max if until is None else time(until))


@pytest.mark.parametrize(
    "told",
    ["not in the morning", "no mornings", "any time but the morning", "don't want the afternoon"],
)
def test_what_is_said_against_a_part_of_the_day_is_no_wish_for_it(told: str) -> None:
    assert wished_span(told) is None
    assert is_unheard(told)


@pytest.mark.parametrize("told", ["the usual time", "early", "10 or 11", "an hour later"])
def test_a_wish_that_is_not_understood_is_not_passed_over(told: str) -> None:
    assert wished_span(told) is None
    assert is_unheard(told)


@pytest.mark.parametrize(
    "told",
    ["any", "Anytime", "whenever", "I'm flexible", "no preference", "I do not mind", "not sure"],
)
def test_who_leaves_it_to_us_is_not_asked(told: str) -> None:
    assert wished_span(told) is None
    assert not is_unheard(told)


@pytest.mark.parametrize(
    "told", ["as late as possible", "the last one of the day", "end of the day"]
)
def test_who_wishes_for_the_last_times_of_a_day_is_heard(told: str) -> None:
    assert wants_latest(told)
