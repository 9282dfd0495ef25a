"""Other frequencies and limits, weighed over the API before anything is saved."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.ledger import audited, practice, put_job, put_run, sign_in

pytestmark = pytest.mark.integration


@pytest.fixture
def synced(site: Site) -> UUID:
    """A practice of 100 requests, every 15 minutes, alone at what its vendor allows."""
    clinic = practice(site, "Example Clinic")
    sign_in(site, clinic)
    put_run(site, clinic, 990_001, requests=100)
    with site.everything() as db:
        db.execute(
            text(
                "UPDATE pms_connections SET sync_frequency_minutes = 15,"
                " next_sync_at = now() + interval '1 minute', adaptive = false WHERE id = :id"
            ),
            {"id": clinic},
        )
    return clinic


def weigh(site: Site, role: Role = Role.OWNER, **body: Any) -> dict[str, Any]:
    answer = site.client.post("/api/queues/what-if", json=body, headers=site.bearer(role))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["what_if"]
    return found


def pool_of(found: dict[str, Any], connection_id: UUID) -> dict[str, Any]:
    return next(
        pool
        for pool in found["pools"]
        if str(connection_id) in {one["connection_id"] for one in pool["connections"]}
    )


def one_of(pool: dict[str, Any], connection_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in pool["connections"] if one["connection_id"] == str(connection_id)
    )
    return found


def test_a_day_is_told_against_each_window_with_the_one_that_binds(
    site: Site, synced: UUID
) -> None:
    pool = pool_of(weigh(site), synced)

    windows = {one["limit"]: one for one in pool["windows"]}
    assert [one["binds"] for one in pool["windows"]] == [False, True]
    assert windows["1,000 requests an hour"]["allowed"] == 24_000
    assert pool["a_day"] == pool["a_day_then"] >= 100 * 96
    assert one_of(pool, synced)["status"] == "on_time"


def test_a_faster_frequency_tells_who_would_turn_late_and_saves_nothing(
    site: Site, synced: UUID
) -> None:
    wanted = [{"connection_id": str(synced), "minutes": 1}]

    pool = pool_of(weigh(site, frequencies=wanted), synced)

    one = one_of(pool, synced)
    assert (one["minutes"], one["minutes_then"]) == (15, 1)
    assert (one["status"], one["status_then"]) == ("on_time", "late")
    assert one["a_day_then"] == 144_000
    assert pool["turned_late"] == ["Example Clinic"]
    assert one_of(pool_of(weigh(site), synced), synced)["minutes"] == 15
    assert audited(site, "connection.changed") == []


def test_a_smaller_limit_lets_the_day_end_later(site: Site, synced: UUID) -> None:
    for _ in range(3):
        put_job(site, connection_id=synced)

    limits = [{"vendor": "gentu", "seconds": 60, "requests": 12}]
    pool = pool_of(weigh(site, limits=limits), synced)

    assert pool["windows"][0]["wished"] == 12
    assert pool["windows"][0]["binds"] is True
    assert one_of(pool, synced)["waiting"] == 3
    assert pool["through_at_then"] is None or pool["through_at_then"] > pool["through_at"]


def test_who_is_not_signed_in_cannot_be_told_and_an_operator_may_look(
    site: Site, synced: UUID
) -> None:
    found = weigh(site, Role.OPS)

    assert "Harbour Allied Health" in found["untold"]
    assert pool_of(found, synced)["vendor"] == "gentu"


def test_a_practice_whose_calls_are_counted_by_kind_is_not_said_to_be_signed_out(
    site: Site,
) -> None:
    office = practice(site, "Harbour Allied Health")
    with site.everything() as db:
        db.execute(
            text("UPDATE pms_connections SET connector = 'advancedmd' WHERE id = :id"),
            {"id": office},
        )
    sign_in(site, office)
    site.sign_in()

    found = weigh(site)
    pages = [site.client.get(f"/queues/{page}").text for page in ("what-if", "shares")]

    assert found["by_kind"] == ["Harbour Allied Health"]
    assert "Harbour Allied Health" not in found["untold"]
    assert all("kind of call by itself: Harbour Allied Health." in page for page in pages)


@pytest.mark.parametrize(
    "body",
    [
        {"frequencies": [{"connection_id": "x", "minutes": 5}]},
        {"frequencies": [{"connection_id": str(UUID(int=1)), "minutes": 0}]},
        {"limits": [{"vendor": "gentu", "seconds": 60, "requests": 0}]},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, body: dict[str, Any]) -> None:
    answer = site.client.post("/api/queues/what-if", json=body, headers=site.bearer())

    assert answer.status_code == 422


def test_another_accounts_connection_changes_nothing(site: Site, synced: UUID) -> None:
    wanted = [{"connection_id": str(UUID(int=7)), "minutes": 1}]

    pool = pool_of(weigh(site, frequencies=wanted), synced)

    assert pool["a_day"] == pool["a_day_then"]


def test_a_practice_that_rests_at_night_asks_for_less_a_day_and_fills_the_window_no_less(
    site: Site, synced: UUID
) -> None:
    steady = pool_of(weigh(site), synced)
    with site.everything() as db:
        hours = '{"mon": [["08:00", "17:00"]], "tue": [["08:00", "17:00"]]}'
        db.execute(
            text(
                "UPDATE pms_connections SET adaptive = true,"
                " opening_hours = CAST(:hours AS jsonb) WHERE id = :id"
            ),
            {"id": synced, "hours": hours},
        )

    pool = pool_of(weigh(site), synced)

    one = one_of(pool, synced)
    assert 100 * 40 < one["a_day"] < 100 * 60 < one_of(steady, synced)["a_day"]
    assert (one["adaptive"], one["quiet_minutes"]) == (True, 120)
    assert [one["share"] for one in pool["windows"]] == [one["share"] for one in steady["windows"]]
