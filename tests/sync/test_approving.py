"""What a person saw in a preview and approved is done, and no more than that."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from adapters.storage.runs import approvals, runs
from domain.sheet import NotOnSheet, Settled
from infra.clock import system_clock
from infra.database import transaction
from simulators.setup import Setup
from tests.sync.practice import ACCOUNT, DAY, Practice, practice
from tests.sync.test_a_day import assert_equals_the_pms

pytestmark = pytest.mark.integration


def preview(clinic: Practice) -> dict[str, Any]:
    run = clinic.sync(dry_run=True)
    assert run["status"] == "success"
    return run


def approve(clinic: Practice, run: dict[str, Any], *, later: timedelta = timedelta(0)) -> int:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return approvals.approve(db, run["id"], by="Ann", at=system_clock() + later)


def apply(clinic: Practice, run: dict[str, Any]) -> dict[str, Any]:
    job_id = approve(clinic, run)
    clinic.run(job_id)
    return clinic.run_of(job_id)


def compared(clinic: Practice, run: dict[str, Any]) -> str | None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return runs.read(db, run["id"]).compared


def delete(clinic: Practice, *pms_ids: str) -> None:
    for pms_id in pms_ids:
        clinic.control(f"appointments/{pms_id}", {"action": "delete"})


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    """Small enough to be read, and looked through by id, within one minute's budget."""
    setup = Setup(seed=7, practitioners=2, appointments=10, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup) as connected:
        yield connected


@pytest.fixture
def emptied(clinic: Practice) -> Practice:
    """Read once, then most of the day vanished."""
    clinic.sync()
    delete(clinic, *list(clinic.truth())[4:])
    return clinic


def test_an_approved_preview_is_done_as_previewed(emptied: Practice) -> None:
    told = preview(emptied)

    done = apply(emptied, told)

    lines = emptied.diff_of(told)
    assert (done["status"], done["removed"]) == ("success", told["removed"])
    assert told["removed"] == sum(1 for one in lines if one["what"] == "remove") > 5
    assert compared(emptied, done) == "as previewed"
    assert_equals_the_pms(emptied)


def test_a_preview_says_beforehand_that_it_is_a_lot(emptied: Practice) -> None:
    assert "more than a sync takes off without asking" in preview(emptied)["error_message"]


def test_what_vanished_after_the_preview_is_counted_as_more(emptied: Practice) -> None:
    told = preview(emptied)
    delete(emptied, next(iter(emptied.truth())))

    done = apply(emptied, told)

    assert done["status"] == "success"
    more = done["removed"] - told["removed"]
    assert more >= 1
    assert compared(emptied, done) == f"{more} more change{'s' * (more > 1)} than previewed"
    assert_equals_the_pms(emptied)


def test_the_brake_holds_what_was_not_previewed(clinic: Practice) -> None:
    clinic.sync()
    held = list(clinic.truth())
    delete(clinic, *held[10:])
    told = preview(clinic)
    delete(clinic, *held[2:10])

    done = apply(clinic, told)

    assert (done["status"], done["removed"]) == ("partial", told["removed"])
    assert "beyond those previewed" in done["error_message"]
    shown = {pms_id for pms_id, _ in clinic.live_rows()}
    assert shown & set(held[2:10])
    assert not shown & set(held[10:])


def test_a_previewed_change_to_another_value_differs(clinic: Practice) -> None:
    clinic.sync()
    (pms_id, _), _ = next((k, r) for k, r in clinic.live_rows().items() if r["patient_name"])
    move = {"action": "reschedule", "minutes": 5}
    clinic.control(f"appointments/{pms_id}", move)
    told = preview(clinic)
    clinic.control(f"appointments/{pms_id}", move)

    done = apply(clinic, told)

    count = len([one for one in clinic.diff_of(told) if one["what"] == "change"])
    word = "change" if count == 1 else "changes"
    sentence = f"{count} more {word} than previewed; {count} previewed {word} no longer needed"
    assert compared(clinic, done) == sentence


