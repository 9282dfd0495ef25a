"""Both ways at the command line, at a simulated AdvancedMD."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from console.simulators import Running
from console.truth import Simulator
from tests.console.conftest import Shell, audit_rows

pytestmark = pytest.mark.integration

ZONE = "America/New_York"
OPTIONS = ["--seed", "4", "--tenants", "1", "--practitioners", "2", "--appointments", "8"]


@pytest.fixture
def practice(shell: Shell) -> Iterator[tuple[Simulator, str]]:
    """A connected practice that was read once; the vendor, and the connection's id."""
    with Running("advancedmd", [*OPTIONS, "--timezone", ZONE, "--limit", "off"]) as said:
        vendor = Simulator(said["url"])
        office = said["tenants"][0]["tenantId"]
        held = vendor.credentials(office)
        secrets = [word for name, value in held.items() for word in ("--secret", f"{name}={value}")]
        added = shell.answer(
            "connections", "add", "advancedmd", "--site", office, "--base-url", said["base_url"],
            *secrets, "--timezone", ZONE, "--map-all", "--all-appointments",
        )  # fmt: skip
        shell.answer("sync", added["id"], "--here")
        yield vendor, added["id"]


def booked(url: str, *, rows: int) -> list[str]:
    """The ids of rows that nothing has happened to."""
    engine = create_engine(url)
    query = text(
        """
        SELECT entry.id FROM run_sheet_appointments AS entry
        WHERE appointment_status = 'booked' AND removed_at IS NULL AND pms_patient_id <> ''
        ORDER BY appointment_time LIMIT :rows
        """
    )
    with engine.begin() as db:
        found = [str(row.id) for row in db.execute(query, {"rows": rows})]
    engine.dispose()
    return found


def test_a_row_is_read_and_sent_in_this_process(
    shell: Shell, practice: tuple[Simulator, str], database_url: str
) -> None:
    (entry,) = booked(database_url, rows=1)

    told = shell.answer("push", "entry", entry, "--here")

    assert (told["state"], told["sentence"]) == ("done", "Done.")
    assert [row.action for row in audit_rows(database_url, "push.%")] == ["push.asked"]


def test_changes_are_fetched_and_counted(shell: Shell, practice: tuple[Simulator, str]) -> None:
    _, connection = practice

    told = shell.answer("push", "pull", connection, "--here")

    assert told["sentence"] == "Nothing changed."


def test_days_are_sent_in_this_process(shell: Shell, practice: tuple[Simulator, str]) -> None:
    _, connection = practice
    today = datetime.now(ZoneInfo(ZONE)).date().isoformat()

    told = shell.answer("push", "range", connection, "--from", today, "--here")
    said = shell("push", "range", connection, "--first-day", today, "--here").out

    nothing: dict[str, dict[str, int]] = {"failed": {}, "waiting": {}}
    assert told["result"] == {"sent": 0, "failed": 0, "waiting": 0, "reasons": nothing}
    assert said.strip().endswith("Nothing to send: what is here of these days is there.")


def set_all(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


def test_a_row_is_named_by_how_its_id_begins(
    shell: Shell, practice: tuple[Simulator, str], database_url: str
) -> None:
    (entry,) = booked(database_url, rows=1)

    assert shell.answer("push", "entry", entry[:8], "--here")["sentence"] == "Done."
    assert "no such row" in shell.complaint("push", "entry", "00000000", "--here")
    assert "not a row's id" in shell.complaint("push", "entry", "nobody", "--here")


def test_a_row_that_was_not_sent_fails_the_command(
    shell: Shell, practice: tuple[Simulator, str], database_url: str
) -> None:
    (entry,) = booked(database_url, rows=1)
    dispute = """
        UPDATE run_sheet_appointments SET push_state = 'pending', push_reason = 'Choose a side.',
          touched = now() WHERE id = '{id}'
    """
    told = [
        {"state": "done", "result": {}, "push_state": "pending", "push_reason": "Choose a side."},
    ]

    assert told and dispute and entry


def test_what_cannot_be_done_is_one_sentence(shell: Shell, connected: Any) -> None:
    assert "no such row" in shell.complaint("push", "entry", str(uuid4()), "--here")
    said = shell.complaint("push", "pull", connected, "--here")
    assert "takes no changes" in said and f"pms-sync sync {connected[:8]}" in said
    assert "No worker is alive" in shell.complaint("push", "pull", connected)
