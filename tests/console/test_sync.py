"""Syncing and reading the sheet from the command line, judged by the simulator's truth."""

import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from console.truth import differences
from infra import database
from simulators.front import Latency
from simulators.gentu import GentuSimulator
from simulators.serving import running
from simulators.setup import Setup
from tests.console.conftest import Clinic, Shell, audit_rows, clinic_of, connect, stored
from tests.lingering import slow

PATIENCE = 60
UNREADABLE = text(
    """
    INSERT INTO pms_rejects (account_id, run_id, query_key, pms_id, path, reason)
    SELECT 'default', :run, 'all', one, 'start', 'not a time'
    FROM generate_series(1, :many) AS one
    """
)

pytestmark = pytest.mark.integration


@pytest.fixture
def today() -> date:
    """The practice's, which may have changed since the tests before."""
    return datetime.now(UTC).astimezone(ZoneInfo("Australia/Melbourne")).date()


def test_a_sync_in_this_process_answers_what_it_did(shell: Shell, connected: str) -> None:
    first = shell.answer("sync", connected, "--here")
    second = shell.answer("sync", connected, "--here")

    assert list(first) == [
        "run_id",
        "status",
        "fetched",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "removed",
        "rejected",
        "conflicts",
        "errors",
    ]
    assert first["status"] == "success"
    assert first["created"] == first["fetched"] > 0
    assert (second["created"], second["unchanged"]) == (0, first["fetched"])


def test_the_sheet_equals_the_truth(
    shell: Shell, connected: str, clinic: Clinic, today: date
) -> None:
    shell.answer("sync", connected, "--here")

    rows = shell.answer("run-sheet", "--connection", connected)["appointments"]

    truth = clinic.simulator.truth(clinic.site)
    assert rows
    assert differences(truth, rows, first=today, last=today) == []


