"""The conflict inbox as people use it, in a real browser."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry
from adapters.storage.practices import connections
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from domain.appointments import Appointment, Patient
from domain.intake import row_id, sort_page
from domain.window import Window
from infra import database
from tests.browser.conftest import Browse
from tests.producers.conftest import Site
from tests.producers.seeding import NOW

pytestmark = [pytest.mark.browser, pytest.mark.integration]

HOUR = timedelta(hours=1)
VISIT = Appointment(
    pms_id="extra-1",
    start=NOW + 2 * HOUR,
    end=NOW + 2.5 * HOUR,
    patient=Patient(pms_id="p-x", full_name="Yara Example", phone="0400 000 100"),
    practitioner_id="Dr Priya Nair",
)


def run(site: Site, visit: Appointment, *, at: datetime) -> UUID:
    """A sync of one appointment, with its line in the log."""
    run_id = uuid4()
    account = "default"
    with site.everything() as db:
        found = text("SELECT id FROM pms_connections WHERE display_name = 'Example Clinic'")
        connection_id = db.execute(found).scalar_one()
    with database.transaction(site.ports.database, account_id=account) as db:
        connection = replace(connections.load(db, connection_id), telehealth_only=False)
        sheet = ConnectionSheet(db, connection, site.seal())
        keyed = [(row_id(connection_id, visit), visit)]
        sorted_ = sort_page(
            keyed,
            sheet.stored([row for row, _ in keyed]),
            connection=connection,
            window=Window(NOW - 12 * HOUR, NOW + 12 * HOUR),
            fingerprint=site.ports.sealer.fingerprint,
        )
        applied = sheet.apply(sorted_.fresh, at=at, run_id=run_id)
        logged = """
            INSERT INTO pms_sync_log (id, account_id, pms_connection_id, job_id, sync_type,
                                      day_from, day_to, status, trace_id, created, updated,
                                      conflicts, started_at, completed_at)
            SELECT :id, :account, :connection, coalesce(max(job_id), 0) + 1, 'scheduled',
                   '2026-11-23', '2026-11-23', 'success', 't', :created, :updated, :conflicts,
                   :at, :at FROM pms_sync_log
        """
        values = {"id": run_id, "account": account, "connection": connection_id, "at": at}
        counts = {
            "created": applied.created,
            "updated": applied.updated,
            "conflicts": applied.conflicts,
        }
        db.execute(text(logged), {**values, **counts})
    return run_id


def typed(site: Site, entry: UUID, **changes: str) -> None:
    hand = Hand(
        account_id="default",
        by="Robin Desk",
        at=NOW - timedelta(minutes=20),
        access=Access(user="Robin Desk"),
    )
    with database.transaction(site.ports.database, account_id="default") as db:
        edit_entry(db, site.seal(), entry, changes, expected_version=None, hand=hand)


@pytest.fixture
def busy_site(busy_site: Site) -> Site:
    """The one conflict of the demo day, and two more that a sync brought."""
    run(busy_site, VISIT, at=NOW - HOUR)
    with busy_site.everything() as db:
        found = text("SELECT id FROM run_sheet_appointments WHERE pms_appointment_id = 'extra-1'")
        entry = db.execute(found).scalar_one()
    typed(busy_site, entry, patient_phone="03 7010 9999", start="14:00")
    assert VISIT.patient is not None
    later = replace(
        VISIT,
        start=VISIT.start + HOUR / 2,
        end=VISIT.end + HOUR / 2,
        patient=replace(VISIT.patient, phone="0400 000 200"),
    )
    run(busy_site, later, at=NOW - timedelta(minutes=10))
    return busy_site


def test_every_conflict_shows_both_sides_with_who_and_when(browse: Browse) -> None:
    found = browse("inbox")

    assert found["count"] == "3"
    assert found["bars"] == ["Phone2", "Time1"]
    assert set(found["people"]) == {"Yara Example", "Grace Invented"}
    assert found["sides"] == ["(03) 7010 4321", "0400 555 019"]
    assert found["who"].startswith("You 23 Nov")
    assert found["filtered"] == 1
    assert found["widths"] == [390, 390]
    assert found["trouble"] == []


def test_conflicts_are_settled_by_keys_and_opened_again(browse: Browse) -> None:
    found = browse("inbox_keys")

    assert found["before"] == 3
    assert found["after_m"] == 2
    assert found["focus_stays"] is True
    assert found["offered"].startswith("Kept ours.")
    assert found["after_undo"] == 3
    assert found["switched_off"] is True
    assert found["stays_off"] is True
    assert found["nothing_settled"] == 2
    assert found["settled"] == ["Took theirs"]
    assert found["trouble"] == []


def test_many_are_settled_after_a_count_and_opened_again(browse: Browse) -> None:
    found = browse("inbox_many")

    assert found["asked"] == "Take theirs in 3 fields?"
    assert found["cancelled"] == 3
    assert found["said"].startswith("Took theirs in 3.")
    assert found["empty"] == "Nothing to decide"
    assert found["reopened"] == 3
    assert found["trouble"] == []


def test_a_whole_sync_is_undone_and_done_again(browse: Browse) -> None:
    found = browse("inbox_run")

    assert "1 changed, 2 conflicts" in found["asked"]
    assert found["run"] == "Undone: 1 changed back."
    assert found["marked"].startswith("Undone by")
    assert found["left"] == 1
    assert found["again"] == "Done again: 1 changed again."
    assert found["trouble"] == []


def test_every_text_of_the_inbox_stands_out_in_both_lights(browse: Browse) -> None:
    found = browse("inbox_reading")

    assert found == {"light": [], "settled light": [], "dark": [], "settled dark": []}
