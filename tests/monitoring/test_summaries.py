"""Each account reads its own week, once it is over, beside the one before."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.storage.runs import summaries
from adapters.storage.runs.summaries import SummaryStore
from domain.freshness import Facts
from domain.hours import read_hours
from domain.summaries import TopError, broken, owed, running, span_of
from domain.window import Window
from infra.database import transaction
from infra.stopping import HandBack, Stopping
from tests.monitoring.world import World
from tests.storage.rig import ACCOUNT
from workers.handlers.summarise import summarise

MELBOURNE = "Australia/Melbourne"
WEEK = date(2026, 11, 9)
MONDAY_MORNING = datetime(2026, 11, 15, 20, 0, tzinfo=UTC)  # 07:00 on Monday 16 in Melbourne


def at(instant: datetime) -> Callable[[], datetime]:
    return lambda: instant


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 15, 12, 59, tzinfo=UTC), date(2026, 11, 2)),  # Sunday night
        (datetime(2026, 11, 15, 18, 59, tzinfo=UTC), date(2026, 11, 2)),  # Monday, before six
        (datetime(2026, 11, 15, 19, 0, tzinfo=UTC), date(2026, 11, 9)),  # Monday at six
        (datetime(2026, 11, 20, 0, 0, tzinfo=UTC), date(2026, 11, 9)),  # Friday
    ],
)
def test_a_week_is_owed_from_the_account_s_own_monday_morning(now: datetime, week: date) -> None:
    assert owed(now, MELBOURNE) == week


def test_the_week_that_goes_on_began_on_monday() -> None:
    assert running(datetime(2026, 11, 15, 13, 0, tzinfo=UTC), MELBOURNE) == date(2026, 11, 16)


def test_a_week_with_a_change_of_clocks_is_an_hour_shorter() -> None:
    span = span_of(date(2026, 9, 28), MELBOURNE)

    assert span.end - span.start == timedelta(hours=167)


def facts(**more: object) -> Facts:
    fields: dict[str, object] = {
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "every": timedelta(minutes=15),
        **more,
    }
    return Facts(**fields)  # type: ignore[arg-type]


NOON = datetime(2026, 11, 10, 1, 0, tzinfo=UTC)
THREE_HOURS = Window(NOON, NOON + timedelta(hours=3))


def test_a_promise_is_broken_from_two_intervals_after_a_sync_to_the_next() -> None:
    fresh = [NOON, NOON + timedelta(hours=1), *(NOON + timedelta(minutes=m) for m in (80, 100))]

    assert broken(facts(), [*fresh[:2]], THREE_HOURS) == (2, 30 + 90)
    assert broken(facts(), fresh, THREE_HOURS) == (2, 30 + 50)


def test_no_promise_is_broken_while_the_practice_is_shut_or_syncs_by_hand() -> None:
    shut = read_hours({"sun": [["09:00", "10:00"]]}, timezone=MELBOURNE)

    assert broken(facts(hours=shut), [NOON], THREE_HOURS) == (0, 0)
    assert broken(facts(every=None), [NOON], THREE_HOURS) == (0, 0)


def told(world: World) -> None:
    """Runs, calls and bookings, moved into the week that is over."""
    world.runs("success", 3, seconds=10)
    world.runs("failed", 1, seconds=2)
    world.call("answered", took=2)
    world.write("confirmed")
    world.write("failed")
    world.sql("UPDATE pms_writes SET call_id = idempotency_key")
    back = "SET {0} = CAST(:at AS timestamptz) + ({0} - CAST(:now AS timestamptz))"
    now, into = datetime.now(UTC), datetime(2026, 11, 11, 2, 0, tzinfo=UTC)
    for table, column in (
        ("pms_sync_log", "started_at"),
        ("pms_sync_log", "completed_at"),
        ("tool_calls", "created_at"),
        ("pms_writes", "created_at"),
    ):
        world.sql(f"UPDATE {table} {back.format(column)}", at=into, now=now)
    world.sql(
        """
        UPDATE pms_sync_log SET error_message = 'Gentu: GET appointments answered 500'
        WHERE status = 'failed'
        """
    )
    world.sql("UPDATE pms_sync_log SET conflicts = 1, removed = 2 WHERE status = 'success'")
    world.connection_is("created_at = '2026-10-01'")


@pytest.mark.integration
def test_a_week_is_counted_from_what_was_done_in_it(world: World) -> None:
    told(world)

    with transaction(world.rig.engine, account_id=ACCOUNT) as db:
        made = summaries.summary(db, ACCOUNT, week=WEEK, timezone=MELBOURNE)

    week = made.this
    assert (week.syncs, week.complete, week.failed) == (4, 3, 1)
    assert week.mean_seconds == pytest.approx(8.0)
    assert (week.read, week.removed, week.conflicts) == (16, 6, 3)
    assert (week.bookings, week.booked, week.bookings_failed) == (2, 1, 1)
    assert (week.calls, week.busiest_hour) == (1, 12)
    assert week.late_times > 0
    assert list(week.errors) == [TopError("Gentu: GET appointments answered 500", 1)]
    assert made.before.syncs == 0


@pytest.mark.integration
def test_an_account_is_told_once_and_another_s_week_is_not_its_own(world: World) -> None:
    told(world)
    world.sql("INSERT INTO accounts (id, name, timezone) VALUES ('other', 'Other', 'UTC')")
    world.rig.connect("theirs", account_id="other")
    world.sql("UPDATE accounts SET timezone = :zone WHERE id = :id", zone=MELBOURNE, id=ACCOUNT)
    store = SummaryStore(world.rig.engine)

    first = summarise(
        world.rig.claimed("summarise"), store=store, clock=at(MONDAY_MORNING), stopping=Stopping()
    )
    again = summarise(
        world.rig.claimed("summarise"), store=store, clock=at(MONDAY_MORNING), stopping=Stopping()
    )

    with transaction(world.rig.engine, account_id=ACCOUNT) as db:
        ours = summaries.find(db)
        weeks = summaries.weeks(db)
    with transaction(world.rig.engine, account_id="other") as db:
        theirs = summaries.find(db)
    assert (first, again) == ({"written": 2}, {"written": 0})
    assert ours and theirs
    assert (ours.week, ours.this.syncs) == (WEEK, 4)
    # At that instant their own Monday has not come yet.
    assert (theirs.week, theirs.this.syncs) == (date(2026, 11, 2), 0)
    assert weeks == [WEEK]


@pytest.mark.integration
def test_the_week_before_is_told_as_it_was(world: World) -> None:
    told(world)
    store = SummaryStore(world.rig.engine)
    world.sql("UPDATE accounts SET timezone = :zone", zone=MELBOURNE)
    summarise(
        world.rig.claimed("summarise"), store=store, clock=at(MONDAY_MORNING), stopping=Stopping()
    )
    world.sql("DELETE FROM pms_sync_log")

    later = at(MONDAY_MORNING + timedelta(days=7))
    summarise(world.rig.claimed("summarise"), store=store, clock=later, stopping=Stopping())

    with transaction(world.rig.engine, account_id=ACCOUNT) as db:
        newest = summaries.find(db)
    assert newest
    assert newest.this.syncs == 0
    assert newest.before.syncs == 4


@pytest.mark.integration
def test_who_is_told_to_stop_hands_the_rest_back(world: World) -> None:
    stopping = Stopping()
    stopping.ask()
    store = SummaryStore(world.rig.engine)

    with pytest.raises(HandBack):
        summarise(
            world.rig.claimed("summarise"), store=store, clock=at(MONDAY_MORNING), stopping=stopping
        )


def test_a_quiet_night_breaks_no_promise_in_the_week_that_is_told() -> None:
    fresh = [NOON, NOON + timedelta(minutes=90)]

    awake = broken(facts(), fresh, THREE_HOURS)
    resting = broken(facts(), fresh, THREE_HOURS, rests={NOON: fresh[1]})

    assert awake > resting
