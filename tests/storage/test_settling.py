"""Choosing a side of a conflict: only of what was seen, and never in the way of a sync."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.storage.by_hand.conflict_list import Wanted, shown_now
from adapters.storage.by_hand.history import MOST
from adapters.storage.by_hand.settling import Done, Shown, settle_many, undo_settled
from domain.appointments import Appointment
from infra.database import transaction
from tests.saying import hearing
from tests.storage.desk import VISIT, Desk, moved, rephoned

pytestmark = pytest.mark.integration


def visits(count: int) -> list[Appointment]:
    return [
        replace(
            VISIT,
            pms_id=f"many-{at}",
            start=VISIT.start + timedelta(minutes=at),
            end=VISIT.end + timedelta(minutes=at),
        )
        for at in range(count)
    ]


def disputed(desk: Desk, *told: Appointment) -> Sequence[Shown]:
    """Both sides change the phone of each; what somebody who looks is shown."""
    desk.told(*told)
    for visit in told:
        desk.type_in(visit, patient_phone="03 9555 0199")
    desk.told(*(rephoned(visit, "(03) 9000 0002") for visit in told))
    with transaction(desk.engine, account_id=desk.account) as db:
        return shown_now(db, Wanted(rule="patient_phone"), limit=500)


def take_theirs(desk: Desk, shown: Sequence[Shown]) -> Done:
    with transaction(desk.engine, account_id=desk.account) as db:
        return settle_many(db, desk.seal, shown, "theirs", hand=desk.hand)


def undone(desk: Desk, ids: Sequence[UUID], done: Done) -> Done:
    with transaction(desk.engine, account_id=desk.account) as db:
        return undo_settled(db, desk.seal, ids, settled_at=done.at, hand=desk.hand)


@contextmanager
def counting(desk: Desk) -> Iterator[list[str]]:
    said: list[str] = []

    with hearing(desk.engine, lambda _, statement: said.append(statement)):
        yield said


def test_a_side_that_moved_since_it_was_shown_is_left_open(desk: Desk) -> None:
    one, other = visits(2)
    shown = disputed(desk, one, other)
    desk.told(rephoned(one, "(03) 9000 0003"))

    done = take_theirs(desk, shown)

    assert (len(done.ids), done.left) == (1, 1)
    assert desk.row(one)["patient_phone"] == "(03) 9555 0199"
    assert desk.row(other)["patient_phone"] == "(03) 9000 0002"
    (still,) = desk.open_conflicts()
    assert still["appointment_id"] == desk.id_of(one)


def test_only_what_was_counted_is_settled(desk: Desk) -> None:
    one, other = visits(2)
    shown = disputed(desk, one)
    disputed(desk, other)

    done = take_theirs(desk, shown)

    assert list(done.ids) == [shown[0].id]
    assert [row["appointment_id"] for row in desk.open_conflicts()] == [desk.id_of(other)]


def test_undoing_a_choice_does_not_take_back_a_later_one(desk: Desk) -> None:
    first = take_theirs(desk, disputed(desk, VISIT))
    reopened = undone(desk, first.ids, first)
    with transaction(desk.engine, account_id=desk.account) as db:
        again = shown_now(db, Wanted(), limit=5)
    take_theirs(desk, again)

    late = undone(desk, first.ids, first)

    assert (len(reopened.ids), reopened.left) == (1, 0)
    assert (len(late.ids), late.left) == (0, 1)
    assert desk.open_conflicts() == []


def test_many_choices_take_as_few_statements_as_few(desk: Desk) -> None:
    few = disputed(desk, *visits(2))

    with counting(desk) as for_few:
        settled = take_theirs(desk, few)
        undone(desk, settled.ids, settled)
    take_theirs(desk, few)
    many = disputed(desk, *(replace(one, pms_id=f"x{one.pms_id}") for one in visits(20)))
    with counting(desk) as for_many:
        settled = take_theirs(desk, many)
        undone(desk, settled.ids, settled)

    assert len(settled.ids) >= 20
    assert len(for_many) == len(for_few)


def test_settling_locks_the_row_before_its_conflict_as_a_sync_does(desk: Desk) -> None:
    disputed(desk, VISIT)
    (conflict,) = desk.open_conflicts()
    locked: list[str] = []

    def note(_: object, statement: str) -> None:
        if "FOR UPDATE" in statement:
            locked.append(statement)

    with hearing(desk.engine, note):
        desk.settle(conflict["id"], "theirs")

    row, conflicted = locked[:2]
    assert "FROM run_sheet_appointments" in row
    assert "FROM run_sheet_conflicts" in conflicted
    assert desk.open_conflicts() == []


def test_a_choice_of_long_ago_is_opened_again_whatever_was_done_since(desk: Desk) -> None:
    shown = disputed(desk, VISIT)
    done = take_theirs(desk, shown)
    for step in range(MOST + 1):
        desk.type_in(VISIT, notes=f"note {step}")

    again = undone(desk, done.ids, done)

    assert (list(again.ids), again.left) == (list(done.ids), 0)
    assert len(desk.open_conflicts()) == 1
    assert desk.row(VISIT)["patient_phone"] == "(03) 9555 0199"


def test_a_choice_of_long_ago_stands_where_the_field_was_changed_since(desk: Desk) -> None:
    shown = disputed(desk, VISIT)
    done = take_theirs(desk, shown)
    desk.type_in(VISIT, patient_phone="03 9555 0177")
    for step in range(MOST + 1):
        desk.type_in(VISIT, notes=f"note {step}")

    assert (undone(desk, done.ids, done).left, desk.open_conflicts()) == (1, [])


def test_what_was_settled_settles_nothing_that_has_come_up_since(desk: Desk) -> None:
    (first,) = disputed(desk, VISIT)
    desk.settle(first.id, "mine")
    desk.told(rephoned(VISIT, "(03) 9000 0003"))

    done = take_theirs(desk, [replace(first, version=None)])

    assert (list(done.ids), done.left) == ([], 1)
    assert [row["id"] == first.id for row in desk.open_conflicts()] == [False]


@pytest.mark.parametrize("field", ["patient_phone", "start"])
def test_of_two_conflicts_of_a_row_the_one_that_was_meant_is_settled(
    desk: Desk, field: str
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199", start="15:00")
    desk.told(rephoned(moved(VISIT, 60), "(03) 9000 0002"))
    meant, other = sorted(desk.open_conflicts(), key=lambda one: one["field"] != field)

    desk.settle(meant["id"], "theirs")

    assert (meant["field"], other["field"] == field) == (field, False)
    assert [one["id"] for one in desk.open_conflicts()] == [other["id"]]
