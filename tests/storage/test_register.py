"""A worker's row says that it lives, and how well its machine keeps the time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from adapters.storage.jobs.register import Register
from infra import clock
from infra.clock import Heard
from infra.database import dispatch
from tests.storage.rig import Rig

pytestmark = pytest.mark.integration


def behind(rig: Rig) -> float:
    with dispatch(rig.engine) as db:
        return float(db.execute(text("SELECT clock_behind FROM workers")).scalar_one())


def test_a_worker_tells_how_wrong_its_machine_is_until_that_is_put_right(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = Register(rig.engine, worker="w", pool="p", queues=["sync"], threads=2)
    monkeypatch.setattr(clock, "_heard", Heard())
    clock.heard(datetime.now(UTC), took=0)
    register.alive()
    assert behind(rig) == 0

    monkeypatch.setattr(clock, "machine_clock", lambda: datetime.now(UTC) - timedelta(seconds=95))
    register.alive()
    assert behind(rig) == pytest.approx(95, abs=3)

    monkeypatch.setattr(clock, "machine_clock", lambda: datetime.now(UTC))
    register.alive()
    assert behind(rig) == 0
