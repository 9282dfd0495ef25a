"""Who works at a practice and what it offers is read once an hour where that is switched on."""

from collections.abc import Iterator

import pytest
import redis

from infra.database import transaction
from tests.sync.following import Followed, followed

pytestmark = pytest.mark.integration

SWITCHED_ON = """UPDATE accounts SET features = '{"reference_cache": true}'"""


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Followed]:
    with followed(database_url, redis_client) as made:
        yield made


def run(clinic: Followed, statement: str) -> None:
    with transaction(clinic.parts.engine) as db:
        db.exec_driver_sql(statement)


def lists_read(clinic: Followed, *, by_hand: bool = False) -> int:
    """How often a sync now asks who works there."""
    clinic.let_pass(5)
    clinic.desk.delete("/_sim/requests")
    told = clinic.by_hand() if by_hand else clinic.scheduled()
    assert told["status"] == "success"
    asked = clinic.desk.get("/_sim/requests").json()["requests"]
    return sum(one["path"].startswith("/main/Practitioner") for one in asked)


def test_within_the_hour_a_sync_asks_for_the_appointments_alone(clinic: Followed) -> None:
    before = [lists_read(clinic) for _ in range(2)]
    run(clinic, SWITCHED_ON)

    after = [lists_read(clinic) for _ in range(3)]

    assert min(before) > 0
    assert after[0] > 0
    assert after[1:] == [0, 0]


def test_after_an_hour_it_is_read_again(clinic: Followed) -> None:
    run(clinic, SWITCHED_ON)
    lists_read(clinic)
    run(clinic, "UPDATE pms_cached_data SET expires_at = expires_at - interval '1 hour'")

    assert lists_read(clinic) > 0


def test_whoever_changes_the_connection_has_it_read_again(clinic: Followed) -> None:
    run(clinic, SWITCHED_ON)
    lists_read(clinic)
    run(clinic, "UPDATE pms_connections SET version = version + 1")

    assert lists_read(clinic) > 0


def test_a_sync_that_somebody_asks_for_reads_everything(clinic: Followed) -> None:
    run(clinic, SWITCHED_ON)
    lists_read(clinic)

    assert lists_read(clinic, by_hand=True) > 0
