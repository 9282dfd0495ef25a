"""What a sync tells of its practice's rhythm, and what wakes a practice that rests."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.jobs.ledger import put
from adapters.storage.phone import tool_calls
from adapters.storage.phone.tool_calls import NewToolCall
from adapters.storage.practices.rhythms import wake
from domain.runs import SyncType
from domain.window import local_day
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import transaction
from simulators.setup import Setup
from tests.sync.practice import ACCOUNT, ZONE, Practice, practice

pytestmark = pytest.mark.integration

SOON = timedelta(seconds=20)


@pytest.fixture
def today() -> date:
    return local_day(system_clock(), ZONE)


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis, today: date) -> Iterator[Practice]:
    setup = Setup(seed=3, practitioners=1, appointments=12, days=(today,), limits=())
    with practice(database_url, redis_client, setup=setup) as connected:
        yield replace(connected, day=today)


def by_timetable(clinic: Practice) -> dict[str, Any]:
    job = sync_job(
        account_id=ACCOUNT,
        connection_id=clinic.connection_id,
        vendor="gentu",
        first_day=clinic.day,
        last_day=clinic.day,
        sync_type=SyncType.FULL,
    )
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        job_id = put(db, job)
    clinic.run(job_id)
    return clinic.run_of(job_id)


def held(clinic: Practice) -> Any:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return db.execute(text("SELECT *, now() AS at FROM pms_connections")).one()


def rest(clinic: Practice) -> datetime:
    """As after a quiet night: the next sync is an hour away, and the last was long ago."""
    clinic.change(
        "UPDATE pms_connections SET unchanged_runs = 9, rests_until = now() + interval '1 hour',"
        " next_sync_at = now() + interval '1 hour', last_sync_at = now() - interval '1 hour'"
        " WHERE id = :id"
    )
    until: datetime = held(clinic).rests_until
    return until


def is_awake(clinic: Practice) -> bool:
    now = held(clinic)
    return bool(now.rests_until <= now.at >= now.next_sync_at and now.unchanged_runs == 0)


def test_syncs_that_change_nothing_are_counted_and_a_change_begins_anew(clinic: Practice) -> None:
    first = by_timetable(clinic)
    after_first = held(clinic).unchanged_runs
    counted = [(by_timetable(clinic)["unchanged"], held(clinic).unchanged_runs) for _ in range(3)]

    assert first["created"] > 0
    assert after_first == 0
    assert [runs for _, runs in counted] == [1, 2, 3]


def test_a_change_that_a_sync_finds_brings_the_next_one_forward(clinic: Practice) -> None:
    until = rest(clinic)

    run = by_timetable(clinic)

    now = held(clinic)
    assert run["rests_until"] == until
    assert now.unchanged_runs == 0
    assert now.rests_until <= now.at
    assert now.next_sync_at <= now.at + timedelta(minutes=15)


def test_a_sync_that_somebody_asked_for_wakes_the_practice(clinic: Practice) -> None:
    by_timetable(clinic)
    rest(clinic)

    run = clinic.sync()

    assert run["updated"] == run["created"] == 0
    assert held(clinic).unchanged_runs == 0
    assert held(clinic).rests_until <= held(clinic).at


def test_a_sync_tells_when_today_s_appointments_are(clinic: Practice) -> None:
    by_timetable(clinic)

    standing = [one for one in clinic.rows() if one["appointment_status"] != "cancelled"]
    now = held(clinic)
    assert now.booked_on == clinic.day
    assert now.booked_from == min(one["pms_start"] for one in standing)
    ends = [
        one["pms_start"] + timedelta(minutes=one["appointment_duration_minutes"])
        for one in standing
    ]
    assert now.booked_until == max(ends)


def test_a_sync_of_another_day_does_not_say_that_today_has_none(clinic: Practice) -> None:
    tomorrow = clinic.day + timedelta(days=1)

    run = clinic.sync(first=tomorrow, last=tomorrow)

    assert (run["status"], held(clinic).booked_on) == ("success", None)


def test_a_sheet_of_two_weeks_shows_the_practice_s_hours_and_a_younger_one_none(
    clinic: Practice,
) -> None:
    by_timetable(clinic)
    young = held(clinic).shown_hours
    clinic.change(
        "UPDATE run_sheet_appointments SET pms_start = pms_start - interval '15 days'"
        " WHERE id IN (SELECT id FROM run_sheet_appointments WHERE pms_connection_id = :id"
        "              ORDER BY pms_start LIMIT 3)"
    )
    clinic.change("UPDATE pms_connections SET shown_on = NULL, booked_on = NULL WHERE id = :id")
    by_timetable(clinic)

    assert young == {}
    weekdays = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    shown = held(clinic).shown_hours
    assert weekdays[clinic.day.weekday()] in shown
    for [[opens, closes]] in shown.values():
        assert "06:00" <= opens < closes <= "22:00"


def test_a_practice_that_keeps_its_interval_is_not_looked_at(clinic: Practice) -> None:
    clinic.change("UPDATE pms_connections SET adaptive = false WHERE id = :id")

    by_timetable(clinic)

    assert held(clinic).booked_on is None


def test_an_edit_wakes_the_practice(clinic: Practice) -> None:
    by_timetable(clinic)
    rest(clinic)

    hand = Hand(account_id=ACCOUNT, by="kim", at=system_clock(), access=Access(user="kim"))
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        row = clinic.rows()[0]["id"]
        edit_entry(db, clinic.seal(), row, {"notes": "x"}, expected_version=None, hand=hand)

    assert is_awake(clinic)


def test_a_call_wakes_the_practice_that_is_called_or_all_of_the_account(clinic: Practice) -> None:
    awake = []
    for whose in (clinic.connection_id, None):
        rest(clinic)
        new = NewToolCall(
            account_id=ACCOUNT,
            connection_id=None,
            delivery_id=None,
            call_id=str(uuid4()),
            tool_call_id="1",
            tool="check-availability",
            arguments={},
            caller=None,
            control_url=None,
            reply_to="nobody",
            deadline_at=system_clock() + SOON,
            trace_id="t",
        )
        with transaction(clinic.engine, account_id=ACCOUNT) as db:
            tool_calls.keep(
                db, clinic.parts.sealer, replace(new, connection_id=whose), vendor="gentu"
            )
        awake.append(is_awake(clinic))

    assert awake == [True, True]


def test_who_does_not_rest_is_not_hurried(clinic: Practice) -> None:
    rest(clinic)
    clinic.change("UPDATE pms_connections SET rests_until = NULL WHERE id = :id")
    before = held(clinic).next_sync_at

    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        wake(db, None)

    assert held(clinic).next_sync_at == before
