"""When a shown day is believed, and when it is read again."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from domain.connections import State
from domain.reading import DayReadings, readings_of
from domain.sheet import ConnectionView

NOW = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
TODAY = date(2026, 11, 23)
TOMORROW = TODAY + timedelta(days=1)


def connection(state: State = State.ACTIVE) -> ConnectionView:
    return ConnectionView(
        id=uuid4(),
        name="Example Clinic",
        vendor="gentu",
        timezone="Australia/Melbourne",
        status="on_time",
        since=NOW,
        sentence="Synced just now",
        last_sync_at=NOW,
        sync_enabled=True,
        state=state.value,
    )


def readings(
    day: date, *, ago: timedelta | None = None, state: State = State.ACTIVE
) -> DayReadings:
    one = connection(state)
    read = {one.id: None if ago is None else NOW - ago}
    return readings_of(day, [one], read, today=TODAY, now=NOW)


@pytest.mark.parametrize(
    ("day", "ago", "is_due"),
    [
        (TODAY, None, True),
        (TODAY, timedelta(hours=5), False),
        (TOMORROW, None, True),
        (TOMORROW, timedelta(minutes=30), False),
        (TOMORROW, timedelta(minutes=31), True),
        (TODAY - timedelta(days=90), None, True),
        (TODAY + timedelta(days=90), None, True),
        (TODAY + timedelta(days=91), None, False),
        (TODAY - timedelta(days=91), timedelta(hours=1), False),
    ],
)
def test_a_day_is_read_when_it_is_opened_unread_or_long_ago(
    day: date, ago: timedelta | None, is_due: bool
) -> None:
    assert bool(readings(day, ago=ago).due) is is_due


@pytest.mark.parametrize(
    ("state", "is_missing", "is_due"),
    [
        (State.ACTIVE, True, True),
        (State.ERROR, True, True),
        (State.NEEDS_SIGN_IN, True, False),
        (State.INACTIVE, False, False),
        (State.SETUP_REQUIRED, False, False),
    ],
)
def test_only_who_can_be_read_is_missed_or_asked(
    state: State, is_missing: bool, is_due: bool
) -> None:
    found = readings(TOMORROW, state=state)

    assert (bool(found.missing), bool(found.due)) == (is_missing, is_due)
    assert found.is_whole is not is_missing
