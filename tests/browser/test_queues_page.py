"""The queues as an operator uses them, in a real browser: found, retried, discarded, paused."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.browser.driving import drive
from tests.producers.conftest import Site
from tests.producers.ledger import (
    ask,
    audited,
    budget_of,
    practice,
    put_chore,
    put_job,
    put_run,
    put_worker,
    sign_in,
    spend,
    turn_away,
)

pytestmark = [pytest.mark.browser, pytest.mark.integration]

TRACE = "3f1e2d4c8a550b9f6c1e5d2a4c3f9a77"


@pytest.fixture
def busy_ledger(site: Site) -> Site:
    """An hour of syncs done, some that wait, a practice whose PMS refuses, and nobody for voice."""
    clinic, harbour = practice(site, "Example Clinic"), practice(site, "Harbour Allied Health")
    put_worker(site, "worker-7f3a.sync-and-default.41", "sync", "default", silent=-600)
    sign_in(site, clinic)
    sign_in(site, harbour)
    put_worker(site, "worker-7f3a.voice.42", "voice", silent=90)
    for minute in range(2, 58, 3):
        done = put_job(site, connection_id=clinic, state="done", ago=60 * minute + 90)
        put_run(site, clinic, done, requests=11, ago=60 * minute + 80)
    put_run(site, harbour, 990_001, requests=240)
    put_chore(site, overdue=-60)
    put_job(
        site,
        connection_id=clinic,
        state="running",
        ago=20,
        worker="worker-7f3a.sync-and-default.41",
    )
    put_job(site, connection_id=harbour, ago=400, due=-380)
    put_job(site, connection_id=clinic, due=900, waiting_for="the hourly limit of Gentu")
    put_job(site, connection_id=practice(site, "Northside Specialists"), due=-5)
    for ago in (900, 1900, 2900):
        put_job(
            site,
            connection_id=practice(site, "Northside Specialists"),
            state="dead",
            ago=ago,
            error_kind="NeedsReconnect",
            error_text="Medirecords no longer accepts our sign-in.",
        )
    put_job(
        site,
        "send_text",
        state="dead",
        ago=7000,
        error_kind="Refused",
        error_text="The number cannot be texted.",
    )
    return site


def test_an_operator_finds_what_died_retries_discards_and_pauses(
    busy_ledger: Site, browser_parts: Path, tmp_path: Path
) -> None:
    site = busy_ledger
    clinic = practice(site, "Example Clinic")
    args = {"first_day": "2026-11-23", "sync_type": "full", "patient_name": "Canary Example"}
    job_id = put_job(site, connection_id=clinic, state="done", ago=500, trace_id=TRACE, args=args)
    put_run(site, clinic, job_id, trace_id=TRACE, ago=490)

    found = drive(
        "queues",
        base=str(site.client.base_url).rstrip("/"),
        token=site.link(),
        shots=tmp_path,
        trace=TRACE,
        job=job_id,
    )

    assert (found["title"], found["cards"]) == ("Queues", ["Voice", "Sync", "Default"])
    assert len(found["alarms"]) == 1
    assert "No workers for the voice queue" in found["alarms"][0]
    assert re.fullmatch(r"Oldest\s+\d+\s+min", found["oldest"].strip())
    assert found["bars"] == 12
    assert found["groups"][0].startswith("NeedsReconnect Northside Specialists")
    assert "Sync, Example Clinic" in found["hands"][0]
    assert "Silent for" in found["hands"][1]
    assert "Northside Specialists" in "".join(found["troubles"])
    assert "about 11 more requests" in found["foreseen"][1]
    assert "requests a minute" in found["foreseen"][0]
    assert (found["asked"], found["kinds"]) == ("Retry 3 jobs?", ["3 sync"])
    assert (found["retried"], found["dead"]) == ("3 jobs: ready again.", 1)
    assert "Say why" in found["lacking"]
    assert found["discarded"] == "1 job: discarded."
    assert found["trail"] == ["Job", "Asked of the vendor", "Rows on the sheet", "Conflicts"]
    assert "2026-11-23" in found["args"]
    assert "Canary" not in found["args"]
    assert "The PMS is being mended." in found["paused"]
    assert {one for name, one in found.items() if name.startswith("width")} == {390}
    assert found["trouble"] == []
    for action in ("jobs.retried", "jobs.discarded", "queue.paused", "queue.resumed"):
        assert len(audited(site, action)) == 1
    with site.everything() as db:
        assert db.execute(text("SELECT count(*) FROM paused_queues")).scalar_one() == 0


@pytest.fixture
def shared_ledger(site: Site) -> Site:
    """Two practices signed in, one much asked for; callers of a day, some of them unlucky."""
    for number, name in enumerate(("Example Clinic", "Harbour Allied Health")):
        own = practice(site, name)
        sign_in(site, own)
        put_run(site, own, 990_001 + number, requests=60 * (number + 1))
        spend(site, budget_of(site, own).bucket, own, 400 // (number + 1))
        put_job(site, connection_id=own, ago=300)
    for ago in range(0, 1300, 7):
        state = {0: "withdrawn", 3: "late"}.get(ago % 11, "answered")
        took = {"withdrawn": 4.1, "late": 15.0}.get(state, 0.8 + ago % 5 / 4)
        tool = "book-appointment" if ago % 3 else "search-patients"
        ask(site, state, tool=tool, took=took, ago=ago)
    turn_away(site, "search-patients", 4)
    return site


def test_an_operator_weighs_a_frequency_before_it_is_saved(
    shared_ledger: Site, browser_parts: Path, tmp_path: Path
) -> None:
    site = shared_ledger
    clinic = practice(site, "Example Clinic")

    found = drive(
        "budgets",
        base=str(site.client.base_url).rstrip("/"),
        token=site.link(),
        shots=tmp_path,
        clinic=str(clinic),
    )

    assert found["title"] == "What if"
    assert found["address"] == f"?every-{clinic}=1"
    assert "Example Clinic" in found["verdict"]
    assert "Late" in found["habit"]
    assert found["saved"] == "Saved; the next syncs follow it."
    assert found["was"].endswith("1 min")
    assert "400 of 460 fair" in found["shares"]
    assert "Turned away" in found["callers"]
    assert {one for name, one in found.items() if name.startswith("width")} == {390}
    assert found["trouble"] == []
    assert audited(site, "connection.changed") != []
