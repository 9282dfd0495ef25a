"""What a person types on the sheet outlives every sync, and what both changed is shown to them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry, settle_conflict
from adapters.storage.sheet.entries import EntrySeal
from domain.limits import Budget, Outlook
from domain.merge import Choice
from domain.sheet import EntryView
from infra.clock import system_clock
from infra.database import transaction
from tests.sync.practice import ACCOUNT, Practice, practice

pytestmark = pytest.mark.integration

TYPED = "(03) 9555 0199"
ROUNDS = 15


class NoLimit:
    """A clock for a vendor that has no limit, so that many syncs fit into a second."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        return system_clock()

    def pause(self, bucket: str, *, seconds: float) -> None:
        raise AssertionError("nobody says 'not now' here")

    def observe(self, bucket: str, **told: Any) -> None:
        return

    def outlook(self, budgets: Sequence[Budget], **asked: Any) -> Outlook:
        raise AssertionError("nobody asks")


@pytest.fixture
def quick(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client, throttle=NoLimit()) as connected:
        yield connected


def hand() -> Hand:
    access = Access(user="reception")
    return Hand(account_id=ACCOUNT, by="reception", at=system_clock(), access=access)


def type_in(clinic: Practice, entry: UUID, **changes: Any) -> EntryView:
    seal = EntrySeal(clinic.parts.sealer, account_id=ACCOUNT)
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return edit_entry(db, seal, entry, changes, expected_version=None, hand=hand())


def settle(clinic: Practice, conflict: UUID, choice: Choice) -> EntryView:
    seal = EntrySeal(clinic.parts.sealer, account_id=ACCOUNT)
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return settle_conflict(db, seal, conflict, choice, expected_version=None, hand=hand())


def conflicts(clinic: Practice) -> list[dict[str, Any]]:
    """The open ones, with both values opened."""
    seal = EntrySeal(clinic.parts.sealer, account_id=ACCOUNT)
    query = text("SELECT * FROM run_sheet_conflicts WHERE settled_at IS NULL")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        found = db.execute(query).mappings().all()
    return [
        {
            "id": row["id"],
            "field": row["field"],
            **seal.open_document(
                row["appointment_id"],
                "both_values",
                row["both_values"],
                table="run_sheet_conflicts",
            ),
        }
        for row in found
    ]


def a_patient(clinic: Practice) -> dict[str, Any]:
    """A row of a single patient who has a phone and a later time to move to."""
    alone = {one["id"] for one in clinic.truth().values() if len(one["patients"]) == 1}
    return next(
        row
        for row in clinic.rows()
        if row["patient_phone"]
        and row["pms_appointment_id"] in alone
        and row["start"].astimezone(clinic.zone).hour < 15
    )


def now(clinic: Practice, row: Mapping[str, Any]) -> dict[str, Any]:
    return next(one for one in clinic.rows() if one["id"] == row["id"])


def act(clinic: Practice, row: Mapping[str, Any], **what: Any) -> None:
    clinic.control(f"appointments/{row['pms_appointment_id']}", what)


def undelete(clinic: Practice, row: Mapping[str, Any]) -> None:
    """Bring a deleted appointment back into the book under its id."""
    (book,) = clinic.simulator.clinics.values()
    book.fill([book.deleted.pop(row["pms_appointment_id"])])
    assert row["pms_appointment_id"] in clinic.truth()


