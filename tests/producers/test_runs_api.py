"""Runs and ranges over JSON: asked for, followed, previewed, approved, steered."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from adapters.storage.practices import connections
from adapters.storage.runs.run_log import TABLE
from adapters.storage.tables import pms_rejects, pms_sync_log
from domain.accesses import ReadingLimits
from domain.changes import shape_of
from domain.people import Role
from infra.database import transaction
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, NOW, seed, was_read

pytestmark = pytest.mark.integration

LINES = [
    {
        "what": "change",
        "id": str(UUID(int=1)),
        "start": "2026-11-22 22:00:00+00:00",
        "patient_name": "Ann Example",
        "duration_minutes": 15,
        "status": "arrived",
        "appointment_type": "Review",
        "changed": {"status": ["booked", "arrived"], "patient_phone": [None, "0400 000 000"]},
    },
    {
        "what": "remove",
        "id": str(UUID(int=2)),
        "start": "2026-11-22 21:00:00+00:00",
        "patient_name": "Kit Example",
        "duration_minutes": 15,
        "status": "booked",
        "appointment_type": "Review",
    },
]


def practice(site: Site, name: str = "Halaxy") -> UUID:
    with site.everything() as db:
        query = text(
            "SELECT id FROM pms_connections WHERE connector = :vendor AND state = 'ACTIVE'"
        )
        found: UUID = db.execute(query, {"vendor": name.lower()}).scalar_one()
    return found


def previewed(site: Site, connection_id: UUID, **columns: Any) -> UUID:
    """A dry run that has ended."""
    run_id = uuid4()
    row = {
        "id": run_id,
        "account_id": "default",
        "pms_connection_id": connection_id,
        "job_id": 800_001,
        "sync_type": "manual",
        "dry_run": True,
        "day_from": DAY,
        "day_to": DAY,
        "status": "success",
        "started_at": NOW,
        "completed_at": NOW,
        "diff": site.seal().document(run_id, "diff", LINES, table=TABLE),
        "trace_id": "t",
        **columns,
    }
    with site.everything() as db:
        db.execute(insert(pms_sync_log), row)
    return run_id


def audited(site: Site) -> list[tuple[str, list[str]]]:
    with site.everything() as db:
        rows = db.execute(text("SELECT action, phi_fields FROM pms_audit_logs ORDER BY id")).all()
    return [(row.action, row.phi_fields) for row in rows]


def jobs(site: Site) -> list[Mapping[str, Any]]:
    with site.everything() as db:
        found = db.execute(text("SELECT * FROM jobs WHERE kind = 'sync' ORDER BY id")).mappings()
        return [dict(row) for row in found]


@pytest.fixture
def connection_id(site: Site) -> UUID:
    return practice(site)


def test_a_sync_of_one_practice_is_asked_for(site: Site, connection_id: UUID) -> None:
    answer = site.client.post(
        f"/api/pms/connections/{connection_id}/sync",
        headers=site.bearer(),
        json={"from": "2026-11-23", "to": "2026-11-24", "dry_run": True},
    )

    [job] = jobs(site)
    assert (answer.status_code, answer.json()) == (202, {"success": True, "job_id": job["id"]})
    assert (job["connection_id"], job["args"]["dry_run"]) == (connection_id, True)
    assert (job["args"]["first_day"], job["args"]["last_day"]) == ("2026-11-23", "2026-11-24")
    assert audited(site) == [("preview.asked", [])]


def test_without_days_today_is_meant(site: Site, connection_id: UUID) -> None:
    site.client.post(f"/api/pms/connections/{connection_id}/sync", headers=site.bearer())

    [job] = jobs(site)
    assert job["args"]["first_day"] == job["args"]["last_day"] == DAY.isoformat()


@pytest.mark.parametrize(
    "wanted",
    [
        {"from": "2026-11-24", "to": "2026-11-23"},
        {"from": "today", "to": "today"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": "9999-12-25", "to": "9999-12-31"},
        {"from": "1995-01-01", "to": "2026-11-23"},
    ],
)
def test_days_that_make_no_sense_are_refused(
    site: Site, connection_id: UUID, wanted: dict[str, str]
) -> None:
    for path in ("sync", "backfills"):
        answer = site.client.post(
            f"/api/pms/connections/{connection_id}/{path}",
            headers={**site.bearer(), "Idempotency-Key": path},
            json=wanted,
        )
        assert answer.status_code == 422
    assert jobs(site) == []


def test_the_history_is_paged_newest_first(site: Site, connection_id: UUID) -> None:
    with site.everything() as db:
        for hours in range(3):
            was_read(db, at=NOW - timedelta(hours=hours))
    path = f"/api/pms/connections/{connection_id}/sync"

    first = site.client.get(path, params={"limit": 2}, headers=site.bearer()).json()
    rest = site.client.get(
        path, params={"limit": 2, "cursor": first["next_cursor"]}, headers=site.bearer()
    ).json()

    told = [one["completed_at"] for one in (*first["runs"], *rest["runs"])]
    assert (len(first["runs"]), len(rest["runs"]), rest["next_cursor"]) == (2, 1, None)
    assert told == sorted(told, reverse=True)
    assert {one["connection_id"] for one in first["runs"]} == {str(connection_id)}


def test_the_whole_status_names_what_runs_and_what_waits(site: Site, connection_id: UUID) -> None:
    previewed(site, connection_id, status="running", completed_at=None, queries_total=4)
    site.client.post(f"/api/pms/connections/{connection_id}/sync", headers=site.bearer())

    told = site.client.get("/api/pms/sync", headers=site.bearer()).json()["sync"]

    assert [one["queries_total"] for one in told["running"]] == [4]
    assert [one["connection_id"] for one in told["waiting"]] == [str(connection_id)]
    assert {one["status"] for one in told["connections"]} >= {"on_time"}
    assert told["workers"] == 0


def test_a_preview_is_opened_for_those_who_may_see_patients_and_audited(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id)

    told = site.client.get(f"/api/pms/runs/{run_id}", headers=site.bearer()).json()["run"]

    assert [one["patient_name"] for one in told["diff"]["remove"]] == ["Kit Example"]
    assert told["diff"]["change"][0]["changed"]["status"] == ["booked", "arrived"]
    assert told["diff"]["change"][0]["start"] == "2026-11-22T22:00:00Z"
    assert told["diff"]["add"] == []
    assert told["may_be_approved"] is True
    assert audited(site) == [("dry_run.read", ["patient_name", "patient_phone"])]


@pytest.mark.parametrize("where", ["/api/pms/runs/{}", "/sync/runs/{}"])
def test_patients_in_previews_count_as_read_and_nobody_reads_all_of_them_so(
    make_site: Callable[..., Site], where: str
) -> None:
    site = make_site(reading=ReadingLimits(rows_an_hour=len(LINES)))
    with site.everything() as db:
        seed(db, site.seal())
    first, second = (previewed(site, practice(site), job_id=one) for one in (1, 2))

    asked = [first, first, second, first]
    answers = [site.client.get(where.format(one), headers=site.bearer()) for one in asked]

    assert [one.status_code for one in answers] == [200, 200, 429, 200]
    assert "Kit Example" not in answers[2].text
    assert ("access.limited", []) in audited(site)


def test_operators_see_the_counts_of_a_preview_and_nobodys_name(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id, removed=1)

    answer = site.client.get(f"/api/pms/runs/{run_id}", headers=site.bearer(Role.OPS))
    page = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer(Role.OPS))

    assert (answer.json()["run"]["diff"], answer.json()["run"]["removed"]) == (None, 1)
    assert "Kit Example" not in answer.text + page.text
    assert "shown to those who may see the run sheet" in page.text
    assert audited(site) == []


def test_rejects_are_told_by_path_and_reason(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id, dry_run=False, diff=None)
    row = {"account_id": "default", "run_id": run_id, "query_key": "all", "pms_id": "7"}
    with site.everything() as db:
        db.execute(insert(pms_rejects), {**row, "path": "start", "reason": "start: not a time"})

    told = site.client.get(f"/api/pms/runs/{run_id}", headers=site.bearer()).json()["run"]

    assert told["rejects"] == [
        {"query_key": "all", "pms_id": "7", "path": "start", "reason": "start: not a time"}
    ]
    page = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer()).text
    assert "start: not a time" in page


def test_a_practice_of_which_nothing_can_be_read_is_told_why_once(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id, dry_run=False, diff=None)
    row = {"account_id": "default", "run_id": run_id, "query_key": "all", "path": "start"}
    with site.everything() as db:
        many = [{**row, "pms_id": f"{one:04}", "reason": "not a time"} for one in range(2000)]
        db.execute(insert(pms_rejects), [*many, {**row, "pms_id": "9", "reason": "no start"}])

    page = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer()).text

    assert page.count("not a time") == 1
    assert "record 0000 and 1,999 more" in page
    assert "2,001" in page
    assert page.index("not a time") < page.index("no start")


def test_a_preview_is_approved_once_with_a_job_of_ids_only(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)

    first = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer())
    again = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer())

    [job] = jobs(site)
    assert (first.status_code, first.json()["job_id"]) == (202, job["id"])
    assert job["args"]["approved_run"] == str(run_id)
    assert "Example" not in str(job["args"])
    assert again.status_code == 409
    assert "approved already" in again.json()["detail"]
    told = site.client.get(f"/api/pms/runs/{run_id}", headers=site.bearer()).json()["run"]
    assert (told["approved_by"], told["approved_job_id"]) == ("script", job["id"])


def test_an_old_preview_is_refused_politely(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id, completed_at=NOW - timedelta(hours=25))

    refused = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer())

    assert refused.status_code == 409
    assert refused.json()["detail"] == "This preview is older than a day; make a new one."


def test_a_discarded_preview_holds_nothing_any_more(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)

    told = site.client.post(f"/api/pms/runs/{run_id}/discard", headers=site.bearer()).json()

    assert told["run"]["may_be_approved"] is False
    refused = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer())
    assert "discarded" in refused.json()["detail"]
    assert audited(site) == [("preview.discarded", [])]


@pytest.mark.parametrize("path", ["approve", "discard"])
def test_who_may_not_sync_decides_nothing(site: Site, connection_id: UUID, path: str) -> None:
    run_id = previewed(site, connection_id)

    refused = site.client.post(f"/api/pms/runs/{run_id}/{path}", headers=site.bearer(Role.PROVIDER))

    assert refused.status_code == 403
    assert jobs(site) == []


def test_who_may_not_see_a_preview_may_not_approve_it(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)

    answer = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer(Role.OPS))

    assert answer.status_code == 403
    assert jobs(site) == []


@pytest.mark.parametrize("path", ["sync", "backfills"])
def test_a_foreign_practice_has_no_history(site: Site, path: str) -> None:
    answer = site.client.get(f"/api/pms/connections/{uuid4()}/{path}", headers=site.bearer())

    assert answer.status_code == 404


def test_a_foreign_run_looks_like_none(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)
    with site.everything() as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Other')"))
    stranger = site.bearer(account_id="other")

    for method, path in (("GET", ""), ("POST", "/approve"), ("POST", "/discard")):
        answer = site.client.request(method, f"/api/pms/runs/{run_id}{path}", headers=stranger)
        assert answer.status_code == 404


def begin(site: Site, connection_id: UUID, *, key: str = "k", **days: str) -> Any:
    return site.client.post(
        f"/api/pms/connections/{connection_id}/backfills",
        headers={**site.bearer(), "Idempotency-Key": key},
        json={"from": "2026-06-01", "to": "2026-06-30", **days},
    )


def test_a_range_is_begun_once_for_each_key(site: Site, connection_id: UUID) -> None:
    first, again = begin(site, connection_id), begin(site, connection_id)

    told = first.json()["backfill"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (told["days_done"], told["days_total"], told["state"]) == (0, 30, "running")
    [job] = jobs(site)
    assert (job["args"]["first_day"], job["args"]["last_day"]) == ("2026-06-24", "2026-06-30")
    other = begin(site, connection_id, key="another")
    assert (other.status_code, "under way" in other.json()["detail"]) == (409, True)


def test_a_range_is_steered_and_listed(site: Site, connection_id: UUID) -> None:
    backfill_id = begin(site, connection_id).json()["backfill"]["id"]

    def steer(how: str) -> Any:
        path = f"/api/pms/backfills/{backfill_id}/{how}"
        return site.client.post(path, headers=site.bearer())

    paused = steer("pause").json()["backfill"]
    assert (paused["state"], paused["reason"]) == ("paused", "Paused by script.")
    assert steer("pause").status_code == 409
    assert steer("resume").json()["backfill"]["state"] == "running"
    assert steer("cancel").json()["backfill"]["state"] == "cancelled"
    path = f"/api/pms/connections/{connection_id}/backfills"
    listed = site.client.get(path, headers=site.bearer()).json()
    assert [one["id"] for one in listed["backfills"]] == [backfill_id]
    assert [action for action, _ in audited(site)] == [
        *("backfill.begun", "backfill.paused", "backfill.resumed", "backfill.cancelled")
    ]


def test_a_range_needs_a_key(site: Site, connection_id: UUID) -> None:
    path = f"/api/pms/connections/{connection_id}/backfills"

    refused = site.client.post(
        path, headers=site.bearer(), json={"from": "2026-06-01", "to": "2026-06-02"}
    )

    assert refused.status_code == 400
    assert "Idempotency-Key" in refused.json()["detail"]


def test_the_page_shows_every_practice_with_its_runs(site: Site, connection_id: UUID) -> None:
    previewed(site, connection_id, fetched=24, removed=1, updated=2)

    page = site.client.get("/sync", headers={**site.bearer(), "Accept": "text/html"}).text

    assert page.count('class="board-card"') == 3
    assert "24 read: 2 changed, 1 removed" in page
    assert "to decide" in page
    assert 'aria-current="page">Sync' in page


def test_a_run_says_how_long_it_took_to_the_tenth_of_a_second(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id, completed_at=NOW + timedelta(milliseconds=430))

    page = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer()).text

    assert "· 0.4 s</p>" in page


def prospect(site: Site, run_id: UUID, role: Role = Role.OWNER) -> tuple[bool, str]:
    """Whether approving is offered, and what is said of it."""
    page = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer(role)).text
    acts = page.partition('<p class="run-actions">')[2].partition("</p>")[0]
    return "Approve" in acts, acts.partition('<span class="hint">')[2].partition("</span>")[0]


def test_a_preview_says_until_when_it_can_be_approved(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)
    next_at = text("UPDATE pms_connections SET next_sync_at = :at WHERE id = :id")
    said = []
    for at in (None, NOW + timedelta(minutes=4), NOW, NOW + timedelta(days=3)):
        with site.everything() as db:
            db.execute(next_at, {"at": at, "id": connection_id})
        said.append(prospect(site, run_id))
    with site.everything() as db:
        db.execute(next_at, {"at": NOW, "id": connection_id})
        db.execute(text("UPDATE pms_connections SET sync_enabled = false"))
    by_hand = prospect(site, run_id)

    assert by_hand == (True, "Until 24 Nov 11:05.")
    assert said == [
        (True, "Until 24 Nov 11:05."),
        (True, "Until these days are synced again, 23 Nov 11:09."),
        (True, "The next sync of these days is due; after it, make a new one."),
        (True, "Until 24 Nov 11:05."),
    ]


def test_a_preview_that_would_be_refused_is_not_offered(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)
    assert prospect(site, run_id, Role.OPS) == (
        False,
        "Only somebody who may see it can approve it.",
    )

    after = {"completed_at": NOW + timedelta(minutes=1), "job_id": 800_002}
    previewed(site, connection_id, dry_run=False, **after)

    is_offered, said = prospect(site, run_id)
    assert not is_offered
    assert said.startswith("These days were synced since this preview was made")


def standing(site: Site, run_id: UUID) -> tuple[str, str, bool]:
    """How a preview stands: in its practice's list (nothing there), by itself, over the API."""
    own = site.client.get(f"/sync/runs/{run_id}", headers=site.bearer()).text
    board = site.client.get("/sync/boards?every=true", headers=site.bearer()).text
    row = board.partition(f'id="run-{run_id}"')[2].partition("</li>")[0]
    told = site.client.get(f"/api/pms/runs/{run_id}", headers=site.bearer()).json()["run"]
    words = [re.findall(r'class="outcome [^>]*>([^<]*)', one) for one in (row, own)]
    return "".join(words[0]), "".join(words[1]), told["may_be_approved"]


