"""A set-up that was begun again for a practice with rows, and given up, keeps them from nobody."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import redis
from sqlalchemy import text

from adapters.opening import Opener
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import given_up, left_rows
from adapters.throttle.clock import RedisThrottle
from domain.work import PRUNE
from infra.database import dispatch, transaction
from infra.stopping import Stopping
from tests.fakes import FakeSecrets, FakeTokens
from tests.storage.desk import START, VISIT, Desk
from tests.storage.rig import Rig
from tests.storage.test_left_rows import LATER, THERE, desk, leave, newer, revive, standing
from workers.works import Parts, works

pytestmark = pytest.mark.integration

__all__ = ["desk", "newer"]

UNTOUCHED = START - timedelta(days=5)


@pytest.fixture
def begun(rig: Rig, desk: Desk, newer: Desk) -> Desk:
    """Removed and begun again days ago; since then another PMS has listed one of its two visits."""
    desk.told(VISIT, LATER)
    leave(desk)
    revive(desk)
    rig.run("UPDATE pms_connections SET updated_at = :at", at=UNTOUCHED)
    newer.told(THERE)
    assert standing(newer) == {desk.id_of(VISIT), desk.id_of(LATER), newer.id_of(THERE)}
    return desk


def an_hour_before() -> datetime:
    return START - timedelta(hours=1)


def let_go(desk: Desk) -> int:
    return given_up.let_go(desk.engine, desk.sealer, now=an_hour_before())


def is_gone(desk: Desk) -> bool:
    query = text("SELECT removed_at IS NOT NULL FROM pms_connections WHERE id = :id")
    with dispatch(desk.engine) as db:
        return bool(db.execute(query, {"id": desk.connection.id}).scalar_one())


def rows_to_come(desk: Desk) -> int:
    with transaction(desk.engine, account_id=desk.account) as db:
        now = START - timedelta(hours=12)
        found = left_rows.removed(db, account_id=desk.account, now=now)
    return sum(one.to_come for one in found)


def test_it_is_removed_and_its_visit_stands_once(rig: Rig, begun: Desk, newer: Desk) -> None:
    assert let_go(begun) == 1

    assert is_gone(begun)
    assert standing(newer) == {begun.id_of(LATER), newer.id_of(THERE)}
    assert rows_to_come(begun) == 1
    with rig.engine.begin() as db:
        noted = "SELECT user_id, request_summary FROM pms_audit_logs WHERE action = :what"
        told = db.execute(text(noted), {"what": "connection.removed"}).all()
    assert [tuple(one) for one in told] == [("system", "its set-up was given up")]
    assert let_go(begun) == 0


def test_the_hourly_chore_sees_to_it(rig: Rig, begun: Desk, redis_client: redis.Redis) -> None:
    opener = Opener(
        secrets=FakeSecrets(),
        tokens=FakeTokens(),
        throttle=RedisThrottle(redis_client, StoredSpent(rig.engine)),
        clock=an_hour_before,
    )
    parts = Parts(
        engine=rig.engine,
        sealer=begun.sealer,
        opener=opener,
        clock=an_hour_before,
        stopping=Stopping(),
    )

    done = works(parts)[PRUNE].run(rig.claimed(PRUNE))

    assert done is not None and done["set_ups"] == 1
    assert is_gone(begun)


def test_begun_once_more_it_goes_on_as_the_same_connection(begun: Desk) -> None:
    let_go(begun)

    revive(begun)

    assert not is_gone(begun)


@pytest.mark.parametrize(
    "touched",
    [
        "UPDATE pms_connections SET updated_at = :lately WHERE id = :id",
        """INSERT INTO pms_connection_checks (account_id, pms_connection_id, kind, asked_by,
                                              asked_at)
           VALUES ('default', :id, 'test', 'Ann', :lately)""",
        "UPDATE pms_connections SET state = 'ACTIVE' WHERE id = :id",
        "UPDATE pms_connections SET removed_at = now() WHERE id <> :id",
        "UPDATE run_sheet_appointments SET removed_at = now() WHERE pms_connection_id = :id",
    ],
    ids=["changed lately", "tried lately", "finished", "the only practice", "without rows"],
)
def test_any_other_is_left_alone(rig: Rig, begun: Desk, touched: str) -> None:
    with rig.engine.begin() as db:
        db.execute(text(touched), {"id": begun.connection.id, "lately": START - timedelta(days=2)})

    assert let_go(begun) == 0


def test_its_rows_of_days_that_are_over_are_no_reason(rig: Rig, desk: Desk, newer: Desk) -> None:
    desk.told(replace(VISIT, start=START - timedelta(days=4), end=START - timedelta(days=4)))
    leave(desk)
    revive(desk)
    rig.run("UPDATE pms_connections SET updated_at = :at", at=UNTOUCHED)

    assert let_go(desk) == 0
    assert not is_gone(desk)
