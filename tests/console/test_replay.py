"""A recorded sync at the command line: made, played, shown word for word, deleted, and audited."""

from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from adapters import pms
from tests.console.conftest import Shell, audit_rows, stored

pytestmark = pytest.mark.integration


def change(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


@pytest.fixture
def run(shell: Shell, connected: str) -> str:
    """A run that was recorded."""
    told = shell.answer("sync", connected, "--here", "--record")
    assert told["recording"]["is_full"] is False
    return str(told["run_id"])


def test_a_recorded_sync_is_played_to_the_code_as_it_is(
    shell: Shell, run: str, database_url: str
) -> None:
    rows = stored(database_url, "SELECT count(*) FROM run_sheet_appointments")
    asked = stored(database_url, "SELECT count(*) FROM vendor_requests")

    told = shell.answer("replay", run)

    assert (told["same"], told["not_recorded"], told["not_asked"]) == (True, None, 0)
    assert len(told["now"]["rows"]) == rows
    assert told["now"]["requests"] == told["then"]["requests"]
    assert any(row.get("patient_full_name") for row in told["now"]["rows"])
    assert stored(database_url, "SELECT count(*) FROM vendor_requests") == asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ffffffff", "--answers", "--forget"], "Choose one of --answers and --forget."),
        (["--forget"], "Name the run"),
        (["--answers"], "Name the run"),
    ],
)
def test_nothing_is_forgotten_for_a_wish_that_contradicts_itself(
    shell: Shell, words: list[str], said: str
) -> None:
    assert said in shell.complaint("replay", *words)


def test_a_replay_is_told_in_words(shell: Shell, run: str) -> None:
    outcome = shell("replay", run[:8])

    assert outcome.code == 0, outcome.err
    assert "The code makes of it what the run made of it." in outcome.out
    assert "Rows read" in outcome.out


def test_a_sync_says_how_its_recording_is_played(shell: Shell, connected: str) -> None:
    outcome = shell("sync", connected, "--here", "--record", "--dry-run")

    assert outcome.code == 0, outcome.err
    assert "To play it to the code as it is: pms-sync replay " in outcome.out


def test_what_the_pms_answered_is_shown_word_for_word(shell: Shell, run: str) -> None:
    told = shell.answer("replay", run, "--answers")

    listed = [one for one in told["answers"] if "/appointments?" in one["path"]]
    assert listed
    assert all('"appointments"' in one["answer"] for one in listed)
    assert {one["status"] for one in told["answers"]} == {200}


def test_a_replay_that_asks_what_is_not_recorded_says_what_and_fails(
    shell: Shell, run: str
) -> None:
    described = pms.vendor("gentu")
    assert described.appointments is not None
    elsewhere = replace(described.appointments, path="/tenants/{site}/visits")

    with pms.instead({"gentu": replace(described, appointments=elsewhere)}):
        outcome = shell("replay", run)

    assert outcome.code == 1
    assert "Broken off: this was asked and is not recorded: GET " in outcome.out
    assert "/visits?" in outcome.out


def test_a_run_that_goes_on_is_not_played_yet(shell: Shell, run: str, database_url: str) -> None:
    change(database_url, "UPDATE pms_sync_log SET status = 'running'")

    assert "not over yet" in shell.complaint("replay", run)


def test_a_recording_is_listed_and_deleted(shell: Shell, run: str) -> None:
    (listed,) = shell.answer("replay")["recordings"]
    gone = shell.answer("replay", run, "--forget")

    assert listed["run_id"] == run and listed["bytes"] > 0
    assert listed["kept_until"] > listed["begun_at"]
    assert gone == {"run_id": run, "forgotten": True}
    assert shell.answer("replay")["recordings"] == []
    assert "was forgotten; make one with" in shell.complaint("replay", run)


def test_making_reading_and_deleting_one_is_access_to_patients(
    shell: Shell, run: str, database_url: str
) -> None:
    shell("replay", run)
    shell("replay", run, "--answers")
    shell("replay", run, "--forget")

    rows = audit_rows(database_url, "recording.%")

    assert [one.action for one in rows] == [
        "recording.asked",
        "recording.read",
        "recording.read",
        "recording.forgotten",
    ]
    assert all(one.phi_accessed and one.user_id.startswith("cli:") for one in rows)
    assert all(f"run {run}" == one.request_summary for one in rows[1:])


def test_a_practice_that_leaves_something_out_is_not_recorded(
    shell: Shell, connected: str, run: str
) -> None:
    shell.answer("connections", "set", connected, "leave_out=phone")

    assert "leaves out phone" in shell.complaint("sync", connected, "--here", "--record")
    assert shell.answer("replay")["recordings"] == []
