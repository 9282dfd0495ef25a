"""What is short is told to the tenth, what is long is not."""

import pytest

from domain.durations import took


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "under 0.1 s"),
        (0.04, "under 0.1 s"),
        (0.05, "0.1 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min"),
        (5400, "1.5 h"),
    ],
)
def test_what_is_short_is_told_to_the_tenth(seconds: float, told: str) -> None:
    assert took(seconds) == told