def test_a_preview_is_approved_once(emptied: Practice) -> None:
    told = preview(emptied)
    approve(emptied, told)

    with pytest.raises(Settled, match="approved already"):
        approve(emptied, told)


def test_a_preview_of_yesterday_is_refused(emptied: Practice) -> None:
    told = preview(emptied)

    with pytest.raises(Settled, match="older than a day"):
        approve(emptied, told, later=timedelta(hours=25))


def test_a_preview_is_refused_when_its_days_were_synced_since(emptied: Practice) -> None:
    told = preview(emptied)
    emptied.sync(first=DAY - timedelta(days=1))

    with pytest.raises(Settled, match="synced since"):
        approve(emptied, told)


def test_a_sync_of_other_days_leaves_a_preview_good(emptied: Practice) -> None:
    told = preview(emptied)
    other = DAY + timedelta(days=1)
    emptied.sync(first=other, last=other)

    assert apply(emptied, told)["status"] == "success"


OTHERWISE = {
    "a practitioner is left out": "UPDATE pms_clinician_mappings SET sync_enabled = false",
    "a practitioner is known by another column": (
        "UPDATE pms_clinician_mappings SET run_sheet_clinician_id ="
        " (SELECT max(id::text)::uuid FROM run_sheet_clinicians)"
    ),
    "a type is not shown": "UPDATE pms_appointment_types SET sync_enabled = false",
    "only telehealth is wanted": "UPDATE pms_connections SET sync_telehealth_only = true",
    "something is left out": (
        """UPDATE pms_connections SET settings = settings || '{"leave_out": "notes"}'"""
    ),
}


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_a_preview_is_refused_once_its_practice_is_shown_otherwise(
    emptied: Practice, change: str
) -> None:
    told = preview(emptied)
    emptied.change(change)

    with pytest.raises(Settled, match="was changed since this preview was made; make a new one"):
        approve(emptied, told)

    assert apply(emptied, preview(emptied))["status"] == "success"


def test_what_decides_nothing_of_the_sheet_leaves_a_preview_good(emptied: Practice) -> None:
    told = preview(emptied)
    emptied.change("UPDATE pms_connections SET display_name = 'Rooms', sync_frequency_minutes = 30")
    emptied.change("UPDATE pms_clinician_mappings SET updated_at = now()")

    assert apply(emptied, told)["status"] == "success"


def test_a_preview_made_before_it_was_noted_with_what_stays_good(emptied: Practice) -> None:
    told = preview(emptied)
    emptied.change("UPDATE pms_sync_log SET shape = NULL")
    emptied.change("UPDATE pms_clinician_mappings SET sync_enabled = false")

    assert approve(emptied, told)


def test_a_discarded_preview_is_cleared_away_and_refused(emptied: Practice) -> None:
    told = preview(emptied)
    with transaction(emptied.engine, account_id=ACCOUNT) as db:
        approvals.discard(db, told["id"])

    with pytest.raises(Settled, match="discarded"):
        approve(emptied, told)
    assert emptied.run_of(told["job_id"])["diff"] is None


def test_what_is_no_preview_cannot_be_approved(clinic: Practice) -> None:
    with pytest.raises(Settled, match="no preview"):
        approve(clinic, clinic.sync())
    with pytest.raises(NotOnSheet):
        approve(clinic, {"id": UUID(int=1)})


def test_the_job_of_an_approval_carries_ids_only(emptied: Practice) -> None:
    told = preview(emptied)
    job_id = approve(emptied, told)

    with transaction(emptied.engine) as db:
        args = db.execute(text("SELECT args FROM jobs WHERE id = :id"), {"id": job_id}).scalar_one()

    assert args["approved_run"] == str(told["id"])
    assert set(args) == {
        *("first_day", "last_day", "sync_type", "dry_run", "record"),
        *("allow_removals", "approved_run", "backfill_id"),
    }
