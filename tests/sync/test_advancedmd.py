"""An office at AdvancedMD: read by its columns and days, and equal to what is true there."""

from collections.abc import Iterator

import pytest
import redis

from domain.runs import SyncType
from tests.sync.amd import Office, office

pytestmark = pytest.mark.integration


def asked(clinic: Office) -> list[str]:
    """What the office was asked for, in order: the action of a message, else the address."""
    told = clinic.told("requests")["requests"]
    return [
        one["query"].removeprefix("action=") if "action=" in one["query"] else one["path"]
        for one in told
    ]


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Office]:
    with office(database_url, redis_client) as connected:
        yield connected


def test_the_sheet_is_what_is_true_at_the_office(clinic: Office) -> None:
    run = clinic.sync()

    assert run["status"] == "success"
    assert len(clinic.rows()) > 50
    assert clinic.wrong() == []


def test_a_second_run_asks_only_whether_anything_changed(clinic: Office) -> None:
    clinic.sync()
    clinic.sync()
    before = len(asked(clinic))

    quiet = clinic.sync(SyncType.INCREMENTAL)

    assert quiet["status"] == "success"
    assert asked(clinic)[before:] == ["getupdatedvisits"]
    assert clinic.wrong() == []


def test_what_changes_there_is_on_the_sheet_after_the_next_run(clinic: Office) -> None:
    clinic.sync()
    clinic.sync()
    clinic.control("live", tenant=clinic.tenant["tenantId"], changes=25)
    assert clinic.wrong() != []

    run = clinic.sync(SyncType.INCREMENTAL, allow_removals=True)

    assert run["status"] == "success"
    assert clinic.wrong() == []


@pytest.mark.parametrize("view_from", ["start", "week"])
def test_a_week_means_the_same_days_wherever_it_is_thought_to_begin(
    clinic: Office, view_from: str
) -> None:
    clinic.control("knobs", view_from=view_from)

    clinic.sync()

    assert clinic.wrong() == []


def test_run_after_run_the_sheet_follows_the_office(clinic: Office) -> None:
    clinic.sync()
    clinic.sync()

    for _ in range(5):
        clinic.control("live", tenant=clinic.tenant["tenantId"], changes=4)
        run = clinic.sync(SyncType.INCREMENTAL, allow_removals=True)
        assert (run["status"], clinic.wrong()) == ("success", [])


@pytest.mark.parametrize("settings", [{"wire": "xml"}, {"columns": "16,17"}])
def test_however_it_is_set_up_the_sheet_is_what_is_true_of_it(
    database_url: str, redis_client: redis.Redis, settings: dict[str, str]
) -> None:
    with office(database_url, redis_client, settings=settings) as connected:
        connected.sync()

        wrong = {one.field for one in connected.wrong()}
        assert wrong <= ({"missing"} if "columns" in settings else set())
        assert connected.rows()