def test_a_phone_typed_by_hand_outlives_ten_syncs_of_a_living_practice(quick: Practice) -> None:
    quick.sync()
    row = a_patient(quick)
    type_in(quick, row["id"], patient_phone="03 9555 0199")

    for step in range(10):
        quick.control("live", {"changes": 8, "seed": step})
        act(quick, row, action="notes", notes=f"note {step}")
        assert quick.sync(allow_removals=True)["status"] == "success"

        held = now(quick, row)
        assert held["patient_phone"] == TYPED
        assert held["provenance"]["patient_phone"]["source"] == "manual"


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_time_moved_on_both_sides_waits_for_one_choice(clinic: Practice, choice: Choice) -> None:
    clinic.sync()
    row = a_patient(clinic)
    ours = row["start"] + timedelta(minutes=25)
    theirs = row["start"] + timedelta(minutes=55)
    type_in(clinic, row["id"], start=ours.isoformat())

    act(clinic, row, action="reschedule", start_utc=theirs.isoformat())
    run = clinic.sync()

    (conflict,) = conflicts(clinic)
    assert run["conflicts"] == 1
    assert conflict["field"] == "start"
    assert datetime.fromisoformat(conflict["ours"]) == ours
    assert datetime.fromisoformat(conflict["theirs"]) == theirs
    assert now(clinic, row)["start"] == ours
    settle(clinic, conflict["id"], choice)
    assert conflicts(clinic) == []
    act(clinic, row, action="notes", notes="something else")
    assert clinic.sync()["conflicts"] == 0
    assert conflicts(clinic) == []
    assert now(clinic, row)["start"] == (ours if choice == "mine" else theirs)


def test_a_pms_that_comes_to_say_the_same_ends_the_conflict(clinic: Practice) -> None:
    clinic.sync()
    row = a_patient(clinic)
    type_in(clinic, row["id"], patient_phone="03 9555 0199")
    act(clinic, row, action="phone", phone="0390000002")
    clinic.sync()
    assert [one["field"] for one in conflicts(clinic)] == ["patient_phone"]

    act(clinic, row, action="phone", phone=TYPED)
    clinic.sync()

    held = now(clinic, row)
    assert conflicts(clinic) == []
    assert held["patient_phone"] == TYPED
    assert "patient_phone" not in held["provenance"]


def test_notes_of_a_person_and_of_the_pms_are_both_shown(clinic: Practice) -> None:
    clinic.sync()
    row = a_patient(clinic)
    type_in(clinic, row["id"], notes="wheelchair")

    act(clinic, row, action="notes", notes="bring the referral")
    clinic.sync()

    shown = now(clinic, row)["notes"]
    assert "wheelchair" in shown
    assert "bring the referral" in shown
    assert conflicts(clinic) == []


def test_an_edit_on_a_row_that_is_then_removed_and_returns_is_still_there(
    clinic: Practice,
) -> None:
    clinic.sync()
    row = a_patient(clinic)
    type_in(clinic, row["id"], patient_phone="03 9555 0199")
    act(clinic, row, action="delete")
    clinic.sync()
    removed_at = now(clinic, row)["removed_at"]
    undelete(clinic, row)

    clinic.sync()

    held = now(clinic, row)
    assert removed_at is not None
    assert held["removed_at"] is None
    assert held["patient_phone"] == TYPED


def test_an_edit_that_races_a_sync_is_never_lost(quick: Practice) -> None:
    quick.sync()
    rows = [row for row in quick.rows() if row["patient_name"]][:5]
    written: dict[UUID, str] = {}

    def keep_typing(done: Event) -> int:
        number = 0
        while not done.is_set():
            row = rows[number % len(rows)]
            note = f"typed {number}"
            type_in(quick, row["id"], notes=note)
            written[row["id"]] = note
            number += 1
        return number

    with ThreadPoolExecutor(1) as thread:
        done = Event()
        typing = thread.submit(keep_typing, done)
        try:
            for step in range(ROUNDS):
                for row in rows:
                    act(quick, row, action="notes", notes=f"told {step}")
                assert quick.sync(allow_removals=True)["status"] == "success"
        finally:
            done.set()
        typed = typing.result(timeout=30)

    assert typed > len(rows)
    for row in rows:
        held = now(quick, row)
        assert held["notes"].splitlines()[-1] == written[row["id"]]
        assert f"told {ROUNDS - 1}" in held["notes"]
