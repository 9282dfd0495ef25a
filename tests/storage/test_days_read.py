"""A day counts as read once a whole pass over it has succeeded, and only then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.practices import connection_list
from adapters.storage.sheet.days_read import read_days
from infra.database import transaction
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 2)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


def logged(rig: Rig, connection_id: UUID, **columns: Any) -> None:
    """A run of the log."""
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        number = db.execute(text("SELECT count(*) FROM pms_sync_log")).scalar_one()
        row = {
            "account_id": ACCOUNT,
            "pms_connection_id": connection_id,
            "job_id": number + 1,
            "sync_type": "full",
            "day_from": DAY,
            "day_to": DAY,
            "status": "success",
            "completed_at": NOON,
            "trace_id": "t",
            **columns,
        }
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        db.execute(text(f"INSERT INTO pms_sync_log ({names}) VALUES ({values})"), row)  # noqa: S608


def days_of(rig: Rig, connection_id: UUID) -> dict[date, datetime | None]:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return dict(read_days(db, DAY, NEXT)[connection_id])


def test_a_day_nobody_read_was_never_read(rig: Rig) -> None:
    assert days_of(rig, rig.connect("site")) == {DAY: None, NEXT: None}


def test_the_latest_whole_pass_over_a_day_tells_when_it_was_read(rig: Rig) -> None:
    site, other = rig.connect("site"), rig.connect("other")
    logged(rig, site, day_from=DAY - timedelta(days=6))
    logged(rig, site, completed_at=NOON + timedelta(hours=1), sync_type="manual")
    logged(rig, other, day_to=NEXT)

    assert days_of(rig, site) == {DAY: NOON + timedelta(hours=1), NEXT: None}
    assert days_of(rig, other) == {DAY: NOON, NEXT: NOON}


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "partial"},
        {"status": "failed"},
        {"status": "running", "completed_at": None},
        {"dry_run": True},
        {"sync_type": "incremental"},
    ],
    ids=str,
)
def test_what_did_not_read_the_whole_day_does_not_count(rig: Rig, columns: dict[str, Any]) -> None:
    site = rig.connect("site")
    logged(rig, site, **columns)

    assert days_of(rig, site) == {DAY: None, NEXT: None}


def test_a_day_read_before_the_zone_was_put_right_is_read_anew(rig: Rig) -> None:
    site = rig.connect("site")
    logged(rig, site)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, site, {"timezone": "Australia/Melbourne"})
    assert days_of(rig, site)[DAY] == NOON, "the zone is as it was"

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, site, {"timezone": "Australia/Perth"})
    assert days_of(rig, site)[DAY] is None

    logged(rig, site, started_at=soon(1), completed_at=NOON + timedelta(hours=1))
    assert days_of(rig, site)[DAY] == NOON + timedelta(hours=1)
