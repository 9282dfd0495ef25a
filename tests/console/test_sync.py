"""Syncing and reading the sheet from the command line, judged by the simulator's truth."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from console.truth import differences
from tests.console.conftest import Clinic, Shell

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).astimezone(ZoneInfo("Australia/Melbourne")).date()


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


def test_the_sheet_equals_the_truth(shell: Shell, connected: str, clinic: Clinic) -> None:
    shell.answer("sync", connected, "--here")

    rows = shell.answer("run-sheet", "--connection", connected)["appointments"]

    truth = clinic.simulator.truth(clinic.site)
    assert rows
    assert differences(truth, rows, first=TODAY, last=TODAY) == []


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
    ]
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
    assert shell.answer("run-sheet") == {"appointments": []}


def test_runs_and_jobs_tell_of_the_sync(shell: Shell, connected: str) -> None:
    run = shell.answer("sync", connected, "--here")

    [listed] = shell.answer("runs", "list", "--connection", connected)["runs"]
    shown = shell.answer("runs", "show", run["run_id"][:8])
    [job] = shell.answer("jobs", "list", "--state", "done")["jobs"]

    assert listed["id"] == shown["id"] == run["run_id"]
    assert shown["rejects"] == []
    assert (job["kind"], job["id"]) == ("sync", listed["job_id"])
    assert shell.answer("jobs", "show", str(job["id"]))["state"] == "done"


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


def test_the_sheet_is_readable_by_people(shell: Shell, connected: str) -> None:
    shell.answer("sync", connected, "--here")

    outcome = shell("run-sheet")

    assert outcome.code == 0
    assert f"{TODAY:%A %d %B %Y}" in outcome.out
    assert "Patient" in outcome.out