def test_a_preview_that_a_sync_has_overtaken_is_out_of_date(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id)
    before = standing(site, run_id)
    after = {"completed_at": NOW + timedelta(minutes=1), "dry_run": False}
    elsewhere = {"day_from": DAY + timedelta(days=9), "day_to": DAY + timedelta(days=9)}
    previewed(site, connection_id, job_id=800_002, **after, **elsewhere)
    besides = standing(site, run_id)

    previewed(site, connection_id, job_id=800_003, **after)

    assert before == besides == ("to decide", "to decide", True)
    assert standing(site, run_id) == ("out of date", "out of date", False)
    path = f"/api/pms/connections/{connection_id}/sync"
    listed = site.client.get(path, headers=site.bearer()).json()["runs"]
    assert [one["may_be_approved"] for one in listed] == [False, False, False]


def test_a_preview_whose_practice_is_shown_otherwise_by_now_is_out_of_date(
    site: Site, connection_id: UUID
) -> None:
    with transaction(site.ports.database, account_id="default") as db:
        shape = shape_of(connections.load(db, connection_id))
    run_id = previewed(site, connection_id, shape=shape)
    before = standing(site, run_id)

    with site.everything() as db:
        db.execute(text("UPDATE pms_clinician_mappings SET sync_enabled = NOT sync_enabled"))

    assert before == ("to decide", "to decide", True)
    assert standing(site, run_id) == ("out of date", "out of date", False)
    assert prospect(site, run_id)[1].startswith("Which clinicians and types are shown")


