"""Whoever comes too late for a caller's threads is told so, and nothing is begun for them."""

import asyncio
import threading

import pytest

from producers.turns import MOST_WAITING, TooBusyError, Turns


def test_work_whose_turn_does_not_come_is_never_begun() -> None:
    begun, turns, free = list[str](), Turns(threads=1), threading.Event()

    async def scene() -> None:
        first = asyncio.create_task(turns.take(free.wait, 10))
        await asyncio.sleep(0)
        with pytest.raises(TooBusyError):
            await turns.take_within(0.01, begun.append, "late")
        free.set()
        assert await first
        await turns.take(begun.append, "next")

    asyncio.run(scene())

    assert begun == ["next"]


def test_nobody_joins_a_line_that_is_too_long_until_it_is_shorter() -> None:
    turns, free = Turns(threads=1), threading.Event()

    async def scene() -> list[bool]:
        line = [asyncio.create_task(turns.take(free.wait, 10)) for _ in range(MOST_WAITING + 1)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusyError):
            await turns.take_within(60, free.wait, 10)
        free.set()
        await asyncio.gather(*line)
        return [await turns.take_within(60, free.wait, 10)]

    assert asyncio.run(scene()) == [True]


def test_work_that_has_begun_is_waited_for() -> None:
    turns, begun, free = Turns(threads=1), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        free.wait(10)
        return "done"

    async def scene() -> str:
        asked = asyncio.create_task(turns.take_within(0.01, work))
        await asyncio.to_thread(begun.wait, 10)
        asyncio.get_running_loop().call_later(0.05, free.set)
        return await asked

    assert asyncio.run(scene()) == "done"


def test_what_goes_wrong_in_a_turn_is_the_askers_to_handle() -> None:
    async def scene() -> None:
        await Turns(threads=1).take_within(5, int, "no number")

    with pytest.raises(ValueError, match="no number"):
        asyncio.run(scene())
