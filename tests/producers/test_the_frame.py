"""What every answer has in common, and how the process says it is well."""

import asyncio
import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from redis import Redis
from sqlalchemy import insert, text

from adapters.storage.tables import webhook_endpoints
from domain.jobs import Queue
from domain.people import Role
from producers.main import create_app
from tests.described import is_as_described
from tests.producers.conftest import Site
from tests.producers.seeding import DAY, NOW, Practice, Slot, seed, was_read
from tests.tenants.asking import every_route

pytestmark = pytest.mark.integration

EXAMPLE = Practice(vendor="gentu", name="Corner Clinic", timezone="Australia/Perth", books={})
ENDLESS_OR_FILES = {"/api/run-sheet/events", "/static/grid.css"}
WHERE_A_FORM_IS_SENT_FROM = "/login"
"""Its form is taken from here alone: browsers name the site it came from, never the page."""
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def referrers_at(path: str) -> str:
    return "strict-origin" if path == WHERE_A_FORM_IS_SENT_FROM else "no-referrer"


def test_nothing_inline_and_nothing_foreign_may_run(site: Site) -> None:
    for path in ("/login", "/healthz", "/nowhere", "/static/base.css"):
        answer = site.client.get(path)

        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == referrers_at(path)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_an_answer_to_a_defect_is_kept_nowhere_and_framed_by_nobody(
    site: Site, accept: str
) -> None:
    app = create_app(site.ports)

    @app.get("/a-defect")
    def defect() -> None:
        raise RuntimeError("Grace Invented")

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
            return await client.get("/a-defect", headers={"Accept": accept})

    answer = asyncio.run(asked())

    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    assert "Grace" not in answer.text


def test_a_file_that_is_not_there_is_said_to_whoever_asks_and_kept_nowhere(site: Site) -> None:
    token = site.sign_in()["X-CSRF-Token"]

    missing = site.client.get("/static/none.css", headers={"Accept": "text/html"})
    there = site.client.get("/static/base.css")

    assert (missing.status_code, token in missing.text) == (404, True)
    assert missing.headers["cache-control"] == "no-store"
    assert there.headers["cache-control"] == "no-cache"


def test_every_page_and_list_is_kept_nowhere(site: Site) -> None:
    site.sign_in()
    pages = [one.path for one in every_route(create_app(site.ports)) if one.method == "GET"]
    asked = [path for path in pages if path not in ENDLESS_OR_FILES and "{" not in path]

    answers = {path: site.client.get(path, headers={"Accept": "text/html"}) for path in asked}

    assert len(asked) > 40
    assert {one.headers["cache-control"] for one in answers.values()} == {"no-store"}
    told = {path: one.headers["referrer-policy"] for path, one in answers.items()}
    assert told == {path: referrers_at(path) for path in asked}


def test_patient_data_is_kept_nowhere_on_its_way(site: Site) -> None:
    answer = site.client.get("/api/run-sheet", headers=site.bearer())

    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/run-sheet", {"date": str(DAY), "include": "pms_status"}),
        ("/api/run-sheet/sync", {}),
        ("/api/pms/sync", {}),
        ("/api/conflicts", {}),
        ("/api/deliveries", {}),
    ],
)
def test_an_answer_has_the_names_that_are_described(
    site: Site, path: str, query: dict[str, str]
) -> None:
    answer = site.client.get(path, params=query, headers=site.bearer())

    assert answer.status_code == 200
    is_as_described(answer)


def test_pages_hold_no_inline_script_or_style(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/", params={"date": str(DAY)}).text

    assert "Grace Invented" in page
    assert "<script>" not in page
    assert "style=" not in page
    assert " onclick" not in page


def test_hostile_names_are_shown_and_never_run(site: Site) -> None:
    slot = Slot(at="09:00", patient=HOSTILE, notes=HOSTILE, kind=HOSTILE)
    books = {HOSTILE: (slot, replace(slot, at="10:00", telehealth=True))}
    practice = Practice(vendor="gentu", name=HOSTILE, timezone="Australia/Perth", books=books)
    with site.everything() as db:
        ids = seed(db, site.seal("hostile"), (practice,), account_id="hostile")
    site.sign_in(account_id="hostile")

    page = site.client.get("/", params={"date": str(DAY)}).text
    details = site.client.get(f"/sheet/entries/{ids[HOSTILE]}").text

    for html in (page, details):
        assert "<img" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_only_words_follow_the_direction_of_their_letters(site: Site) -> None:
    """An address would be turned round: what stands before its @ is after it from right to left."""
    slot = Slot(at="09:00", patient="محمد عبد الرحمن", notes="שלום")
    book = {"Dr Ida Madeup": (slot,)}
    practice = Practice(vendor="gentu", name="Rooms", timezone="Australia/Perth", books=book)
    with site.everything() as db:
        ids = seed(db, site.seal(), (practice,), day=DAY + timedelta(days=1))
    site.sign_in()

    details = site.client.get(f"/sheet/entries/{ids['محمد عبد الرحمن']}").text

    written = re.compile(r'data-edit="(\w+)".*?<span data-shown dir="(\w+)">', re.DOTALL)
    shown = dict(written.findall(details))
    assert {name for name, way in shown.items() if way == "auto"} == {"patient_name", "notes"}
    assert shown["patient_email"] == shown["patient_phone"] == "ltr"


def test_a_link_that_is_not_https_is_not_made_clickable(site: Site) -> None:
    site.sign_in()

    details = site.client.get(f"/sheet/entries/{site.ids['Grace Invented']}").text

    assert 'href="https://video.example.org/room/1"' in details
    assert 'rel="noopener noreferrer"' in details


def test_a_body_that_is_too_long_is_not_read(site: Site) -> None:
    path = f"/api/run-sheet/appointments/{site.ids['Grace Invented']}"
    headers = {**site.bearer(), "If-Match": "1"}

    known = site.client.patch(path, headers=headers, content=b"x" * 1_100_000)
    chunked = site.client.patch(path, headers=headers, content=(b"x" * 100_000 for _ in range(11)))

    assert (known.status_code, chunked.status_code) == (413, 413)


def test_alive_and_ready_are_different_questions(site: Site) -> None:
    alive, ready = site.client.get("/healthz"), site.client.get("/readyz")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "redis": "ok",
        "workers": "nobody serves voice, sync, default",
    }


