"""One of a thing is told as one."""

import pytest

from domain.counting import so_many


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1000, "1000 rows")],
)
def test_only_one_is_told_in_the_singular(count: int, said: str) -> None:
    assert so_many(count, "row") == said


def test_words_with_a_plural_of_their_own_name_it() -> None:
    assert so_many(1, "row waits", "rows wait") == "1 row waits"
    assert so_many(3, "row waits", "rows wait") == "3 rows wait"
