"""When a connection is due again, and which day its sync means."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import Marked
from domain.hours import read_hours
from domain.rhythm import Rhythm
from domain.runs import SyncType
from domain.work import BACKFILL
from scheduler.due import JITTER, next_sync, sync_of

NOW = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
CONNECTION = UUID(int=7)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
NINE_TO_FIVE = {"tue": [["09:00", "17:00"]]}
UNMARKED = Marked(mark=None, days=None, shape=None, full_at=None, full_every=HOUR)

instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
intervals = st.integers(1, 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
chances = st.floats(0, 1, exclude_max=True)


@given(due_at=instants, late=st.timedeltas(timedelta(0), timedelta(days=400)), every=intervals)
def test_the_next_sync_is_never_in_the_past(
    due_at: datetime, late: timedelta, every: timedelta
) -> None:
    now = due_at + late

    assert next_sync(due_at, now=now, every=every, chance=0.0) >= now


@given(
    due_at=instants,
    late=st.timedeltas(timedelta(0), timedelta(days=400)),
    every=intervals,
    chance=chances,
)
def test_slots_missed_while_nothing_ran_are_not_made_up_for(
    due_at: datetime, late: timedelta, every: timedelta, chance: float
) -> None:
    now = due_at + late

    again = next_sync(due_at, now=now, every=every, chance=chance)

    assert again <= now + every * (1 + JITTER)
    whole = next_sync(due_at, now=now, every=every, chance=0.5)
    assert now < whole <= now + every


@given(due_at=instants, every=intervals, chance=chances)
def test_the_jitter_is_at_most_a_tenth_of_the_interval(
    due_at: datetime, every: timedelta, chance: float
) -> None:
    again = next_sync(due_at, now=due_at, every=every, chance=chance)

    assert abs(again - (due_at + every)) <= every * JITTER + timedelta(microseconds=1)


@given(chances, chances)
def test_connections_that_began_together_are_spread(one: float, other: float) -> None:
    every = timedelta(minutes=15)
    first = next_sync(NOW, now=NOW, every=every, chance=one)
    second = next_sync(NOW, now=NOW, every=every, chance=other)

    assert (first < second) == (one < other) or abs(first - second) < timedelta(milliseconds=1)


@given(
    every=st.integers(10, 120).map(lambda minutes: timedelta(minutes=minutes)),
    dice=st.lists(chances, min_size=20, max_size=40),
)
def test_over_a_day_a_connection_syncs_as_often_as_promised(
    every: timedelta, dice: list[float]
) -> None:
    due_at = NOW
    for chance in dice:
        due_at = next_sync(due_at, now=due_at, every=every, chance=chance)

    mean = (due_at - NOW) / len(dice)
    assert every * (1 - JITTER) <= mean <= every * (1 + JITTER)


@dataclass
class Practice:
    timezone: str
    id: UUID = CONNECTION
    account_id: str = "default"
    vendor: str = "gentu"
    days_ahead: int = 0
    marked: Marked = UNMARKED

    @property
    def rhythm(self) -> Rhythm:
        hours = read_hours(NINE_TO_FIVE, timezone=self.timezone)
        return Rhythm(every=QUARTER, most=2 * HOUR, timezone=self.timezone, hours=hours)


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Australia/Melbourne", "2026-06-02T13:59:59+00:00", "2026-06-02"),
        ("Australia/Melbourne", "2026-06-02T14:00:00+00:00", "2026-06-03"),
        ("America/New_York", "2026-06-02T03:59:59+00:00", "2026-06-01"),
        ("America/New_York", "2026-06-02T04:00:00+00:00", "2026-06-02"),
        ("Pacific/Auckland", "2026-04-04T11:30:00+00:00", "2026-04-05"),
    ],
)
def test_today_is_today_on_the_practice_s_own_calendar(zone: str, now: str, day: str) -> None:
    job = sync_of(Practice(zone), now=datetime.fromisoformat(now))

    assert (job.args["first_day"], job.args["last_day"]) == (day, day)
    assert job.args["sync_type"] == SyncType.FULL.value


def test_two_syncs_of_one_day_are_one_job_and_of_one_connection_never_overlap() -> None:
    first = sync_of(Practice("UTC"), now=NOW)
    later = sync_of(Practice("UTC"), now=NOW + timedelta(hours=1))
    tomorrow = sync_of(Practice("UTC"), now=NOW + timedelta(days=1))

    assert first.dedupe_key == later.dedupe_key != tomorrow.dedupe_key
    assert first.exclusive_key == later.exclusive_key == tomorrow.exclusive_key


def test_the_days_ahead_are_read_with_today_as_one_window() -> None:
    job = sync_of(Practice("UTC", days_ahead=3), now=NOW)

    assert (job.args["first_day"], job.args["last_day"]) == ("2026-06-02", "2026-06-05")


TODAY = date(2026, 6, 2)


@pytest.mark.parametrize(
    ("days", "read_whole", "sync_type"),
    [
        ((TODAY, TODAY), NOW - HOUR / 2, SyncType.INCREMENTAL),
        ((TODAY, TODAY), NOW - HOUR, SyncType.FULL),
        ((TODAY, TODAY), None, SyncType.FULL),
        # By a clock that was ahead, a little or by a day.
        ((TODAY, TODAY), NOW + HOUR / 60, SyncType.INCREMENTAL),
        ((TODAY, TODAY), NOW + 24 * HOUR, SyncType.FULL),
        ((TODAY, TODAY + timedelta(days=1)), NOW - HOUR / 2, SyncType.FULL),
        ((TODAY - timedelta(days=1), TODAY - timedelta(days=1)), NOW - HOUR / 2, SyncType.FULL),
    ],
)
def test_between_whole_passes_over_the_same_days_changes_are_enough(
    days: tuple[date, date], read_whole: datetime | None, sync_type: SyncType
) -> None:
    marked = Marked(mark="m", days=days, shape="s", full_at=read_whole, full_every=HOUR)

    job = sync_of(Practice("UTC", marked=marked), now=NOW)

    assert job.args["sync_type"] == sync_type.value


def test_a_whole_pass_asked_for_is_never_left_to_one_for_changes() -> None:
    marked = Marked(mark="m", days=(TODAY, TODAY), shape="s", full_at=NOW, full_every=HOUR)

    changes = sync_of(Practice("UTC", marked=marked), now=NOW)
    whole = sync_of(Practice("UTC"), now=NOW)

    assert changes.dedupe_key != whole.dedupe_key
    assert changes.exclusive_key == whole.exclusive_key


OPEN = datetime(2026, 6, 2, 10, tzinfo=UTC)
A_WEEK_AHEAD = Practice("UTC", days_ahead=7, marked=replace(UNMARKED, full_at=OPEN - HOUR / 2))


def test_the_days_ahead_make_room_while_the_allowance_is_too_little() -> None:
    narrow = sync_of(A_WEEK_AHEAD, now=OPEN, is_short=True)
    enough = sync_of(A_WEEK_AHEAD, now=OPEN)
    again = sync_of(A_WEEK_AHEAD, now=OPEN + HOUR / 2, is_short=True)

    assert narrow.args["last_day"] == "2026-06-02"
    assert enough.args["last_day"] == again.args["last_day"] == "2026-06-09"


def test_a_pms_that_tells_changes_is_asked_for_all_its_days() -> None:
    marked = replace(UNMARKED, mark="m", full_at=OPEN - HOUR / 2)

    job = sync_of(replace(A_WEEK_AHEAD, marked=marked), now=OPEN, is_short=True)

    assert job.args["last_day"] == "2026-06-09"


def test_who_is_open_comes_before_who_is_shut_while_the_allowance_is_too_little() -> None:
    is_open = sync_of(Practice("UTC"), now=OPEN, is_short=True)
    is_shut = sync_of(Practice("UTC"), now=OPEN + 10 * HOUR, is_short=True)
    enough = sync_of(Practice("UTC"), now=OPEN + 10 * HOUR)

    assert is_open.priority == enough.priority > is_shut.priority > BACKFILL