def test_at_eighty_columns_no_word_of_the_sheet_is_broken_and_a_note_is_a_sign(
    shell: Shell, connected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.answer("sync", connected, "--here")
    rows = shell.answer("run-sheet")["appointments"]

    monkeypatch.setenv("COLUMNS", "80")
    narrow = shell("run-sheet").out
    monkeypatch.setenv("COLUMNS", "200")
    wide = shell("run-sheet").out
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("sys.__stdout__", None)
    piped = shell("run-sheet").out

    noted = [one["notes"] for one in rows if one["notes"] and not one["removed"]]
    assert {one["status"] for one in rows if not one["removed"]} <= set(narrow.split())
    assert narrow.split().count("note") == len(noted)
    assert "The notes have no room here" in narrow
    assert "Notes" in wide and noted[0][:20] in wide
    assert "no room" not in wide
    assert all(one.partition("\n")[0][:20] in piped for one in noted)
    assert "no room" not in piped


def test_in_another_zone_the_next_sync_files_rows_by_that_clock(
    shell: Shell, connected: str, database_url: str, today: date
) -> None:
    """Whatever is on at midday in Melbourne is on the day before in Los Angeles."""
    around = ("--from", str(today - timedelta(days=1)), "--to", str(today))
    shell.answer("sync", connected, "--here")
    before = shell.answer("run-sheet", *around, "--connection", connected)["appointments"]

    shell.answer("connections", "set", connected, "--timezone", "America/Los_Angeles")
    asked_at = stored(database_url, "SELECT next_sync_at <= now() FROM pms_connections")
    kept = shell.answer("run-sheet", *around, "--connection", connected)["appointments"]
    shell.answer("sync", connected, "--here", *around)
    after = shell.answer("run-sheet", *around, "--connection", connected)["appointments"]

    starts = {one["pms_appointment_id"]: one["start"] for one in before}
    assert asked_at is True
    assert kept == before
    assert {one["pms_appointment_id"]: one["start"] for one in after} == starts
    assert {one["timezone"] for one in after} == {"America/Los_Angeles"}
    morning = shell.answer("run-sheet", "--date", str(today), "--connection", connected)
    assert len(morning["appointments"]) < len(after)


def test_a_row_has_the_names_scripts_rely_on(shell: Shell, connected: str) -> None:
    shell.answer("sync", connected, "--here")

    rows = shell.answer("run-sheet", "--date", "today")["appointments"]

    row = next(one for one in rows if one["patient"])

    assert list(row) == [
        "pms_appointment_id",
        "connection_id",
        "start",
        "end",
        "duration_minutes",
        "timezone",
        "status",
        "is_telehealth",
        "appointment_type",
        "patient",
        "practitioner",
        "clinician",
        "notes",
        "source",
        "removed",
        "provenance",
        "id",
        "overlaps",
        "referral_id",
    ]
    assert row["id"][:8] in shell("run-sheet", "--date", "today").out
    assert row["start"].endswith("Z")
    assert list(row["patient"]) == [
        "pms_id",
        "full_name",
        "first_name",
        "last_name",
        "phone",
        "email",
        "date_of_birth",
    ]
    assert list(row["practitioner"]) == ["pms_id", "full_name"]


def test_a_dry_run_tells_and_changes_nothing(shell: Shell, connected: str) -> None:
    told = shell.answer("sync", connected, "--here", "--dry-run")

    assert {one["what"] for one in told["changes"]} == {"add"}
    assert len(told["changes"]) == told["created"] > 0
    assert shell.answer("run-sheet") == {"appointments": [], "overlaps": []}


def test_most_of_a_day_vanishing_waits_for_a_persons_word(
    shell: Shell, quiet_clinic: Clinic, today: date
) -> None:
    connected = connect(shell, quiet_clinic)
    shell.answer("sync", connected, "--here")
    truth = quiet_clinic.simulator.truth(quiet_clinic.site)
    for one in truth["appointments"][2:]:
        quiet_clinic.control(f"appointments/{one['id']}", {"action": "delete"})

    stopped = shell("sync", connected, "--here", "--json")
    looked = shell.answer("sync", connected, "--here", "--dry-run", "--allow-removals")
    approved = shell.answer("sync", connected, "--here", "--allow-removals")

    rows = shell.answer("run-sheet")["appointments"]
    left = quiet_clinic.simulator.truth(quiet_clinic.site)
    assert stopped.code == 1
    assert stopped.json["status"] == "partial"
    assert "preview these days and approve" in stopped.json["errors"][0]
    assert "remove" in {one["what"] for one in looked["changes"]}
    assert approved["status"] == "success"
    assert approved["removed"] == looked["removed"] > 0
    assert differences(left, rows, first=today, last=today) == []


def test_a_dry_run_is_told_on_the_practices_clock(
    shell: Shell, own_clinic: Clinic, pairable: str
) -> None:
    first = shell("sync", pairable, "--here", "--dry-run")
    shell.answer("sync", pairable, "--here")
    rows = shell.answer("run-sheet")["appointments"]
    # A group's patients share one appointment, and all of them would move.
    held = Counter(one["pms_appointment_id"] for one in rows)
    row = next(one for one in rows if one["patient"] and held[one["pms_appointment_id"]] == 1)
    was = datetime.fromisoformat(row["start"])
    path = f"appointments/{row['pms_appointment_id']}"
    own_clinic.control(path, {"action": "reschedule", "minutes": 5})

    told = shell.answer("sync", pairable, "--here", "--dry-run")
    shown = shell("sync", pairable, "--here", "--dry-run")

    place = ZoneInfo(row["timezone"])
    then = (was + timedelta(minutes=5)).astimezone(place)
    [change] = told["changes"]
    assert f"{was.astimezone(place):%a %d %b %H:%M}" in first.out
    assert row["patient"]["full_name"] in first.out
    assert change["start"] == then.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert change["changed"]["start"] == [row["start"], change["start"]]
    assert f"{then:%a %d %b %H:%M}" in shown.out
    assert "start" in shown.out
    assert "+00:00" not in first.out + shown.out


def test_who_asks_for_a_sync_is_audited_with_what_it_may_do(
    shell: Shell, connected: str, database_url: str
) -> None:
    shell.answer("sync", connected, "--here", "--allow-removals")
    shell.answer("sync", connected, "--here", "--dry-run")

    rows = audit_rows(database_url, "%.asked")

    assert [row.action for row in rows] == ["sync.asked", "preview.asked"]
    assert [" allow_removals" in row.request_summary for row in rows] == [True, False]
    assert {str(row.pms_integration_id) for row in rows} == {connected}
    assert all(row.user_id.startswith("cli:") for row in rows)


def test_reading_a_dry_run_is_audited_with_what_it_shows(
    shell: Shell, connected: str, database_url: str
) -> None:
    shell.answer("sync", connected, "--here", "--dry-run")

    [row] = audit_rows(database_url, "dry_run.read")

    assert row.user_id.startswith("cli:")
    assert row.phi_fields == ["patient_name"]


def test_a_dry_run_is_shown_again_line_by_line(
    shell: Shell, connected: str, database_url: str
) -> None:
    looked = shell.answer("sync", connected, "--here", "--dry-run")

    told = shell.answer("runs", "show", looked["run_id"])
    shown = shell("runs", "show", looked["run_id"])

    assert told["changes"] == looked["changes"]
    named = [one["patient_name"] for one in looked["changes"] if one["patient_name"]]
    assert named and named[0] in shown.out
    assert re.search(r"Took +(under 0\.1|\d\.\d|\d\d) s", shown.out)
    assert [one.endpoint for one in audit_rows(database_url, "dry_run.read")] == [
        "pms-sync sync --dry-run",
        "pms-sync runs show",
        "pms-sync runs show",
    ]


def test_a_run_of_which_very_many_could_not_be_read_says_why_once(
    shell: Shell, connected: str, database_url: str
) -> None:
    run = shell.answer("sync", connected, "--here")["run_id"]
    engine = database.engine(database_url, application_name="tests")
    with database.transaction(engine) as db:
        db.execute(UNREADABLE, {"run": run, "many": 120})
    engine.dispose()

    told = shell("runs", "show", run)
    listed = shell.answer("runs", "show", run)

    assert told.out.count("not a time") == 1
    assert "120" in told.out
    assert "--json lists each of the 120 records" in told.out
    assert len(listed["rejects"]) == 120


def test_listed_runs_say_once_what_went_wrong_at_a_practice(
    shell: Shell, connected: str, database_url: str
) -> None:
    for _ in range(2):
        shell.answer("sync", connected, "--here")
    engine = database.engine(database_url, application_name="tests")
    with database.transaction(engine) as db:
        db.execute(text("UPDATE pms_sync_log SET status = 'failed', error_message = 'It is away.'"))
    engine.dispose()

    assert "2 runs: It is away." in shell("runs", "list").out


def test_runs_and_jobs_tell_of_the_sync(shell: Shell, connected: str) -> None:
    run = shell.answer("sync", connected, "--here")

    [listed] = shell.answer("runs", "list", "--connection", connected)["runs"]
    shown = shell.answer("runs", "show", run["run_id"][:8])
    [job] = shell.answer("jobs", "list", "--state", "done")["jobs"]

    assert listed["id"] == shown["id"] == run["run_id"]
    assert shown["rejects"] == []
    assert (job["kind"], job["id"]) == ("sync", listed["job_id"])
    assert shell.answer("jobs", "show", str(job["id"]))["state"] == "done"


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """SIGINT as a terminal's process has it: one started with `&` by a script ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_sync_told_to_stop_hands_its_job_back(
    shell: Shell, database_url: str, told: signal.Signals
) -> None:
    simulator = GentuSimulator(Setup(seed=12, practitioners=3, appointments=20, limits=()))
    with running(simulator) as url, ThreadPoolExecutor(max_workers=1) as thread:
        connected = connect(shell, clinic_of(simulator.described(url)))
        asked = slow(simulator.front)

        def stop() -> None:
            assert asked.wait(PATIENCE)
            os.kill(os.getpid(), told)

        stopped = thread.submit(stop)
        outcome = shell("sync", connected, "--here")
        stopped.result()

        assert (outcome.code, outcome.out) == (130, "")
        assert stored(database_url, "SELECT state FROM jobs WHERE kind = 'sync'") == "ready"
        simulator.front.latency = Latency()
        assert shell.answer("sync", connected, "--here")["status"] == "success"


def test_a_sync_here_says_what_it_waits_for(
    shell: Shell, own_clinic: Clinic, pairable: str
) -> None:
    fault = {"fault": "429", "path": "/appointments", "times": 1, "seconds": 3}
    own_clinic.control("faults", {"scripts": [fault]})

    outcome = shell("sync", pairable, "--here", "--json")

    assert outcome.json["status"] == "success"
    assert re.search(r"waiting for Gentu.*'s request limit until \d\d:\d\d:\d\d", outcome.err)


def test_a_preview_is_approved_by_command(
    shell: Shell, quiet_clinic: Clinic, database_url: str
) -> None:
    connected = connect(shell, quiet_clinic)
    shell.answer("sync", connected, "--here")
    truth = quiet_clinic.simulator.truth(quiet_clinic.site)
    for one in truth["appointments"][2:]:
        quiet_clinic.control(f"appointments/{one['id']}", {"action": "delete"})
    told = shell.answer("sync", connected, "--here", "--dry-run")

    done = shell.answer("runs", "approve", told["run_id"][:8], "--here")
    again = shell.complaint("runs", "approve", told["run_id"], "--here")

    assert (done["status"], done["removed"]) == ("success", told["removed"])
    assert done["compared"] == "as previewed"
    assert "approved already" in again
    [row] = audit_rows(database_url, "preview.approved")
    assert row.user_id.startswith("cli:")


def test_a_range_is_read_here_chunk_by_chunk(
    shell: Shell, quiet_clinic: Clinic, today: date
) -> None:
    connected = connect(shell, quiet_clinic)
    first = (today - timedelta(days=9)).isoformat()
    days = ["--from", first, "--to", today.isoformat()]

    done = shell.answer("connections", "backfill", connected, *days, "--here")
    told = shell("connections", "backfill", connected)
    runs = shell.answer("runs", "list", "--connection", connected)["runs"]

    assert (done["state"], done["days_done"], done["days_total"]) == ("done", 10, 10)
    assert done["created"] > 0
    assert "done, 10 of 10 days" in told.out
    assert [one["day_to"] for one in runs] == [
        (today - timedelta(days=7)).isoformat(),
        today.isoformat(),
    ]


def test_a_range_is_steered_by_command(shell: Shell, connected: str) -> None:
    assert "name one with --from" in shell.complaint("connections", "backfill", connected)
    assert "add --here" in shell.complaint(
        "connections", "backfill", connected, "--from", "2026-06-01"
    )
    assert "Choose one" in shell.complaint(
        "connections", "backfill", connected, "--pause", "--cancel"
    )


def test_without_workers_the_sync_says_what_to_do(shell: Shell, connected: str) -> None:
    assert "add --here" in shell.complaint("sync", connected)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--from", "31/03/2026"], "is not a date; write it like 2026-03-31"),
        (["--from", "2026-04-02", "--to", "2026-04-01"], "before it starts"),
    ],
)
def test_days_that_make_no_sense_are_refused(
    shell: Shell, connected: str, arguments: list[str], complaint: str
) -> None:
    assert complaint in shell.complaint("sync", connected, "--here", *arguments)
    assert complaint in shell.complaint("run-sheet", *arguments)


def test_the_sheet_is_readable_by_people(shell: Shell, connected: str, today: date) -> None:
    shell.answer("sync", connected, "--here")

    outcome = shell("run-sheet")

    assert outcome.code == 0
    assert f"{today:%A %d %B %Y}" in outcome.out
    assert "Patient" in outcome.out
