"""Turns: kept, lapsed, late; and what voice may do that background may not."""

import pytest

from domain.limits import Budget, Limit
from tests.throttle.rig import Rig

pytestmark = pytest.mark.integration

ONE_A_MINUTE = Budget("updates", (Limit(1, 60),))
WITH_VOICE = Budget("shared", (Limit(60, 60),), voice_share=0.1)
SMALL_WITH_VOICE = Budget("small", (Limit(9, 60),), voice_share=0.5)


def spend_all(rig: Rig, budget: Budget, count: int) -> None:
    for number in range(count):
        assert rig.ask(budget, holder=f"earlier {number}") is None


def test_turns_come_in_the_order_they_were_given(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)

    turns = [rig.ask(ONE_A_MINUTE, holder=holder) for holder in "abc"]

    seconds = [(turn - rig.start).total_seconds() for turn in turns if turn]
    assert seconds == [60.25, 120.5, 180.75]


def test_nobody_takes_a_turn_before_its_holder_comes(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)
    rig.ask(ONE_A_MINUTE, holder="a")
    rig.after(61)

    assert rig.ask(ONE_A_MINUTE, holder="b") is not None
    assert rig.ask(ONE_A_MINUTE, holder="a") is None


def test_a_turn_nobody_uses_lapses(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)
    rig.ask(ONE_A_MINUTE, holder="gone")
    rig.after(60.25 + 2.1)

    assert rig.ask(ONE_A_MINUTE, holder="b") is None


def test_a_holder_late_for_its_turn_still_comes_before_those_without_one(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)
    rig.ask(ONE_A_MINUTE, holder="late")
    rig.ask(ONE_A_MINUTE, holder="next")
    rig.after(60.25 + 10)

    assert rig.ask(ONE_A_MINUTE, holder="late") is None


def test_asking_again_before_the_turn_gives_the_same_turn(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)
    first = rig.ask(ONE_A_MINUTE, holder="a")
    rig.after(5)

    assert rig.ask(ONE_A_MINUTE, holder="a") == first


def test_background_leaves_voice_its_share(rig: Rig) -> None:
    spend_all(rig, WITH_VOICE, 54)

    background = rig.ask(WITH_VOICE, holder="b")
    voice = [rig.ask(WITH_VOICE, holder="call", voice=True) for _ in range(7)]

    assert background is not None
    assert voice[:6] == [None] * 6 and voice[6] is not None


def test_a_limit_below_ten_is_shared_by_all(rig: Rig) -> None:
    spend_all(rig, SMALL_WITH_VOICE, 9)

    assert rig.ask(SMALL_WITH_VOICE, voice=True) is not None


def test_voice_does_not_queue_behind_background(rig: Rig) -> None:
    spend_all(rig, ONE_A_MINUTE, 1)
    background = rig.ask(ONE_A_MINUTE, holder="b")

    voice = rig.ask(ONE_A_MINUTE, holder="call", voice=True)

    assert voice == background
    assert voice is not None
    rig.at(voice)
    assert rig.ask(ONE_A_MINUTE, holder="b") is not None
    assert rig.ask(ONE_A_MINUTE, holder="call", voice=True) is None
