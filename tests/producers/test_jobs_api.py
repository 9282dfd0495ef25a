"""Queues and jobs over JSON: who may, what is told, what is changed and written down."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from domain.people import Role
from tests.producers.conftest import Site
from tests.producers.ledger import audited, job, practice, put_job, put_run, put_worker

pytestmark = pytest.mark.integration

DEAD = {"state": "dead", "error_kind": "Contract", "error_text": "the list is missing"}


def get(site: Site, path: str, **query: Any) -> Any:
    answer = site.client.get(path, params=query, headers=site.bearer(Role.OPS))
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(
    site: Site,
    path: str,
    body: Any = None,
    *,
    version: int | str | None = None,
    role: Role = Role.OPS,
    account_id: str = "default",
) -> httpx.Response:
    headers = site.bearer(role, account_id=account_id)
    if version is not None:
        headers["If-Match"] = str(version)
    return site.client.post(path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/queues"),
        ("GET", "/api/queues/estimates"),
        ("POST", "/api/queues/sync/pause"),
        ("POST", "/api/queues/sync/resume"),
        ("GET", "/api/jobs"),
        ("GET", "/api/jobs/count/retry"),
        ("GET", "/api/jobs/1"),
        ("GET", "/api/jobs/1/trail"),
        ("POST", "/api/jobs/1/retry"),
        ("POST", "/api/jobs/discard"),
        ("GET", "/queues"),
        ("GET", "/queues/board"),
        ("GET", "/queues/estimates"),
        ("GET", "/queues/jobs/1"),
    ],
)
def test_only_operators_come_in(site: Site, method: str, path: str) -> None:
    for role, may in {
        Role.OPS: True,
        Role.OWNER: True,
        Role.ADMIN: True,
        Role.BILLING: False,
        Role.PROVIDER: False,
    }.items():
        answer = site.client.request(method, path, headers=site.bearer(role))
        assert (answer.status_code == 403) is not may, role
    assert site.client.request(method, path).status_code == 401


def test_a_queue_tells_its_depth_age_movement_and_hands(site: Site) -> None:
    put_worker(site, "host-1", "sync", "default", threads=3)
    put_worker(site, "host-2", "voice", silent=40)
    put_job(site, due=-30)
    put_job(site, due=300, waiting_for="the hourly limit")
    running = put_job(site, state="running", worker="host-1")
    put_job(site, state="done", ago=600)
    put_job(site, **DEAD)

    told = get(site, "/api/queues")

    sync = next(one for one in told["queues"] if one["queue"] == "sync")
    voice = next(one for one in told["queues"] if one["queue"] == "voice")
    assert [sync[name] for name in ("ready", "later", "running", "dead")] == [1, 1, 1, 1]
    assert 29 <= sync["oldest_seconds"] <= 40
    assert (sync["workers"], sync["threads"], voice["workers"]) == (1, 3, 0)
    assert (sum(sync["came"]), sum(sync["done"])) == (5, 1)
    assert (sync["came"][-1], sync["came"][-3]) == (4, 1)
    [living, gone] = told["workers"]
    assert (living["is_living"], gone["is_living"]) == (True, False)
    assert [one["id"] for one in living["carries"]] == [running]


def test_the_dead_are_grouped_by_error_and_connection(site: Site) -> None:
    clinic, harbour = practice(site, "Example Clinic"), practice(site, "Harbour Allied Health")
    for connection_id in (clinic, clinic, harbour):
        put_job(site, connection_id=connection_id, **DEAD)
    put_job(site, "send_text", state="dead", error_kind="Refused", error_text="no such number")

    groups = get(site, "/api/queues")["dead"]

    first, *others = groups
    assert (first["error_kind"], first["practice"], first["jobs"]) == (
        "Contract",
        "Example Clinic",
        2,
    )
    assert {(one["practice"], one["jobs"]) for one in others} == {
        ("Harbour Allied Health", 1),
        (None, 1),
    }


@pytest.mark.parametrize(
    ("looked", "found"),
    [
        ({}, 3),
        ({"state": "dead"}, 1),
        ({"kind": "sync"}, 2),
        ({"queue": "default"}, 1),
        ({"error_kind": "Contract"}, 1),
        ({"trace_id": "trace-1"}, 1),
        ({"no_connection": "true"}, 2),
        ({"kind": "prune"}, 0),
    ],
)
def test_jobs_are_found_by_anything(site: Site, looked: Mapping[str, str], found: int) -> None:
    put_job(site, trace_id="trace-1", connection_id=practice(site, "Example Clinic"))
    put_job(site, **DEAD)
    put_job(site, "send_text")

    assert len(get(site, "/api/jobs", **looked)["jobs"]) == found


def test_a_list_of_jobs_goes_on_where_it_ended(site: Site) -> None:
    ids = [put_job(site, ago=60 + number // 2) for number in range(5)]
    put_job(site, account_id=None)

    first = get(site, "/api/jobs", limit=3)
    second = get(site, "/api/jobs", limit=3, cursor=first["next_cursor"])

    told = [one["id"] for one in (*first["jobs"], *second["jobs"])]
    assert sorted(told) == ids
    assert second["next_cursor"] is None


def test_only_arguments_that_can_be_no_patients_are_told(site: Site) -> None:
    args = {
        "first_day": "2026-11-23",
        "dry_run": True,
        "write_id": "0b9f6c1e-5d2a-4c3f-9a77-3f1e2d4c8a55",
        "sync_type": "Ann Example, 0400 000 000",
        "patient_name": "Ann Example",
        "entry_id": None,
    }
    job_id = put_job(site, args=args)

    told = get(site, f"/api/jobs/{job_id}")["job"]["args"]

    assert set(told) == {"first_day", "dry_run", "write_id"}


def test_another_accounts_jobs_are_not_there(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
    theirs = put_job(site, account_id="other", **DEAD)
    chore = put_job(site, "prune", account_id=None, **DEAD)

    listed = get(site, "/api/jobs")["jobs"]
    count = get(site, "/api/jobs/count/discard")["count"]
    told = get(site, "/api/queues")

    assert (listed, count["jobs"], told["dead"], told["own_dead"]) == ([], 0, [], 1)
    for job_id in (theirs, chore):
        assert post(site, f"/api/jobs/{job_id}/retry", version="*").status_code == 404
        answer = site.client.get(f"/api/jobs/{job_id}/trail", headers=site.bearer())
        assert answer.status_code == 404
        assert job(site, job_id)["state"] == "dead"


def test_a_dead_job_runs_again_on_the_version_that_was_seen(site: Site) -> None:
    job_id = put_job(site, **DEAD)
    answer = site.client.get(f"/api/jobs/{job_id}", headers=site.bearer())
    seen = answer.headers["ETag"]

    lacking = post(site, f"/api/jobs/{job_id}/retry")
    done = post(site, f"/api/jobs/{job_id}/retry", version=seen)
    late = post(site, f"/api/jobs/{job_id}/retry", version=seen)
    twice = post(site, f"/api/jobs/{job_id}/retry", version="*")

    assert (lacking.status_code, done.status_code) == (428, 200)
    assert (late.status_code, twice.status_code) == (412, 409)
    assert late.headers["content-type"] == "application/problem+json"
    assert done.json()["job"]["state"] == job(site, job_id)["state"] == "ready"
    [row] = audited(site, "job.retried")
    assert row["request_summary"] == f"job {job_id} (sync)"
    assert row["user_id"] == "script"


def test_what_waits_is_cancelled_and_what_died_discarded_with_a_reason(site: Site) -> None:
    waits, dead, runs = put_job(site), put_job(site, **DEAD), put_job(site, state="running")
    why = {"reason": "Asked for twice."}

    silent = post(site, f"/api/jobs/{waits}/cancel", {}, version="*")
    wrong = post(site, f"/api/jobs/{waits}/discard", why, version="*")
    busy = post(site, f"/api/jobs/{runs}/cancel", why, version="*")
    cancelled = post(site, f"/api/jobs/{waits}/cancel", why, version="*")
    discarded = post(site, f"/api/jobs/{dead}/discard", why, version="*")

    assert [one.status_code for one in (silent, wrong, busy)] == [422, 409, 409]
    assert [one.json()["job"]["state"] for one in (cancelled, discarded)] == ["cancelled"] * 2
    assert cancelled.json()["job"]["discarded"] == "Asked for twice."
    assert job(site, runs)["state"] == "running"
    assert len(audited(site, "job.cancelled") + audited(site, "job.discarded")) == 2


def test_a_job_whose_like_waits_need_not_run_again(site: Site) -> None:
    dead = put_job(site, dedupe_key="same", **DEAD)
    put_job(site, dedupe_key="same")

    answer = post(site, f"/api/jobs/{dead}/retry", version="*")

    assert answer.status_code == 409
    assert get(site, "/api/jobs/count/retry")["count"]["jobs"] == 0


def test_all_that_match_are_counted_agreed_to_and_done(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    ours = [put_job(site, connection_id=clinic, **DEAD) for _ in range(3)]
    twins = [put_job(site, connection_id=clinic, dedupe_key="same", **DEAD) for _ in range(2)]
    spared = put_job(site, **DEAD)
    matching = {"state": "dead", "connection_id": str(clinic)}

    counted = get(site, "/api/jobs/count/retry", **matching)["count"]
    refused = post(site, "/api/jobs/retry", {"matching": matching, "count": 3})
    done = post(site, "/api/jobs/retry", {"matching": matching, "count": counted["jobs"]})

    assert counted == {"jobs": 4, "kinds": {"sync": 4}, "warnings": []}
    assert (refused.status_code, done.status_code) == (409, 200)
    assert sorted(done.json()["jobs"]) == [*ours, twins[1]]
    assert done.json()["left"] == 0
    assert job(site, spared)["state"] == job(site, twins[0])["state"] == "dead"
    [row] = audited(site, "jobs.retried")
    assert row["request_summary"].startswith("4 jobs matching state=dead connection_id=")
    assert row["pms_integration_id"] == clinic


def test_many_are_discarded_with_a_reason_only(site: Site) -> None:
    put_job(site, **DEAD)
    put_job(site, **DEAD)
    matching = {"error_kind": "Contract"}

    silent = post(site, "/api/jobs/discard", {"matching": matching, "count": 2})
    done = post(
        site, "/api/jobs/discard", {"matching": matching, "count": 2, "reason": "Mended by hand."}
    )

    assert (silent.status_code, done.status_code) == (422, 200)
    assert len(done.json()["jobs"]) == 2
    assert len(audited(site, "jobs.discarded")) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"matching": {"connection": "x"}, "count": 1},
        {"matching": {"kind": "Ann Example"}, "count": 1},
        {"matching": {}, "count": 0},
        {"count": 1},
    ],
)
def test_a_slip_of_the_pen_matches_nothing(site: Site, body: Mapping[str, Any]) -> None:
    job_id = put_job(site, **DEAD)

    answer = post(site, "/api/jobs/retry", body)

    assert answer.status_code == 422
    assert "Ann" not in answer.text
    assert job(site, job_id)["state"] == "dead"


def test_a_queue_is_paused_with_a_reason_and_resumed(site: Site) -> None:
    silent = post(site, "/api/queues/sync/pause", {"reason": " "})
    voice = post(site, "/api/queues/voice/pause", {"reason": "Quiet."})
    paused = [post(site, "/api/queues/sync/pause", {"reason": "The PMS is down."}) for _ in "ab"]
    told = get(site, "/api/queues")["queues"]
    resumed = [post(site, "/api/queues/sync/resume") for _ in "ab"]

    assert (silent.status_code, voice.status_code) == (422, 422)
    assert [one.json()["paused"] for one in (*paused, *resumed)] == [True, True, False, False]
    [sync] = [one["paused"] for one in told if one["queue"] == "sync"]
    assert (sync["reason"], sync["paused_by"]) == ("The PMS is down.", "script")
    assert len(audited(site, "queue.paused")) == len(audited(site, "queue.resumed")) == 1


def test_a_trail_goes_from_the_webhook_to_the_conflicts(site: Site) -> None:
    clinic = practice(site, "Example Clinic")
    job_id = put_job(site, "refetch", connection_id=clinic, trace_id="one-trace", state="done")
    put_run(site, clinic, job_id, trace_id="one-trace")
    put_job(site, "send_text", trace_id="one-trace", ago=5)
    with site.everything() as db:
        db.execute(
            text(
                "INSERT INTO deliveries (account_id, sender, event, dedupe_key, job_id, trace_id,"
                " received_at) VALUES ('default', 'halaxy', 'updated', 'k', :job, 't',"
                " now() - interval '1 hour')"
            ),
            {"job": job_id},
        )

    trail = get(site, f"/api/jobs/{job_id}/trail")["trail"]

    assert (trail["origin"], trail["trace_id"]) == ("webhook", "one-trace")
    assert [one["step"] for one in trail["steps"]] == [
        "delivery",
        "job",
        "requests",
        "rows",
        "conflicts",
        "job",
    ]
    counts = {one["step"]: one["counts"] for one in trail["steps"]}
    assert counts["requests"]["requests"] == 7
    assert (counts["rows"]["created"], counts["conflicts"]["opened"]) == (20, 1)


def test_a_trail_of_the_timetable_begins_with_its_job(site: Site) -> None:
    trail = get(site, f"/api/jobs/{put_job(site)}/trail")["trail"]

    assert trail["origin"] == "timetable"
    assert [one["step"] for one in trail["steps"]] == ["job"]


def test_calling_off_what_follows_a_write_is_warned_of(site: Site) -> None:
    put_job(site, "settle_write")

    cancelled = get(site, "/api/jobs/count/cancel", kind="settle_write")["count"]
    retried = get(site, "/api/jobs/count/retry", kind="settle_write")["count"]

    assert cancelled["jobs"] == 1
    assert "nobody learns whether it was done" in cancelled["warnings"][0]
    assert retried["warnings"] == []
