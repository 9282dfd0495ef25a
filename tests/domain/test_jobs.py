"""Jobs hold ids and dates only, and say by their keys which of them are the same."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.jobs import Job, NewJob, Queue, text
from domain.runs import SyncType
from domain.work import BY_A_PERSON, BY_SCHEDULE, PRUNE, chore_job, renew_token_job, sync_job

CONNECTION = UUID(int=7)


def sync(**changes: Any) -> NewJob:
    asked: dict[str, Any] = {
        "account_id": "default",
        "connection_id": CONNECTION,
        "vendor": "gentu",
        "first_day": date(2026, 6, 2),
        "last_day": date(2026, 6, 2),
        **changes,
    }
    return sync_job(**asked)


def job(**args: Any) -> Job:
    return Job(
        id=1,
        fence=1,
        kind="chore",
        queue=Queue.DEFAULT,
        account_id=None,
        connection_id=None,
        vendor=None,
        args=args,
        attempts=1,
        failures=0,
        checkpoint={},
        trace_id="t",
        created_at=datetime(2026, 6, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "made",
    [
        sync(),
        renew_token_job(account_id="default", connection_id=CONNECTION, vendor="gentu"),
        chore_job(PRUNE),
    ],
)
def test_what_a_job_holds_is_plain(made: NewJob) -> None:
    assert json.loads(json.dumps(dict(made.args))) == made.args


@pytest.mark.parametrize(
    "changes",
    [
        {"last_day": date(2026, 6, 3)},
        {"dry_run": True},
        {"allow_removals": True},
        {"connection_id": UUID(int=8)},
    ],
)
def test_a_sync_that_does_something_else_is_not_the_same_job(changes: dict[str, Any]) -> None:
    assert sync(**changes).dedupe_key != sync().dedupe_key


def test_a_sync_does_nothing_that_was_not_asked_for() -> None:
    asked = ("dry_run", "allow_removals", "record")

    assert [sync().args[name] for name in asked] == [False, False, False]


def test_a_person_s_sync_of_the_same_days_hurries_the_scheduled_one() -> None:
    by_hand = sync(sync_type=SyncType.MANUAL)

    assert by_hand.dedupe_key == sync().dedupe_key
    assert (by_hand.priority, sync().priority) == (BY_A_PERSON, BY_SCHEDULE)
    assert by_hand.priority > sync().priority


def test_all_syncs_of_a_connection_exclude_each_other() -> None:
    keys = {
        sync(dry_run=dry, last_day=date(2026, 6, day)).exclusive_key
        for dry in (True, False)
        for day in (2, 9)
    }

    assert keys == {f"sync:{CONNECTION}"}
    assert sync(connection_id=UUID(int=8)).exclusive_key not in keys


def test_an_argument_is_read_as_text_whatever_older_code_wrote() -> None:
    written = job(day="2026-06-02", number=7, nothing=None)

    assert text(written, "day") == "2026-06-02"
    assert text(written, "number") == "7"
    assert text(written, "nothing", "none") == "none"
    assert text(written, "missing", "none") == "none"
