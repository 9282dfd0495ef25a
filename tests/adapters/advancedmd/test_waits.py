"""What people read that a push or a sync waits for at AdvancedMD."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest

from domain.errors import Throttled
from domain.limits import Budget
from tests.contract.kit import NOW, FakeThrottle, Stage, changed, fixture, is_token

PEAK, NIGHT = NOW, NOW + timedelta(hours=6)
"""Four in the afternoon of a Monday in Denver, and ten at night."""


@dataclass
class Spent(FakeThrottle):
    """A clock of which one bucket is spent."""

    bucket: str = ""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        if any(f"/{self.bucket}/" in one.bucket for one in budgets):
            raise Throttled("spent", until=self.spends_again)
        return super().spend(budgets, holder=holder, voice=voice)

    spends_again: datetime = NOW + timedelta(seconds=40)


@pytest.mark.parametrize(
    ("bucket", "now", "told"),
    [
        ("login", PEAK, "AdvancedMD's login limit (1 a minute)"),
        ("tier3", PEAK, "AdvancedMD's request limit (24 a minute)"),
        ("tier3", NIGHT, "AdvancedMD's request limit (120 a minute)"),
    ],
)
def test_a_wait_says_which_limit_it_is_for(bucket: str, now: datetime, told: str) -> None:
    again = now + timedelta(seconds=40)
    throttle = Spent(bucket=bucket, spends_again=again)
    stage = Stage(fixture("advancedmd"), throttle=throttle, now=now)

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert (str(wait.value), wait.value.until) == (told, again)


def test_a_pause_between_logins_that_advancedmd_asks_for_is_told_as_such() -> None:
    told = fixture("advancedmd")
    busy = httpx.Response(429, json={})
    stage = Stage(told, changed(told, lambda one: is_token(told, one), lambda: busy))

    with pytest.raises(Throttled) as wait:
        stage.rows()

    assert str(wait.value) == "AdvancedMD's login limit"
