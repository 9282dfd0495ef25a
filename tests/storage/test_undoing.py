"""Steps, rows, choices and whole runs are taken back, and stay so until the PMS speaks again."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.by_hand.conflict_list import Wanted, shown_now
from adapters.storage.by_hand.history import read_history
from adapters.storage.by_hand.run_undoing import Undone, undo_run
from adapters.storage.by_hand.settling import settle_many, undo_settled
from adapters.storage.by_hand.undoing import take_off, undo_row, undo_step
from adapters.storage.runs import candidates
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from domain.appointments import Appointment
from domain.errors import BadInput
from domain.history import Past
from domain.intake import Listed, row_id, sort_page
from domain.sheet import EntryView, NotOnSheet, Settled
from infra.database import transaction
from tests.storage.desk import VISIT, WINDOW, Desk, moved, rephoned
from tests.storage.test_linking import SCAN, only, post, sheet

pytestmark = pytest.mark.integration

OTHER = replace(VISIT, pms_id="a-2", start=moved(VISIT, 60).start, end=moved(VISIT, 60).end)


def run(desk: Desk, *visits: Appointment, gone: tuple[Appointment, ...] = ()) -> UUID:
    """One run of a sync: a page, and rows it takes off."""
    desk.now = desk.hand.at
    run_id = uuid4()
    keyed = [(row_id(desk.connection.id, one), one) for one in visits]
    with transaction(desk.engine, account_id=desk.account) as db:
        job = """
            INSERT INTO pms_sync_log (id, account_id, pms_connection_id, job_id, sync_type,
                                      day_from, day_to, status, trace_id)
            SELECT :id, :account, :connection, coalesce(max(job_id), 0) + 1, 'manual',
                   '2026-06-02', '2026-06-02', 'success', 't' FROM pms_sync_log
        """
        values = {"id": run_id, "account": desk.account, "connection": desk.connection.id}
        db.execute(text(job), values)
        pms = ConnectionSheet(db, desk.connection, desk.seal)
        found = sort_page(
            keyed,
            pms.stored([row for row, _ in keyed]),
            connection=desk.connection,
            window=WINDOW,
            fingerprint=desk.sealer.fingerprint,
            fingerprints=desk.sealer.fingerprints,
        )
        pms.apply(found.fresh, at=desk.now, run_id=run_id)
        pms.take_off([desk.id_of(one) for one in gone], at=desk.now, run_id=run_id)
    return run_id


def undo(desk: Desk, run_id: UUID) -> Undone:
    with transaction(desk.engine, account_id=desk.account) as db:
        return undo_run(db, desk.seal, run_id, hand=desk.hand)


def unseen(desk: Desk) -> list[UUID]:
    with transaction(desk.engine, account_id=desk.account) as db:
        listed = Listed(seen=[], unreadable=[], is_whole=True)
        return candidates.unseen(
            db, desk.connection.id, WINDOW, practitioner_id=None, listed=listed
        )


def history(desk: Desk, visit: Appointment = VISIT) -> tuple[Past, ...]:
    with transaction(desk.engine, account_id=desk.account) as db:
        row = (
            db.execute(
                text("SELECT * FROM run_sheet_appointments WHERE id = :id"),
                {"id": desk.id_of(visit)},
            )
            .mappings()
            .one()
        )
        return read_history(db, desk.seal, row, account_id=desk.account, access=desk.hand.access)


def step_back(desk: Desk, step: int | None = None, visit: Appointment = VISIT) -> EntryView:
    with transaction(desk.engine, account_id=desk.account) as db:
        return undo_step(
            db, desk.seal, desk.id_of(visit), step, expected_version=None, hand=desk.hand
        )


def phone_of(entry: EntryView) -> str | None:
    assert entry.patient is not None
    return entry.patient.phone


def test_what_a_run_added_leaves_and_stays_away_until_the_pms_changes_it(desk: Desk) -> None:
    first = run(desk, VISIT)

    assert undo(desk, first) == Undone(taken_off=1)

    assert only(desk).removed
    found, _ = desk.told(VISIT)
    assert (found.unchanged, only(desk).removed) == (1, True)
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    assert not only(desk).removed


def test_what_a_run_changed_goes_back_and_stays_until_the_pms_changes_it_again(desk: Desk) -> None:
    run(desk, VISIT)
    second = run(desk, replace(rephoned(VISIT, "(03) 9000 0002"), type_name="New"))

    assert undo(desk, second) == Undone(changed_back=1)

    entry = only(desk)
    assert (phone_of(entry), entry.appointment_type) == ("(03) 9000 0001", "Review")
    found, _ = desk.told(replace(rephoned(VISIT, "(03) 9000 0002"), type_name="New"))
    assert found.unchanged == 1
    desk.told(rephoned(VISIT, "(03) 9000 0003"))
    assert phone_of(only(desk)) == "(03) 9000 0003"


def test_what_a_run_took_off_comes_back_and_is_no_candidate_until_it_is_listed(desk: Desk) -> None:
    run(desk, VISIT)
    second = run(desk, gone=(VISIT,))
    assert only(desk).removed

    assert undo(desk, second) == Undone(put_back=1)

    assert not only(desk).removed
    assert unseen(desk) == []
    desk.told(VISIT)
    assert unseen(desk) == [desk.id_of(VISIT)]


def test_rows_that_anyone_changed_since_are_left_alone_and_counted(desk: Desk) -> None:
    run(desk, VISIT, OTHER)
    second = run(desk, rephoned(VISIT, "(03) 9000 0002"), rephoned(OTHER, "(03) 9000 0002"))
    desk.type_in(OTHER, notes="Call first.")

    assert undo(desk, second) == Undone(changed_back=1, left_alone=1)

    rows = sheet(desk)
    assert phone_of(rows[desk.id_of(VISIT)]) == "(03) 9000 0001"
    assert phone_of(rows[desk.id_of(OTHER)]) == "(03) 9000 0002"


def test_a_conflict_that_a_run_opened_is_gone_with_it(desk: Desk) -> None:
    run(desk, VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    second = run(desk, rephoned(VISIT, "(03) 9000 0002"))
    assert len(desk.open_conflicts()) == 1

    undo(desk, second)

    assert desk.open_conflicts() == []
    assert phone_of(only(desk)) == "(03) 9555 0199"


def test_a_run_is_undone_once_and_only_if_it_is_ones_own(desk: Desk) -> None:
    first = run(desk, VISIT)
    undo(desk, first)

    with pytest.raises(Settled, match="already, by reception"):
        undo(desk, first)
    with pytest.raises(NotOnSheet):
        undo(desk, uuid4())


def test_undoing_a_run_leaves_one_audit_row_with_counts_and_tells_the_pages(desk: Desk) -> None:
    first = run(desk, VISIT, OTHER)
    undo(desk, first)

    told = desk.one("SELECT * FROM pms_audit_logs WHERE action = 'run.undone'")
    assert "2 taken off" in told["request_summary"]
    events = desk.all("SELECT detail FROM run_sheet_events WHERE kind = 'sheet_changed'")
    assert events[-1]["detail"]["days"] == ["2026-06-02"]
    marked = desk.one("SELECT undone_at, undone_by FROM pms_sync_log")
    assert marked["undone_by"] == "reception"


def test_a_scan_hidden_by_what_a_run_added_is_seen_again_when_that_leaves(desk: Desk) -> None:
    (scan,) = post(desk, SCAN)
    first = run(desk, VISIT)

    undo(desk, first)

    rows = sheet(desk)
    assert not rows[scan.id].removed
    assert rows[desk.id_of(VISIT)].removed
    assert post(desk, SCAN)[0].id == scan.id
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    assert only(desk).id == desk.id_of(VISIT)


def test_a_typed_visit_behind_a_row_that_came_back_is_seen_again_when_that_leaves(
    desk: Desk,
) -> None:
    run(desk, VISIT)
    run(desk, gone=(VISIT,))
    back = run(desk, VISIT)
    typed = {"start": VISIT.start.isoformat(), "patient_name": "Ada Example"}
    post(desk, typed, source="manual")

    undo(desk, back)

    assert [one.source for one in sheet(desk).values() if not one.removed] == ["manual"]


def test_history_tells_each_step_with_its_values(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(replace(VISIT, type_name="New"))

    latest, edited = history(desk)

    assert [(one.field, one.was, one.became) for one in latest.moves] == [
        ("appointment_type", "Review", "New")
    ]
    assert [(one.field, one.was, one.became) for one in edited.moves] == [
        ("patient_phone", "(03) 9000 0001", "(03) 9555 0199")
    ]
    assert (edited.what, edited.by, edited.can_undo) == ("edited", "reception", True)
    read = desk.one("SELECT * FROM pms_audit_logs WHERE action = 'run_sheet.history_read'")
    assert list(read["phi_fields"]) == ["appointment_type", "patient_phone"]


def test_the_last_step_is_undone_and_so_is_the_undo(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199", notes="Call first.")

    assert phone_of(step_back(desk)) == "(03) 9000 0001"
    again = step_back(desk)

    assert phone_of(again) == "(03) 9555 0199"
    assert again.notes == "from the PMS\nCall first."
    assert again.provenance["patient_phone"].by == "reception"


def test_an_older_step_is_undone_while_nothing_of_it_was_changed_since(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.type_in(VISIT, notes="Call first.")
    notes, phone = history(desk)

    entry = step_back(desk, phone.id)

    assert (phone_of(entry), entry.notes) == ("(03) 9000 0001", "from the PMS\nCall first.")
    with pytest.raises(Settled, match="changed since"):
        step_back(desk, phone.id)
    assert notes.can_undo


def test_a_step_of_a_sync_is_undone_for_its_row_alone(desk: Desk) -> None:
    run(desk, VISIT)
    run(desk, rephoned(VISIT, "(03) 9000 0002"))

    assert phone_of(step_back(desk)) == "(03) 9000 0001"

    found, _ = desk.told(rephoned(VISIT, "(03) 9000 0002"))
    assert found.unchanged == 1


def test_a_link_that_was_wrong_is_undone_for_good(desk: Desk) -> None:
    (typed,) = post(desk, {**SCAN, "notes": "Call first."}, source="manual")
    desk.told(VISIT)
    (linked,) = history(desk)
    assert linked.what == "linked"

    entry = step_back(desk, linked.id)

    assert entry.notes == "from the PMS"
    assert set(sheet(desk)) == {typed.id, desk.id_of(VISIT)}
    desk.told(moved(VISIT, 5))
    post(desk, SCAN)
    assert typed.id in sheet(desk)


def test_a_whole_row_goes_back_to_the_pms(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199", notes="Call first.", status="arrived")

    with transaction(desk.engine, account_id=desk.account) as db:
        entry = undo_row(db, desk.seal, desk.id_of(VISIT), expected_version=None, hand=desk.hand)

    assert (phone_of(entry), entry.notes, entry.status) == (
        "(03) 9000 0001",
        "from the PMS",
        "booked",
    )
    assert entry.provenance == {}


def test_a_typed_row_leaves_with_its_undo_and_comes_back_with_another(desk: Desk) -> None:
    (typed,) = post(desk, SCAN, source="manual")

    with transaction(desk.engine, account_id=desk.account) as db:
        assert undo_row(db, desk.seal, typed.id, expected_version=1, hand=desk.hand).removed
    with transaction(desk.engine, account_id=desk.account) as db:
        entry = undo_step(db, desk.seal, typed.id, None, expected_version=None, hand=desk.hand)

    assert not entry.removed
    assert phone_of(entry) == "(03) 9000 0001"


def test_a_scan_taken_off_by_hand_is_not_brought_back_by_the_next(desk: Desk) -> None:
    (scan,) = post(desk, SCAN)
    with transaction(desk.engine, account_id=desk.account) as db:
        take_off(db, desk.seal, scan.id, expected_version=1, hand=desk.hand)

    (again,) = post(desk, SCAN)

    assert (again.id, again.outcome) == (scan.id, "unchanged")
    assert only(desk).removed


def test_a_row_of_the_pms_cannot_be_taken_off_by_hand(desk: Desk) -> None:
    desk.told(VISIT)

    with (
        pytest.raises(BadInput, match="cancel it there"),
        transaction(desk.engine, account_id=desk.account) as db,
    ):
        take_off(db, desk.seal, desk.id_of(VISIT), expected_version=None, hand=desk.hand)

    assert not only(desk).removed


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_many_are_settled_at_once_and_opened_again(desk: Desk, choice: str) -> None:
    desk.told(VISIT, OTHER)
    for visit in (VISIT, OTHER):
        desk.type_in(visit, patient_phone="03 9555 0199", start="11:15")
    changed = [moved(rephoned(one, "(03) 9000 0002"), 30) for one in (VISIT, OTHER)]
    desk.told(*changed)
    ids = [one["id"] for one in desk.open_conflicts()]
    before = sheet(desk)
    assert len(ids) == 4

    with transaction(desk.engine, account_id=desk.account) as db:
        shown = shown_now(db, Wanted(), limit=10)
        done = settle_many(db, desk.seal, shown, choice, hand=desk.hand)  # type: ignore[arg-type]

    assert (sorted(done.ids), done.left) == (sorted(ids), 0)
    assert desk.open_conflicts() == []
    phones = {phone_of(one) for one in sheet(desk).values()}
    assert phones == ({"(03) 9555 0199"} if choice == "mine" else {"(03) 9000 0002"})

    with transaction(desk.engine, account_id=desk.account) as db:
        back = undo_settled(db, desk.seal, ids, hand=desk.hand)

    assert (sorted(back.ids), back.left) == (sorted(ids), 0)
    assert sorted(one["id"] for one in desk.open_conflicts()) == sorted(ids)
    after = sheet(desk)
    assert [phone_of(one) for one in after.values()] == [phone_of(one) for one in before.values()]
    assert all(len(one.conflicts) == 2 for one in after.values())


def test_of_two_choices_about_one_field_the_last_is_opened_again(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    ids = []
    for phone in ("(03) 9000 0002", "(03) 9000 0003", "(03) 9000 0002"):
        desk.told(rephoned(VISIT, phone))
        (conflict,) = desk.open_conflicts()
        ids.append(conflict["id"])
        desk.settle(conflict["id"], "mine")

    with transaction(desk.engine, account_id=desk.account) as db:
        done = undo_settled(db, desk.seal, [ids[0], ids[2]], hand=desk.hand)

    assert (list(done.ids), done.left) == ([ids[2]], 1)
    assert [one["id"] for one in desk.open_conflicts()] == [ids[2]]


def test_a_choice_is_not_opened_again_once_the_field_has_moved_on(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    (conflict,) = desk.open_conflicts()
    desk.settle(conflict["id"], "theirs")
    desk.type_in(VISIT, patient_phone="03 9555 0100")

    with transaction(desk.engine, account_id=desk.account) as db:
        done = undo_settled(db, desk.seal, [conflict["id"]], hand=desk.hand)

    assert (done.ids, done.left) == ([], 1)
    assert phone_of(only(desk)) == "(03) 9555 0100"
