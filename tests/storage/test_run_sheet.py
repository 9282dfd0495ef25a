"""What a PMS says reaches its row, what a person typed outlives it, and accounts see their own."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from domain.appointments import Status
from domain.errors import SyncError
from infra.database import BadStatement, transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import ADA, VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
TENANT_TABLES = (
    "pms_connections",
    "run_sheets",
    "run_sheet_clinicians",
    "run_sheet_appointments",
    "run_sheet_conflicts",
    "run_sheet_history",
    "run_sheet_events",
    "pms_audit_logs",
)


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return desk_of(rig.engine, Sealer(Keyring.from_hex(KEY)), rig.connect("site"))


def test_a_new_appointment_becomes_a_row_as_the_pms_says(desk: Desk) -> None:
    _, applied = desk.told(VISIT)

    row = desk.row(VISIT)
    assert applied.created == 1
    assert (row["patient_name"], row["patient_phone"]) == ("Ada Example", "(03) 9000 0001")
    assert (row["start"], row["duration_minutes"], row["notes"]) == (VISIT.start, 30, VISIT.notes)
    assert (row["source"], row["is_manual_entry"], row["version"]) == ("pms", False, 1)


def test_nothing_of_the_patient_can_be_read_from_the_row(desk: Desk) -> None:
    desk.told(VISIT)

    raw = desk.one("SELECT entry::text AS dump FROM run_sheet_appointments AS entry")["dump"]
    hidden = [ADA.full_name, "Ada", ADA.phone, ADA.email, ADA.date_of_birth, VISIT.notes]
    for secret in hidden:
        assert secret is not None
        assert secret not in raw
        assert secret.encode().hex() not in raw


def test_an_unchanged_record_is_no_write_and_an_untouched_row_stores_nothing_twice(
    desk: Desk,
) -> None:
    desk.told(VISIT)
    before = desk.row(VISIT)

    found, applied = desk.told(VISIT)

    assert found.is_quiet
    assert (found.unchanged, applied.updated) == (1, 0)
    assert desk.row(VISIT) == before
    assert (before["touched"], before["provenance"]) == (None, {})
    assert desk.all("SELECT * FROM run_sheet_history") == []


def test_a_change_of_the_pms_keeps_a_phone_typed_by_hand(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    desk.told(replace(moved(VISIT, 15), status=Status.CONFIRMED))

    row = desk.row(VISIT)
    assert row["patient_phone"] == "(03) 9555 0199"
    assert (row["start"], row["status"]) == (moved(VISIT, 15).start, "confirmed")
    assert row["provenance"]["patient_phone"]["source"] == "manual"
    assert desk.open_conflicts() == []


def test_a_status_changed_on_both_sides_is_the_pms_s_without_a_conflict(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, status="arrived")

    desk.told(replace(VISIT, status=Status.CANCELLED))

    assert desk.row(VISIT)["status"] == "cancelled"
    assert desk.open_conflicts() == []


def test_a_phone_changed_on_both_sides_opens_one_conflict_with_both_sealed(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    for number in ("(03) 9000 0002", "(03) 9000 0003"):
        desk.told(rephoned(VISIT, number))

    (conflict,) = desk.open_conflicts()
    both = desk.seal.open_document(
        desk.id_of(VISIT), "both_values", conflict["both_values"], table="run_sheet_conflicts"
    )
    assert (both["ours"], both["theirs"]) == ("(03) 9555 0199", "(03) 9000 0003")
    assert both["ours_by"] == "reception"
    assert b"9555" not in bytes(conflict["both_values"])
    assert desk.row(VISIT)["patient_phone"] == "(03) 9555 0199"


@pytest.mark.parametrize("back_to", ["(03) 9000 0001", "(03) 9555 0199"])
def test_a_conflict_closes_when_the_pms_goes_back_or_comes_to_agree(
    desk: Desk, back_to: str
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    assert len(desk.open_conflicts()) == 1

    desk.told(rephoned(VISIT, back_to))

    assert desk.open_conflicts() == []
    settled = desk.one("SELECT settled_as, settled_by FROM run_sheet_conflicts")
    assert dict(settled) == {"settled_as": "agreed", "settled_by": "sync"}
    assert desk.row(VISIT)["patient_phone"] == "(03) 9555 0199"


def test_what_a_row_was_before_is_kept_sealed(desk: Desk) -> None:
    desk.told(VISIT)

    desk.told(rephoned(moved(VISIT, 15), "(03) 9000 0002"))

    history = desk.one("SELECT * FROM run_sheet_history")
    was = desk.seal.open_document(
        desk.id_of(VISIT), "before", history["before"], table="run_sheet_history"
    )
    assert sorted(history["fields"]) == ["patient_phone", "start"]
    assert was["patient_phone"] == "(03) 9000 0001"
    assert was["removed"] is False
    assert b"9000" not in bytes(history["before"])


def test_whose_row_somebody_changed_is_in_the_audit(rig: Rig, desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        audited = "SELECT action, user_id, patient_id FROM pms_audit_logs WHERE user_id IS NOT NULL"
        found = db.execute(text(audited)).all()

    assert ("run_sheet.edited", "reception", ADA.pms_id) in found


def test_a_row_taken_off_comes_back_with_what_a_person_typed(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    assert desk.gone(VISIT).removed == 1
    assert desk.row(VISIT)["removed_at"] is not None
    assert desk.gone(VISIT).removed == 0
    desk.told(VISIT)

    row = desk.row(VISIT)
    assert row["removed_at"] is None
    assert row["patient_phone"] == "(03) 9555 0199"


def test_a_patient_not_sent_along_keeps_the_details_known(desk: Desk) -> None:
    desk.told(VISIT)

    flags = frozenset({"patient_not_included"})
    bare = replace(ADA, full_name=None, first_name=None, last_name=None, phone=None, email=None)
    desk.told(replace(moved(VISIT, 15), patient=bare, flags=flags))

    row = desk.row(VISIT)
    assert (row["patient_name"], row["patient_phone"]) == (ADA.full_name, ADA.phone)
    assert row["start"] == moved(VISIT, 15).start


def test_a_dry_run_says_what_would_change_and_writes_nothing(desk: Desk) -> None:
    desk.told(VISIT)
    before = desk.row(VISIT)

    _, applied = desk.told(moved(VISIT, 15), replace(VISIT, pms_id="a-2"), dry_run=True)

    lines = {line["what"]: line for line in applied.lines}
    assert set(lines) == {"add", "change"}
    assert list(lines["change"]["changed"]) == ["start"]
    assert desk.row(VISIT) == before
    assert len(desk.all("SELECT id FROM run_sheet_appointments")) == 1


def test_a_row_of_another_account_or_column_cannot_be_opened(desk: Desk) -> None:
    desk.told(VISIT)
    row = dict(desk.one("SELECT * FROM run_sheet_appointments"))

    swapped = {**row, "patient_phone": row["patient_email"]}
    with pytest.raises(SyncError):
        desk.seal.values(swapped)
    foreign = Desk(desk.engine, desk.sealer, desk.connection, account="other")
    with pytest.raises(SyncError):
        foreign.seal.values(row)


def counts(rig: Rig, *settings: str) -> dict[str, int]:
    with rig.engine.begin() as db:
        db.execute(text("SET LOCAL ROLE pms_sync_app"))
        for setting in settings:
            db.execute(text(setting))
        return {
            table: db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in TENANT_TABLES
        }


def full(desk: Desk) -> None:
    """Something in every table."""
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))


def test_an_account_sees_its_own_rows_and_another_none(rig: Rig, desk: Desk) -> None:
    full(desk)
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")

    assert all(counts(rig, "SET LOCAL app.account = 'default'").values())
    assert set(counts(rig, "SET LOCAL app.account = 'other'").values()) == {0}


@pytest.mark.parametrize("settings", [(), ("SET LOCAL app.account = ''",)])
def test_without_an_account_nothing_is_seen(
    rig: Rig, desk: Desk, settings: tuple[str, ...]
) -> None:
    full(desk)

    assert set(counts(rig, *settings).values()) == {0}


def test_a_row_for_another_account_is_refused(rig: Rig, desk: Desk) -> None:
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    statement = "INSERT INTO run_sheets (account_id, day) VALUES ('other', '2026-06-02')"

    with pytest.raises(BadStatement), transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(text(statement))


def test_the_role_that_hands_out_work_cannot_read_the_sheet(rig: Rig, desk: Desk) -> None:
    full(desk)

    for table in ("run_sheet_appointments", "run_sheet_history", "run_sheet_conflicts"):
        with pytest.raises(BadStatement):
            rig.run(f"SELECT * FROM {table}")  # noqa: S608 - a table's name


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pms_audit_logs SET success = false",
        "DELETE FROM pms_audit_logs",
        "TRUNCATE pms_audit_logs",
    ],
)
def test_an_audit_row_is_written_once_whoever_asks(rig: Rig, desk: Desk, statement: str) -> None:
    full(desk)

    with pytest.raises(SyncError), transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(text(statement))
    with pytest.raises(SyncError), transaction(rig.engine) as db:
        db.execute(text(statement))
    assert counts(rig, "SET LOCAL app.account = 'default'")["pms_audit_logs"] == 1
