"""Of every PMS a recorded run is played again, whatever went wrong in it."""

import pytest
import redis
from sqlalchemy import text

from infra.database import transaction
from simulators.setup import Setup
from tests.sync import amd, test_sikka
from tests.sync.living import SIMULATORS, living
from tests.sync.practice import ACCOUNT
from tests.sync.replays import replayed
from tests.sync.test_accuracy import PASSING
from workers.replaying import Replayed

pytestmark = pytest.mark.integration

SETUP = Setup(seed=5, practitioners=3, appointments=30)
VENDORS = pytest.mark.parametrize("vendor", sorted(SIMULATORS))


def same(found: Replayed, *, rows: int) -> bool:
    """Nothing was missing, nothing left over, and there was something to read."""
    assert found.is_whole, found.missing
    assert len(found.now.rows) >= rows
    assert found.now.requests.total() > 0
    assert found.compared.is_same, found.compared
    return True


@VENDORS
def test_a_quiet_run_is_played_to_the_same_end(database_url: str, vendor: str) -> None:
    with living(database_url, vendor, setup=SETUP, seed=1, settings={}) as clinic:
        clinic.sync()
        run_id = clinic.record()

        found = replayed(clinic.parts.engine, clinic.parts.sealer, run_id)

    assert same(found, rows=30)
    assert (found.now.status, found.unasked) == ("success", 0)


@VENDORS
def test_a_run_through_every_trouble_is_played_to_the_same_end(
    database_url: str, vendor: str
) -> None:
    with living(database_url, vendor, setup=SETUP, seed=2, settings={}) as clinic:
        clinic.sync()
        clinic.simulator.front.faults.turn(dict.fromkeys(PASSING, 0.02))
        runs = []
        for _ in range(4):
            clinic.happen()
            runs.append(clinic.record())

        faulty = sum(1 for one in clinic.simulator.front.arrivals.all() if one.fault)
        found = [replayed(clinic.parts.engine, clinic.parts.sealer, one) for one in runs]

    assert faulty > 0
    assert all(same(one, rows=0) for one in found)
    assert any(len(one.now.rows) >= 30 for one in found)


@pytest.mark.parametrize("wire", [{"wire": "json"}, {"wire": "xml"}, {"reads": "xml"}])
def test_an_office_at_advancedmd_is_played_without_its_session(
    database_url: str, redis_client: redis.Redis, wire: dict[str, str]
) -> None:
    with amd.office(database_url, redis_client, settings=wire) as office:
        run = office.sync(record=True)

        found = replayed(office.engine, office.parts.sealer, run["id"])

    assert same(found, rows=25)
    assert (found.now.status, found.unasked) == (run["status"], 0)


def test_a_practice_behind_sikka_is_played_with_its_patients(
    database_url: str, redis_client: redis.Redis
) -> None:
    with test_sikka.office_of(12, database_url, redis_client) as office:
        job_id = office.sync(record=True)
        with transaction(office.engine, account_id=ACCOUNT) as db:
            query = text("SELECT id FROM pms_sync_log WHERE job_id = :id")
            run_id = db.execute(query, {"id": job_id}).scalar_one()

        found = replayed(office.engine, office.parts.sealer, run_id)

    assert same(found, rows=12)
    assert any(row["patient_phone"] for row in found.now.rows.values())
