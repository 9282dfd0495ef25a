"""When a sync that waits would start and end, by what its vendor still allows."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.producers.conftest import Site
from tests.producers.ledger import practice, put_job, put_run, put_worker, sign_in

pytestmark = pytest.mark.integration


def foreseen(site: Site) -> list[dict[str, Any]]:
    answer = site.client.get("/api/queues/estimates", headers=site.bearer())
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["estimates"]
    return found


def seconds(one: dict[str, Any]) -> float:
    starts, ends = (datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at"))
    return (ends - starts).total_seconds()


def test_the_vendors_limit_says_when_a_sync_is_through_and_which_window_binds(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync")
    sign_in(site, clinic)
    put_run(site, clinic, 990_001, requests=150)
    first = put_job(site, connection_id=clinic, due=-60)
    second = put_job(site, connection_id=clinic, due=-30)

    one, other = foreseen(site)

    assert [one["job_id"], other["job_id"]] == [first, second]
    assert (one["practice"], one["requests"]) == ("Example Clinic", 150)
    assert 110 <= seconds(one) <= 200
    assert one["because"].startswith("60 requests a minute bind")
    between = {"starts_at": one["ends_at"], "ends_at": other["starts_at"]}
    assert abs(seconds(between)) < 1


def test_a_short_sync_takes_as_long_as_its_like_did(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync")
    sign_in(site, clinic)
    put_run(site, clinic, 990_001, requests=5)
    put_job(site, connection_id=clinic)

    [one] = foreseen(site)

    assert 19 <= seconds(one) <= 21
    assert "of 60 requests a minute left" in one["because"]


def test_a_running_sync_has_only_its_rest_to_ask_for(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync")
    sign_in(site, clinic)
    put_run(site, clinic, 990_001, requests=10)
    running = put_job(site, connection_id=clinic, state="running")
    put_run(site, clinic, running, requests=4)
    waits = put_job(site, connection_id=clinic, due=-600)

    told = {one["job_id"]: one for one in foreseen(site)}

    assert (told[running]["is_running"], told[waits]["is_running"]) == (True, False)
    assert told[running]["requests"] < told[waits]["requests"]


@pytest.mark.parametrize(
    ("lacking", "because"),
    [
        ("worker", "no worker serves the queue"),
        ("sign-in", "its sign-in is not complete"),
        ("run", "its first run will show how much it asks for"),
        ("pause", "the queue is paused"),
        ("end", "more than 2000 requests are ahead"),
    ],
)
def test_what_cannot_be_told_says_why(site: Site, lacking: str, because: str) -> None:
    clinic = practice(site, "Example Clinic")
    if lacking != "worker":
        put_worker(site, "w", "sync")
    if lacking != "sign-in":
        sign_in(site, clinic)
    if lacking != "run":
        put_run(site, clinic, 990_001, requests=2001 if lacking == "end" else 5)
    if lacking == "pause":
        body, headers = {"reason": "Mending."}, site.bearer()
        site.client.post("/api/queues/sync/pause", json=body, headers=headers)
    put_job(site, connection_id=clinic)

    [one] = foreseen(site)

    assert (one["ends_at"], one["because"]) == (None, because)


def test_a_job_of_another_kind_takes_as_long_as_its_like_behind_those_before_it(
    site: Site,
) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "default", threads=1)
    put_job(site, "push_entry", connection_id=clinic, state="done", ago=600)
    first = put_job(site, "push_entry", connection_id=clinic, due=-60)
    second = put_job(site, "push_entry", connection_id=clinic, due=-30)

    one, other = foreseen(site)

    assert [one["job_id"], other["job_id"]] == [first, second]
    assert seconds(one) == pytest.approx(100, abs=1)
    assert other["starts_at"] == one["ends_at"]
    assert one["because"] == "a thread is free"
    assert other["because"] == "all threads are taken before"


def test_what_has_no_like_yet_cannot_be_told(site: Site) -> None:
    put_worker(site, "w", "default")
    put_job(site, "send_text")

    [one] = foreseen(site)

    assert (one["kind"], one["ends_at"]) == ("send_text", None)
    assert one["because"] == "the first of its kind will show how long it takes"


def test_a_practice_is_through_when_the_last_of_its_jobs_is(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync")
    sign_in(site, clinic)
    put_run(site, clinic, 990_001, requests=90)
    for _ in range(2):
        put_job(site, connection_id=clinic)

    answer = site.client.get("/api/queues/estimates", headers=site.bearer()).json()

    [through] = answer["connections"]
    first, last = answer["estimates"]
    assert through["practice"] == "Example Clinic"
    assert (through["starts_at"], through["ends_at"]) == (first["starts_at"], last["ends_at"])
    assert through["because"] == last["because"]


def test_an_allowance_that_is_too_little_for_all_is_said_beside_what_waits(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    put_worker(site, "w", "sync")
    put_job(site, connection_id=clinic)
    before = site.client.get("/api/queues/estimates", headers=site.bearer()).json()["short"]
    with site.everything() as db:
        db.execute(
            text(
                "UPDATE jobs SET waiting_for = 'Gentu''s request limit',"
                " created_at = now() - interval '2 days' WHERE connection_id = :id"
            ),
            {"id": clinic},
        )

    told = site.client.get("/api/queues/estimates", headers=site.bearer()).json()["short"]
    site.sign_in()
    page = site.client.get("/queues/estimates").text

    assert (before, told) == ([], ["gentu"])
    assert "limit is too small to read every practice at its interval" in page
