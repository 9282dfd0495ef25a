"""A short wait for the vendor's clock is waited in the thread, a long one is the ledger's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.errors import Throttled
from domain.limits import Budget, Limit, Outlook
from infra.network import deadline
from infra.stopping import HandBack, Stopping
from tests.workers.twin import NOW
from workers.patience import PATIENCE_SECONDS, Patient

BUDGET = Budget("practice", (Limit(60, 60),))


@dataclass
class Clock:
    """A vendor clock that says wait so and so often, and what else it was told."""

    waits: list[float]
    told: list[tuple[Any, ...]] = field(default_factory=list)

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        self.told.append((tuple(budgets), holder, voice))
        if self.waits:
            seconds = self.waits.pop(0)
            raise Throttled("spent", until=NOW + timedelta(seconds=seconds))
        return NOW

    def pause(self, bucket: str, *, seconds: float) -> None:
        self.told.append(("pause", bucket, seconds))

    def observe(self, bucket: str, **told: Any) -> None:
        self.told.append(("observe", bucket, told))

    def outlook(self, budgets: Sequence[Budget], **asked: Any) -> Outlook:
        self.told.append(("outlook", tuple(budgets), asked))
        raise Throttled("asked", until=NOW)


def patient(*waits: float) -> tuple[Patient, Clock, Stopping]:
    clock, stopping = Clock(list(waits)), Stopping()
    return Patient(clock, lambda: NOW, stopping), clock, stopping


def test_a_short_wait_is_waited_and_the_turn_taken() -> None:
    waiting, clock, _ = patient(0.01, 0.02, -1)

    granted = waiting.spend([BUDGET], holder="c1", voice=True)

    assert granted == NOW
    assert clock.told == [((BUDGET,), "c1", True)] * 4


def test_a_long_wait_is_passed_on_with_its_instant() -> None:
    waiting, clock, _ = patient(PATIENCE_SECONDS + 0.01)

    with pytest.raises(Throttled) as passed:
        waiting.spend([BUDGET], holder="c1")

    assert passed.value.until == NOW + timedelta(seconds=PATIENCE_SECONDS + 0.01)
    assert len(clock.told) == 1


class Noted(Stopping):
    """Notes what it would wait, and waits nothing."""

    def wait(self, seconds: float) -> None:
        waited.append(seconds)


waited: list[float] = []


@pytest.fixture(autouse=True)
def nothing_waited() -> None:
    waited.clear()


def test_somebody_on_the_phone_is_kept_waiting_for_their_turn() -> None:
    clock = Clock([2.7])
    waiting = Patient(clock, lambda: NOW, Noted())

    with deadline(12):
        granted = waiting.spend([BUDGET], holder="c1", voice=True)

    assert granted == NOW
    assert waited == [2.7]


@pytest.mark.parametrize(
    ("seconds", "voice"), [(11.5, True), (2.7, False)], ids=["too late for them", "nobody waits"]
)
def test_a_turn_that_helps_nobody_is_not_waited_for(seconds: float, *, voice: bool) -> None:
    waiting = Patient(Clock([seconds]), lambda: NOW, Noted())

    with deadline(12), pytest.raises(Throttled):
        waiting.spend([BUDGET], holder="c1", voice=voice)

    assert waited == []


def test_a_process_that_is_stopping_waits_no_more() -> None:
    waiting, clock, stopping = patient(1.9)
    stopping.ask()

    with pytest.raises(HandBack):
        waiting.spend([BUDGET], holder="c1")

    assert len(clock.told) == 1


def test_everything_else_goes_straight_through() -> None:
    waiting, clock, _ = patient()

    waiting.pause("practice", seconds=3)
    waiting.observe("practice", limit=60, remaining=2, reset_seconds=9)
    with pytest.raises(Throttled):
        waiting.outlook([BUDGET], requests=5, voice=True)

    told = {"limit": 60, "remaining": 2, "reset_seconds": 9}
    assert clock.told == [
        ("pause", "practice", 3),
        ("observe", "practice", told),
        ("outlook", (BUDGET,), {"requests": 5, "voice": True}),
    ]