def test_a_preview_that_is_older_than_a_day_is_out_of_date(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id, completed_at=NOW - timedelta(hours=25))

    assert standing(site, run_id) == ("out of date", "out of date", False)


def test_a_preview_of_a_practice_that_was_removed_says_so_and_can_still_be_discarded(
    site: Site, connection_id: UUID
) -> None:
    run_id = previewed(site, connection_id)
    with site.everything() as db:
        removed = text("UPDATE pms_connections SET removed_at = :at WHERE id = :id")
        db.execute(removed, {"at": NOW, "id": connection_id})

    stands, offered = standing(site, run_id), prospect(site, run_id)
    refused = site.client.post(f"/api/pms/runs/{run_id}/approve", headers=site.bearer())
    discarded = site.client.post(f"/api/pms/runs/{run_id}/discard", headers=site.bearer())

    said = "This practice was removed since this preview was made."
    assert stands == ("", "out of date", False)
    assert offered == (False, said)
    assert (refused.status_code, refused.json()["detail"]) == (409, said)
    assert discarded.status_code == 200


def test_a_preview_of_a_paused_practice_waits_for_it(site: Site, connection_id: UUID) -> None:
    run_id = previewed(site, connection_id)
    with site.everything() as db:
        paused = text("UPDATE pms_connections SET state = 'INACTIVE' WHERE id = :id")
        db.execute(paused, {"id": connection_id})

    assert standing(site, run_id)[:2] == ("to decide", "to decide")
    assert prospect(site, run_id)[1].startswith("This practice does not sync at present")
