"""Visits that go from one practice's rows to another's: who is meant, what stays, and when."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from adapters.storage.practices import connections, left_rows, practice_book
from adapters.storage.sheet import found_again, linking
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from domain.appointments import Appointment, Practitioner, Status
from domain.deliveries import Seen
from infra.database import transaction
from tests.storage.desk import ADA, START, VISIT, Desk, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_left_rows import (
    LATER,
    THERE,
    counted,
    desk,
    hand_over,
    leave,
    newer,
    off,
    put_all_back,
    revive,
)
from tests.storage.test_linking import sheet

__all__ = ["desk", "newer"]

pytestmark = pytest.mark.integration

WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
PAST = replace(moved(VISIT, -48 * 60), pms_id="a-0")
PAST_THERE = replace(moved(THERE, -48 * 60), pms_id="b-0")


def removing(desk: Desk, other: Thread) -> None:
    """The connection is removed while another waits to write."""
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        left_rows.leave(db, desk.seal, desk.connection.id, "take_off", hand=desk.hand)
        other.start()
        while not desk.all(WAITING):
            assert other.is_alive()
    other.join(timeout=10)


def test_a_page_that_waits_for_a_removal_takes_over_what_was_left(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.")

    removing(desk, Thread(target=lambda: newer.told(THERE)))

    assert standing(newer) == {newer.id_of(THERE)}
    assert sheet(newer)[newer.id_of(THERE)].own_notes == "Call first."


def test_a_look_that_waits_for_the_removal_of_its_practice_brings_nothing_back(desk: Desk) -> None:
    desk.told(VISIT)
    found: list[found_again.Outcome] = []

    removing(desk, Thread(target=lambda: found.append(look(desk, moved(VISIT, 5), LATER))))

    assert standing(desk) == set()
    assert set(found[0].words.values()) == {found_again.LEFT}


def look(desk: Desk, *visits: Appointment) -> found_again.Outcome:
    with transaction(desk.engine, account_id=desk.account) as db:
        return found_again.apply(
            db,
            ConnectionSheet(db, desk.connection, desk.seal),
            Seen(found={one.pms_id: [one] for one in visits}),
            connection=desk.connection,
            sealer=desk.sealer,
            at=desk.now,
            run_id=uuid4(),
        )


def test_a_practice_connected_again_leaves_days_that_are_over_to_who_took_them_over(
    desk: Desk, newer: Desk
) -> None:
    desk.now = newer.now = START - timedelta(days=4)
    everything(desk, PAST, VISIT)
    leave(desk)
    everything(newer, PAST_THERE, THERE)
    desk.now = START - timedelta(days=1)

    revive(desk)
    assert standing(desk) == {newer.id_of(PAST_THERE), newer.id_of(THERE)}
    everything(desk, rephoned(PAST, "(03) 9000 0009"), VISIT)

    assert standing(desk) == {newer.id_of(PAST_THERE), newer.id_of(THERE), desk.id_of(VISIT)}


def everything(desk: Desk, *visits: Appointment) -> None:
    """What is told of whichever days."""
    far = "UPDATE pms_connections SET sync_days_ahead = 30 WHERE id = :id RETURNING id"
    desk.one(far, id=desk.connection.id)
    look(desk, *visits)


def standing(desk: Desk) -> set[UUID]:
    rows = "SELECT id FROM run_sheet_appointments WHERE removed_at IS NULL AND linked_to IS NULL"
    return {one["id"] for one in desk.all(rows)}


def test_what_was_taken_off_on_days_that_are_over_stays_off_when_the_practice_comes_back(
    desk: Desk,
) -> None:
    desk.told(VISIT)
    leave(desk)
    off(desk, VISIT)
    desk.now = START + timedelta(days=1)

    revive(desk)
    desk.told(VISIT)

    assert standing(desk) == set()


def test_rows_of_today_come_back_with_the_practice_however_late_it_is(desk: Desk) -> None:
    desk.told(VISIT)
    leave(desk)
    off(desk, VISIT)
    desk.now = START + timedelta(hours=13, minutes=50)

    revive(desk)
    desk.told(VISIT)

    assert standing(desk) == {desk.id_of(VISIT)}


def test_a_practice_that_comes_back_takes_over_from_the_one_that_was_left_since(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    leave(desk)
    newer.told(THERE)
    newer.type_in(THERE, notes="Call first.")
    leave(newer)
    revive(desk)

    desk.told(VISIT)

    assert standing(desk) == {desk.id_of(VISIT)}
    assert sheet(desk)[desk.id_of(VISIT)].own_notes == "Call first."
    assert counted(newer).to_come == 0


SILENT = replace(THERE, patient=replace(ADA, pms_id="9001", phone=None, email=None))
TYPED = {"patient_email": "own@example.com", "patient_phone": "03 9555 0199"}


@pytest.mark.parametrize("first", ["removed", "connected"])
def test_what_was_typed_stays_where_the_new_pms_says_nothing(
    desk: Desk, newer: Desk, first: str
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, **TYPED)

    row = handed_over(desk, newer, SILENT, first=first)

    assert row.patient is not None
    assert (row.patient.email, row.patient.phone) == ("own@example.com", "(03) 9555 0199")
    assert row.conflicts == ()
    assert row.provenance["patient_email"].other.value is None


def handed_over(desk: Desk, newer: Desk, visit: Appointment, *, first: str) -> Any:
    if first == "removed":
        leave(desk)
        newer.told(visit)
    else:
        newer.told(visit)
        leave(desk)
        assert hand_over(desk) == 1
    return sheet(newer)[newer.id_of(visit)]


@pytest.mark.parametrize("first", ["removed", "connected"])
def test_what_had_given_way_to_the_old_pms_stands_where_the_new_one_says_nothing(
    desk: Desk, newer: Desk, first: str
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_email="own@example.com")
    desk.told(replace(VISIT, patient=replace(ADA, email="new@example.com")))

    row = handed_over(desk, newer, SILENT, first=first)

    assert row.patient is not None
    assert row.patient.email == "own@example.com"


@pytest.mark.parametrize("first", ["removed", "connected"])
def test_what_was_typed_stays_where_the_new_practice_leaves_that_out(
    desk: Desk, newer: Desk, first: str
) -> None:
    leave_out(newer, "email,phone")
    desk.told(VISIT)
    desk.type_in(VISIT, **TYPED)

    row = handed_over(desk, newer, SILENT, first=first)

    assert row.patient is not None
    assert (row.patient.email, row.patient.phone) == ("own@example.com", "(03) 9555 0199")
    assert [row.provenance[name].other for name in TYPED] == [None, None]


def leave_out(desk: Desk, fields: str) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        change = text(
            "UPDATE pms_connections SET settings = jsonb_build_object('leave_out',"
            " CAST(:fields AS text)) WHERE id = :id"
        )
        db.execute(change, {"id": desk.connection.id, "fields": fields})
        loaded = connections.load(db, desk.connection.id)
    desk.connection = replace(loaded, clinicians=desk.connection.clinicians, telehealth_only=False)


def test_the_second_of_two_rows_that_look_the_same_is_not_hidden_behind_the_first(
    desk: Desk, newer: Desk
) -> None:
    twice = replace(VISIT, pms_id="a-twice")
    desk.told(VISIT, twice)
    leave(desk)
    off(desk, twice)
    newer.told(THERE)
    assert standing(newer) == {newer.id_of(THERE)}

    assert put_all_back(desk) == 1

    assert standing(newer) == {newer.id_of(THERE), desk.id_of(twice)}
    assert sheet(newer)[desk.id_of(twice)].flags == ("may_be_double",)


def mapped(desk: Desk, **names: str) -> None:
    """Practitioners as their PMS names them, each with a column of their own by that name."""
    people = [Practitioner(pms_id=key, full_name=name) for key, name in names.items()]
    with transaction(desk.engine, account_id=desk.account) as db:
        practice_book.save_practitioners(db, desk.connection, people, map_all=True)
        loaded = connections.load(db, desk.connection.id)
    desk.connection = replace(loaded, telehealth_only=False)


def of_doctor(visit: Appointment, who: str) -> Appointment:
    return replace(visit, practitioner_id=who)


@pytest.mark.parametrize("first", ["removed", "connected"])
def test_one_clinician_with_two_columns_is_known_by_the_name_both_practices_use(
    desk: Desk, newer: Desk, first: str
) -> None:
    mapped(desk, ng="Dr Ada Ng")
    mapped(newer, n1="NG, Ada")
    here, there = of_doctor(VISIT, "ng"), of_doctor(THERE, "n1")
    desk.told(here)

    row = handed_over(desk, newer, there, first=first)

    assert row.clinician == "NG, Ada"
    assert standing(newer) == {row.id}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"ng": "Dr Ada Ng"}, {"n1": "Dr Alan Ng"}),
        ({"ng": "Dr Ada Ng"}, {"n1": "NG, Ada", "n2": "Dr Ada  NG MBBS"}),
        ({"ng": "Dr Ada Ng", "o": "Ada Ng"}, {"n1": "NG, Ada"}),
    ],
    ids=["another name", "two there", "two here"],
)
def test_clinicians_who_may_be_two_people_keep_their_visits_apart(
    desk: Desk, newer: Desk, old: dict[str, str], new: dict[str, str]
) -> None:
    mapped(desk, **old)
    mapped(newer, **new)
    here, there = of_doctor(VISIT, "ng"), of_doctor(THERE, "n1")
    desk.told(here)
    leave(desk)

    newer.told(there)

    assert standing(newer) == {desk.id_of(here), newer.id_of(there)}


def test_several_practices_left_one_after_another_end_as_one_row(
    rig: Rig, desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)
    newer.told(THERE)
    leave(newer)
    with transaction(desk.engine, account_id=desk.account) as db:
        loaded = connections.load(db, rig.connect("newest"))
    third = Desk(desk.engine, desk.sealer, loaded, now=newer.now)
    clinicians = desk.connection.clinicians
    third.connection = replace(loaded, clinicians=clinicians, telehealth_only=False)

    third.told(replace(THERE, pms_id="c-1"))

    (row,) = [one for one in sheet(third).values() if not one.removed]
    assert (row.connection_id, row.own_notes) == (loaded.id, "Call first.")


def test_visits_of_earlier_today_are_handed_over_too(desk: Desk, newer: Desk) -> None:
    yesterday = replace(moved(VISIT, -11 * 60), pms_id="a-0")
    desk.told(yesterday, VISIT)
    newer.told(replace(moved(THERE, -11 * 60), pms_id="b-0"), THERE)
    desk.now = START + timedelta(hours=3)
    leave(desk)

    assert hand_over(desk) == 1

    assert desk.id_of(yesterday) in standing(desk)
    assert desk.id_of(VISIT) not in standing(desk)


def test_rows_of_a_practice_that_takes_changes_are_settled_by_its_own_rules(
    desk: Desk, newer: Desk
) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        change = text("UPDATE pms_connections SET connector = 'advancedmd' WHERE id = :id")
        db.execute(change, {"id": newer.connection.id})
        newer.connection = replace(
            connections.load(db, newer.connection.id),
            clinicians=desk.connection.clinicians,
            telehealth_only=False,
        )
    assert newer.connection.both_ways
    desk.told(VISIT)
    desk.type_in(VISIT, status="arrived")
    newer.told(replace(THERE, status=Status.CONFIRMED))
    leave(desk)

    assert hand_over(desk) == 1

    (conflict,) = sheet(newer)[newer.id_of(THERE)].conflicts
    assert (conflict.ours, conflict.theirs) == ("arrived", "confirmed")
