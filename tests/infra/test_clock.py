"""The edge's clock is aware, in UTC, and as right as the database's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import clock
from infra.clock import Clock, correction, heard, system_clock

TRUE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SOON = st.floats(min_value=0, max_value=2)


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A machine's clock, so many seconds before the true time."""
    monkeypatch.setattr(clock, "_correction", clock.Correction())

    def wrong_by(seconds: float) -> None:
        monkeypatch.setattr(clock, "machine_clock", lambda: TRUE + timedelta(seconds=seconds))

    wrong_by(0)
    return wrong_by


def seconds() -> float:
    return correction().total_seconds()


def test_the_present_is_aware_and_in_utc() -> None:
    now_is: Clock = system_clock

    now = now_is()

    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


@given(wrong=st.floats(min_value=-90_000, max_value=90_000), took=SOON)
def test_however_wrong_the_machine_is_what_was_heard_is_nearly_right(
    wrong: float, took: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_correction", clock.Correction())
        patch.setattr(clock, "machine_clock", lambda: TRUE + timedelta(seconds=wrong))

        # The server looked at its clock somewhere on the way.
        heard(TRUE - timedelta(seconds=took / 2), took=took)

        assert abs(system_clock() - TRUE) <= timedelta(seconds=0.51 + took / 2)


def test_a_machine_that_keeps_time_is_left_alone(shows: Callable[[float], None]) -> None:
    for wrong in (0.4, -0.3, 0.0):
        shows(wrong)

        assert heard(TRUE, took=0) is None
    assert seconds() == 0


def test_what_is_put_right_does_not_waver(shows: Callable[[float], None]) -> None:
    shows(-95)
    heard(TRUE, took=0)
    for near in (-95.3, -94.8, -95.1):
        shows(near)

        assert heard(TRUE, took=0) is None
    assert seconds() == 95


def test_a_clock_that_jumps_is_put_right_anew_and_left_alone_once_it_is_right(
    shows: Callable[[float], None],
) -> None:
    shows(-95)
    assert heard(TRUE, took=0) == timedelta(seconds=95)
    shows(900)
    assert heard(TRUE, took=0) == timedelta(seconds=-900)
    shows(0.2)
    assert heard(TRUE, took=0) == timedelta(0)


def test_an_answer_that_was_long_on_its_way_says_nothing(shows: Callable[[float], None]) -> None:
    shows(-95)

    assert heard(TRUE, took=2.1) is None
    assert seconds() == 0