def test_a_database_that_only_answers_is_not_ready(site: Site) -> None:
    with site.everything() as db:
        name = db.execute(text("SELECT current_database()")).scalar_one()
        db.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    site.ports.database.dispose()

    told = site.client.get("/readyz").json()["checks"]["database"]

    assert told == "is read only: nothing can be saved"


def test_a_redis_that_cannot_write_to_its_disk_is_told_as_that(
    site: Site, without_disk: Redis
) -> None:
    told = site.client.get("/readyz").json()["checks"]["redis"]

    assert told == "takes nothing in until it can write to its disk again"


def test_ready_once_every_queue_is_served(site: Site) -> None:
    with site.everything() as db:
        db.execute(
            text("INSERT INTO workers (id, pool, queues, threads) VALUES ('w', 'all', :queues, 4)"),
            {"queues": [queue.value for queue in Queue]},
        )

    assert site.client.get("/readyz").status_code == 200


def test_an_older_database_is_not_ready(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    assert "migrate" in site.client.get("/readyz").json()["checks"]["migrations"]


def test_a_database_of_a_later_version_is_served(site: Site) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert site.client.get("/readyz").json()["checks"]["migrations"] == "ok"


def test_metrics_count_and_name_nobody(site: Site) -> None:
    site.client.post("/api/run-sheet/sync", headers=site.bearer())

    found = site.client.get("/metrics").text

    assert 'pms_sync_jobs{queue="sync",state="ready"} 3.0' in found
    assert "pms_sync_oldest_due_job_seconds" in found
    assert 'route="/api/run-sheet/sync"' in found
    assert "pms_sync_database_up 1.0" in found
    assert "Example" not in found


def test_the_api_describes_itself(site: Site) -> None:
    paths = site.client.get("/openapi.json").json()["paths"]

    assert "/api/run-sheet" in paths
    assert "/api/run-sheet/appointments/{entry_id}" in paths


def test_a_person_without_the_sheet_is_told_so_on_a_page(site: Site) -> None:
    from_ops = site.client.get("/", headers={**site.bearer(Role.OPS), "Accept": "text/html"})

    assert from_ops.status_code == 403
    assert "may not do this" in from_ops.text


def test_a_day_that_was_read_and_is_empty_says_so_and_when(site: Site) -> None:
    with site.everything() as db:
        was_read(db, day=date(2026, 12, 25))
    site.sign_in()

    page = site.client.get("/", params={"date": "2026-12-25"}).text

    assert "Nobody is booked on Friday, 25 December" in page
    assert "Example Clinic read 11:05" in page
    assert "data-due" not in page


def test_a_day_of_another_year_shows_its_year(site: Site) -> None:
    site.sign_in()

    mistyped = site.client.get("/", params={"date": "2062-12-24"}).text
    meant = site.client.get("/", params={"date": "2026-12-24"}).text

    assert "24 December<span> 2062</span>" in mistyped
    assert "Sunday 24 December 2062 has not been read yet" in mistyped
    assert '24 December<span class="sr"> 2026</span>' in meant


def test_a_day_nobody_read_is_not_called_empty(site: Site) -> None:
    site.sign_in()

    page = site.client.get("/", params={"date": "2026-12-24"}).text

    assert "Thursday 24 December has not been read yet" in page
    assert "Nobody is booked" not in page
    assert page.count("data-read-day") == 1


def test_who_may_not_sync_is_told_and_asks_for_nothing(site: Site) -> None:
    site.sign_in(Role.PROVIDER)

    page = site.client.get("/", params={"date": "2026-12-24"}).text

    assert "Ask somebody who may sync" in page
    assert "data-due" not in page


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-23T10:00"])
def test_a_day_that_is_not_in_the_calendar_is_a_page_with_a_way_back(site: Site, day: str) -> None:
    site.sign_in()

    answer = site.client.get("/", params={"date": day}, headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert "not in the calendar" in answer.text
    assert 'href="/"' in answer.text
    assert "Sign out" in answer.text
    assert "Unprocessable" not in answer.text


@pytest.mark.parametrize("path", ["/", "/sync", "/connections"])
def test_an_account_without_a_practice_is_told_how_to_connect_one(site: Site, path: str) -> None:
    with site.everything() as db:
        seed(db, site.seal("new"), (), account_id="new")
    site.sign_in(account_id="new")

    shown = site.client.get(path).text

    assert "No practice is connected" in shown
    assert '<a class="button primary" href="/setup">Connect a practice</a>' in shown


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/queues/what-if", '<a href="/connections">Connections</a></p>'),
        ("/queues/shares", '<a href="/connections">Connections</a></p>'),
        ("/advancedmd", "An owner or admin can connect one, under Connections"),
    ],
)
def test_a_page_that_needs_a_practice_says_where_one_is_connected(
    site: Site, path: str, told: str
) -> None:
    with site.everything() as db:
        seed(db, site.seal("new"), (), account_id="new")
    site.sign_in(account_id="new")

    assert told in site.client.get(path, headers={"Accept": "text/html"}).text


