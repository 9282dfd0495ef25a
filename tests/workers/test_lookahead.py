"""The next page is fetched while this one is written; order and errors stay in their place."""

from collections.abc import Iterator
from contextvars import ContextVar
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.lookahead import one_ahead

TRACE: ContextVar[str] = ContextVar("trace", default="none")
PATIENCE = 10.0


@given(st.lists(st.integers(), max_size=20))
def test_the_same_items_come_in_the_same_order(items: list[int]) -> None:
    assert list(one_ahead(iter(items))) == items


def test_the_next_item_is_fetched_while_this_one_is_used() -> None:
    fetched = [Event(), Event(), Event()]

    def pages() -> Iterator[int]:
        for number, event in enumerate(fetched):
            event.set()
            yield number

    ahead = one_ahead(pages())
    first = next(ahead)

    assert first == 0
    assert fetched[1].wait(PATIENCE)
    assert not fetched[2].is_set()
    assert list(ahead) == [1, 2]


def test_an_error_comes_where_its_item_would_have() -> None:
    def pages() -> Iterator[int]:
        yield 1
        yield 2
        raise ConnectionError("third")

    got: list[int] = []
    with pytest.raises(ConnectionError, match="third"):
        got.extend(one_ahead(pages()))

    seen: list[int] = []
    ahead = one_ahead(pages())
    seen.append(next(ahead))
    seen.append(next(ahead))
    with pytest.raises(ConnectionError):
        next(ahead)
    assert seen == [1, 2]


def test_whoever_stops_early_leaves_nothing_running() -> None:
    asked: list[int] = []

    def pages() -> Iterator[int]:
        for number in range(100):
            asked.append(number)
            yield number

    ahead = one_ahead(pages())
    next(ahead)
    ahead.close()  # type: ignore[attr-defined] # a generator

    assert asked in ([0], [0, 1])


def test_what_fetches_ahead_sees_the_context_it_was_started_in() -> None:
    def pages() -> Iterator[str]:
        yield TRACE.get()
        yield TRACE.get()

    token = TRACE.set("job 7")
    try:
        seen = list(one_ahead(pages()))
    finally:
        TRACE.reset(token)

    assert seen == ["job 7", "job 7"]
