"""A backup is restored after what waits in it has gone out: AdvancedMD gets nothing twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from uuid import UUID

import pytest
import redis
from sqlalchemy import Engine

from infra.database import engine
from tests.conftest import Databases
from tests.pushes.book import DAY
from tests.pushes.test_at_advancedmd import SYNCED, Practice, connected
from tests.sync.living import NoLimit

pytestmark = pytest.mark.integration


@pytest.fixture
def practice(db: Engine, redis_client: redis.Redis) -> Iterator[Practice]:
    """Without a clock, or its second login would have to wait a minute."""
    with connected(db, redis_client, throttle=NoLimit()) as made:
        yield made


@contextmanager
def backed_up(made: Practice, databases: Databases) -> Iterator[Practice]:
    """The same practice over a copy of the database as it is now."""
    made.engine.dispose()
    with databases.new(template=str(made.engine.url.database)) as url:
        again = copy(made)
        again.engine = engine(url, application_name="tests", pool_size=5)
        try:
            again._execution = again._works()  # noqa: SLF001 - its workers go to the copy
            yield again
        finally:
            if again.opener is not None:
                again.opener.close()
            again.engine.dispose()


def added(practice: Practice) -> UUID:
    """A visit that people typed for somebody of the practice, on its way there."""
    people = [one["patients"] for one in practice.control("truth")["appointments"]]
    patient = next(one for told in people for one in told if one["date_of_birth"])
    entry_id = practice.adds(
        start=f"{DAY}T20:30",
        duration_minutes=30,
        clinician_id=practice.shown()[0]["run_sheet_clinician_id"],
        patient_name=patient["full"],
        patient_date_of_birth=patient["date_of_birth"],
    )
    practice.ask_push(entry_id, create=True)
    return entry_id


def test_a_visit_that_was_booked_after_the_backup_is_not_booked_again(
    practice: Practice, databases: Databases
) -> None:
    entry_id = added(practice)
    with backed_up(practice, databases) as again:
        practice.push()
        assert practice.sent() == ["POST"]

        again.push()

        start = again.entry(entry_id)["start"]
        told = again.control("truth")["appointments"]
        (new,) = [one for one in told if datetime.fromisoformat(one["start_utc"]) == start]
        assert again.sent() == ["POST"]
        assert again.stands(new["id"]) == SYNCED
        assert again.entry(entry_id)["linked_to"] == again.id_of(new["id"])


@pytest.mark.parametrize("typed", [{"status": "arrived"}, {"start": "20:15"}])
def test_a_change_that_was_made_after_the_backup_is_not_made_again(
    practice: Practice, databases: Databases, typed: dict[str, str]
) -> None:
    visit = practice.booked()
    practice.types(visit, **typed)
    with backed_up(practice, databases) as again:
        practice.push()
        assert practice.sent() == ["PUT"]

        again.push()

        assert again.sent() == ["PUT"]
        assert again.stands(visit) == SYNCED


def test_what_the_practice_changed_since_is_not_overwritten_by_what_the_backup_owed(
    practice: Practice, databases: Databases
) -> None:
    visit = practice.booked()
    practice.types(visit, status="arrived")
    with backed_up(practice, databases) as again:
        practice.push()
        practice.there(visit, "status", meaning="no_show")

        again.push()

        assert again.sent() == ["PUT"]
        assert practice.truth(visit)["statuscode"] == 12
        assert [one["field"] for one in again.conflicts()] == ["status"]
