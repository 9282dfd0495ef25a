"""What a practice's own choices keep off the sheet is not told as gone from its PMS."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from domain.intake import LEFT_OUT
from simulators.setup import Setup
from tests.sync.practice import DAY, Practice, practice
from tests.sync.test_edits import act, type_in
from tests.sync.test_leaving_practitioners import UNMAPPED, busiest

pytestmark = pytest.mark.integration

MAPPED = UNMAPPED.replace("= false", "= true")
TELEHEALTH_ALONE = "UPDATE pms_connections SET sync_telehealth_only = true WHERE id = :id"
NOTES = "ring the daughter first"


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    setup = Setup(seed=7, practitioners=2, appointments=14, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup) as connected:
        connected.sync()
        yield connected


def off(clinic: Practice) -> list[dict[str, Any]]:
    return [row for row in clinic.rows() if row["removed_at"] is not None]


def on(clinic: Practice) -> list[dict[str, Any]]:
    return list(clinic.live_rows().values())


def test_rows_of_somebody_who_is_taken_off_leave_and_say_that_we_leave_them_out(
    clinic: Practice,
) -> None:
    who = busiest(clinic)
    clinic.change(UNMAPPED.format(who))

    run = clinic.sync()

    assert run["status"] == "success"
    assert run["removed"] == len(off(clinic)) > 5
    assert {row["pms_practitioner_id"] for row in off(clinic)} == {who}
    assert all(LEFT_OUT in row["flags"] for row in off(clinic))


def test_they_come_back_with_what_was_typed_once_they_are_chosen_again(clinic: Practice) -> None:
    who = busiest(clinic)
    row = next(one for one in on(clinic) if one["pms_practitioner_id"] == who)
    type_in(clinic, row["id"], notes=NOTES)
    clinic.change(UNMAPPED.format(who))
    clinic.sync()

    clinic.change(MAPPED.format(who))
    clinic.sync()

    assert off(clinic) == []
    back = next(one for one in on(clinic) if one["id"] == row["id"])
    assert NOTES in back["notes"]
    assert LEFT_OUT not in back["flags"]


def test_what_the_pms_has_deleted_does_not_say_that_it_is_left_out(clinic: Practice) -> None:
    row = on(clinic)[0]
    act(clinic, row, action="delete")

    clinic.sync()

    assert [one["pms_appointment_id"] for one in off(clinic)] == [row["pms_appointment_id"]]
    assert all(LEFT_OUT not in one["flags"] for one in off(clinic))


def test_a_choice_is_followed_at_once_however_many_rows_it_takes_off(clinic: Practice) -> None:
    before = on(clinic)
    clinic.change(TELEHEALTH_ALONE)

    run = clinic.sync()

    assert run["status"] == "success"
    assert all(row["is_telehealth"] for row in on(clinic))
    assert len(on(clinic)) < len(before) - 5


def test_a_choice_takes_along_nothing_that_the_pms_does_not_list_any_more(clinic: Practice) -> None:
    """The brake looks at the rest alone: what is left of the day vanished all the same."""
    stays = busiest(clinic)
    rest = [row for row in on(clinic) if row["pms_practitioner_id"] == stays]
    for who in {row["pms_practitioner_id"] for row in on(clinic)} - {stays}:
        clinic.change(UNMAPPED.format(who))
    for pms_id in {row["pms_appointment_id"] for row in rest}:
        clinic.control(f"appointments/{pms_id}", {"action": "delete"})

    run = clinic.sync()

    assert run["status"] == "partial"
    assert f"{len(rest)} of {len(rest)} appointments of 2 June" in run["error_message"]
    assert {row["id"] for row in on(clinic)} == {row["id"] for row in rest}
