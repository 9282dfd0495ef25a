"""Both ways at the command line, at a simulated AdvancedMD."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.given_rows import read_rows
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Placed, place
from console.simulators import Running
from console.truth import Simulator
from console.wiring import wired
from domain.fields import Source
from infra.clock import system_clock
from infra.database import transaction
from tests.console.conftest import Shell, audit_rows, stored
from tests.unspent import forget_what_was_asked

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


def test_changes_are_fetched_and_counted(
    shell: Shell, practice: tuple[Simulator, str], database_url: str, redis_url: str
) -> None:
    _, connection = practice
    # In office hours AdvancedMD is asked for changes once a minute.
    forget_what_was_asked(database_url, redis_url)

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


def added(url: str) -> str:
    """The id of a row that somebody typed, for a patient the practice does not know."""
    today = datetime.now(ZoneInfo(ZONE)).date().isoformat()
    clinician = stored(url, "SELECT name FROM run_sheet_clinicians ORDER BY name LIMIT 1")
    about = {"start": f"{today}T23:00", "clinician": clinician, "patient_name": "Example, Nobody"}
    with wired() as wiring, transaction(wiring.engine, account_id="default") as db:
        hand = Hand(account_id="default", by="ann", at=system_clock(), access=Access(user="ann"))
        given = read_rows(db, Source.MANUAL, [about], timezone=ZONE, hand=hand)
        (placed,) = place(db, wiring.entry_seal("default"), given, hand=hand)
    assert isinstance(placed, Placed)
    return str(placed.id)


def test_a_row_is_named_by_how_its_id_begins(
    shell: Shell, practice: tuple[Simulator, str], database_url: str
) -> None:
    (entry,) = booked(database_url, rows=1)

    assert shell.answer("push", "entry", entry[:8], "--here")["sentence"] == "Done."
    assert "no such row" in shell.complaint("push", "entry", "00000000", "--here")
    assert "not a row's id" in shell.complaint("push", "entry", "nobody", "--here")


def test_what_did_not_go_fails_the_command(
    shell: Shell, practice: tuple[Simulator, str], database_url: str
) -> None:
    _, connection = practice
    entry = added(database_url)

    one = shell("push", "entry", entry, "--create", "--here", "--json")
    days = shell("push", "range", connection, "--here", "--json")

    assert (one.code, days.code) == (1, 1)
    for told in (one, days):
        assert "Link the patient first" in told.err
        assert told.json["sentence"] in told.err
    assert days.json["result"]["waiting"] == 1
    doctor = {one["what"]: one["told"] for one in shell("doctor", "--json").json["checks"]}
    assert doctor[f"changes {connection[:8]}"].startswith("1 change of ")
    assert "Link the patient first" in shell.complaint("push", "entry", entry, "--create", "--here")


def test_where_no_worker_runs_nothing_is_asked_for(
    shell: Shell, practice: tuple[Simulator, str]
) -> None:
    before = shell.answer("jobs", "list", "--all", "--limit", "1")["jobs"]

    assert "No worker is alive" in shell.complaint("push", "range", practice[1])

    assert shell.answer("jobs", "list", "--all", "--limit", "1")["jobs"] == before


def test_what_cannot_be_done_is_one_sentence(shell: Shell, connected: Any) -> None:
    assert "no such row" in shell.complaint("push", "entry", str(uuid4()), "--here")
    assert "no such row" in shell.complaint("push", "entry", str(uuid4()))
    said = shell.complaint("push", "pull", connected, "--here")
    assert "takes no changes" in said and f"pms-sync sync {connected[:8]}" in said
    assert "takes no changes" in shell.complaint("push", "range", connected)
