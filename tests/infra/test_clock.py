"""The edge's clock is aware, in UTC, and as right as the database's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import clock
from infra.clock import Clock, correction, heard, system_clock

TRUE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SOON = st.floats(min_value=0, max_value=2)
WRONG = st.floats(min_value=-90_000, max_value=90_000)


class Machine:
    """A machine's clock, so many seconds before the true time, and what passes meanwhile."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wrong_by = 0.0
        self.passed = 0.0
        patch.setattr(clock, "_heard", clock.Heard())
        patch.setattr(clock, "machine_clock", lambda: self.true + timedelta(seconds=self.wrong_by))
        patch.setattr(clock, "ticks", lambda: 5000 + self.passed)

    @property
    def true(self) -> datetime:
        return TRUE + timedelta(seconds=self.passed)

    @property
    def error(self) -> float:
        return (system_clock() - self.true).total_seconds()

    def hears(self, *, late: float = 0, took: float = 0) -> timedelta | None:
        return heard(self.true - timedelta(seconds=late), took=took)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def seconds() -> float:
    return correction().total_seconds()


def test_the_present_is_aware_and_in_utc() -> None:
    now_is: Clock = system_clock

    now = now_is()

    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_machine_is_believed_until_the_database_was_heard(machine: Machine) -> None:
    machine.wrong_by = -95
    before = machine.error

    assert machine.hears() == timedelta(seconds=95)
    assert (before, machine.error) == (-95, 0)


@given(wrong=WRONG, jumps=st.lists(WRONG, max_size=5), took=SOON, passes=st.floats(0, 100))
def test_however_wrong_the_machine_is_and_whenever_it_jumps_what_was_heard_is_nearly_right(
    wrong: float, jumps: list[float], took: float, passes: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(patch)
        machine.wrong_by = wrong
        # The server looked at its clock somewhere on the way.
        machine.hears(late=took / 2, took=took)

        for jump in jumps:
            machine.wrong_by = jump
            machine.passed += passes

            assert abs(machine.error) <= 0.51 + took / 2


def test_a_machine_that_keeps_time_is_left_alone(machine: Machine) -> None:
    for wrong in (0.4, 0.0, -0.05):
        machine.wrong_by = wrong

        assert machine.hears() is None
    assert seconds() == 0


def test_what_was_put_right_does_not_waver(machine: Machine) -> None:
    machine.wrong_by = -95
    machine.hears()
    for late in (0.3, -0.2, 0.1):
        assert machine.hears(late=late) is None
    assert seconds() == 95


def test_a_clock_that_jumps_moves_nothing_and_is_told_until_it_is_right(machine: Machine) -> None:
    machine.hears()
    machine.wrong_by = 900
    assert machine.error == 0
    assert seconds() == -900

    assert machine.hears() is None
    machine.wrong_by = 0.2
    assert seconds() == 0


def test_what_no_longer_counts_the_seconds_is_put_right_as_it_hears_again(
    machine: Machine,
) -> None:
    """As where a whole virtual machine stood still."""
    machine.hears()

    assert machine.hears(late=-30) == timedelta(seconds=30)


def test_an_answer_that_was_long_on_its_way_says_nothing(machine: Machine) -> None:
    machine.wrong_by = -95

    assert machine.hears(took=2.1) is None
    assert machine.error == -95