def test_an_endpoint_that_is_paused_says_what_becomes_of_changes(site: Site) -> None:
    row = {"account_id": "default", "secret_ref": "tests/one", "told_in": 0, "created_by": "Sam"}
    url = "https://hooks.example.com/rests"
    with site.everything() as db:
        db.execute(insert(webhook_endpoints).values(**row, url=url, state="paused", created_at=NOW))
    site.sign_in()

    assert "until somebody resumes it" in site.client.get("/outgoing").text


def test_nobody_is_offered_a_sync_where_no_practice_can_be_read(site: Site) -> None:
    with site.everything() as db:
        seed(db, site.seal("new"), (), account_id="new")
        begun = text("UPDATE pms_connections SET state = 'SETUP_REQUIRED' WHERE account_id = :new")
        seed(db, site.seal("begun"), (EXAMPLE,), account_id="begun")
        db.execute(begun, {"new": "begun"})
    shown = {}
    for account in ("new", "begun", "default"):
        site.sign_in(account_id=account)
        shown[account] = site.client.get("/", params={"date": str(DAY)}).text

    offered = {name: "data-sync>" in page for name, page in shown.items()}
    kept = {name: "data-sync hidden>" in page for name, page in shown.items()}
    assert offered == {"new": False, "begun": False, "default": True}
    assert kept == {"new": True, "begun": True, "default": False}


def test_a_sheet_without_a_row_has_one_thing_to_do_first(site: Site) -> None:
    site.sign_in()

    empty = site.client.get("/", params={"date": "2026-12-24"}).text
    full = site.client.get("/", params={"date": str(DAY)}).text

    assert 'class="primary" data-read-day' in empty and 'class="primary" data-sync' not in empty
    assert 'class="primary" data-sync' in full


@pytest.mark.parametrize(("path", "role"), [("/", Role.BILLING), ("/sync", Role.OPS)])
def test_what_only_an_engineer_reads_is_put_in_words_wherever_a_practice_stands(
    site: Site, path: str, role: Role
) -> None:
    said = "Medirecords: GET /v1/practices/{site}/appointments answered 403"
    with site.everything() as db:
        update = text("UPDATE pms_connections SET state_reason = :said WHERE connector = :which")
        db.execute(update, {"said": said, "which": "medirecords"})
    site.sign_in(role)

    page = site.client.get(path, params={"date": str(DAY)} if path == "/" else {}).text

    assert "Medirecords no longer lets us in (it answered 403)." in page
    assert said not in page


@pytest.mark.parametrize("path", ["/sync", "/queues"])
def test_signing_in_again_is_offered_to_those_who_may(site: Site, path: str) -> None:
    shown = {}
    for role in (Role.OWNER, Role.OPS):
        site.sign_in(role)
        shown[role] = site.client.get(path).text

    assert "Sign in again</a>" in shown[Role.OWNER]
    assert "Sign in again</a>" not in shown[Role.OPS]
    assert "An owner or admin can sign in again." in shown[Role.OPS]


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (Role.OWNER, "Continue the setup</a>"),
        (Role.OPS, "An owner or admin can finish it."),
    ],
)
def test_a_practice_whose_setup_is_not_finished_is_offered_no_sync(
    site: Site, role: Role, told: str
) -> None:
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET state = 'SETUP_REQUIRED'"))
    site.sign_in(role)

    page = site.client.get("/sync").text

    assert page.count(told) == 3
    assert "data-now" not in page and "data-stop" not in page
