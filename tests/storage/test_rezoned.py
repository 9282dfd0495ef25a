"""A practice whose time zone was set wrongly at first: what people typed stays what they typed."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.appointments import Appointment
from domain.intake import wall_time
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_run_sheet import KEY

pytestmark = pytest.mark.integration

WRONG, RIGHT = "Australia/Perth", "Australia/Melbourne"


@pytest.fixture
def desk(rig: Rig) -> Desk:
    made = desk_of(rig.engine, Sealer(Keyring.from_hex(KEY)), rig.connect("site"))
    made.connection = replace(made.connection, timezone=WRONG)
    return made


def put_right(desk: Desk) -> None:
    desk.connection = replace(desk.connection, timezone=RIGHT)


def as_its_clock_shows(visit: Appointment) -> Appointment:
    """As a PMS that tells the practice's own clock is understood once its zone is right."""
    shown = wall_time(visit.start, WRONG).replace(tzinfo=ZoneInfo(RIGHT)).astimezone(UTC)
    return moved(visit, int((shown - visit.start).total_seconds() / 60))


def on_the_clock(desk: Desk, zone: str = RIGHT) -> str:
    start: datetime = desk.row(VISIT)["start"]
    return f"{wall_time(start, zone):%H:%M}"


def test_a_typed_time_is_still_the_one_that_was_typed(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    assert on_the_clock(desk, WRONG) == "14:45"

    put_right(desk)
    desk.told(VISIT)

    assert on_the_clock(desk) == "14:45"
    assert desk.row(VISIT)["provenance"]["start"]["by"] == "reception"
    assert desk.open_conflicts() == []


def test_a_pms_that_tells_wall_times_is_in_no_conflict_with_it(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")

    put_right(desk)
    desk.told(as_its_clock_shows(VISIT))

    assert on_the_clock(desk) == "14:45"
    assert desk.open_conflicts() == []


def test_a_time_that_the_pms_changed_meanwhile_is_still_a_conflict(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")

    put_right(desk)
    desk.told(moved(VISIT, 20))

    assert on_the_clock(desk) == "14:45"
    assert len(desk.open_conflicts()) == 1


def test_a_conflict_about_a_time_can_be_settled_after_the_zone_was_put_right(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    desk.told(moved(VISIT, 20))
    (conflict,) = desk.open_conflicts()

    put_right(desk)
    desk.told(moved(VISIT, 20))
    desk.settle(conflict["id"], "mine")

    assert on_the_clock(desk) == "14:45"
    assert desk.open_conflicts() == []


def test_undoing_a_typed_time_leads_back_to_the_time_of_the_pms(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, start="14:45")
    put_right(desk)
    told = as_its_clock_shows(VISIT)
    desk.told(told)

    desk.type_in(VISIT, start=told.start.isoformat())

    assert desk.row(VISIT)["start"] == told.start
    assert "start" not in desk.row(VISIT)["provenance"]


def test_what_else_was_typed_is_as_it_was(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")

    put_right(desk)
    desk.told(rephoned(VISIT, "(03) 9000 0001"))

    row = desk.row(VISIT)
    assert (row["start"], row["patient_phone"]) == (VISIT.start, "(03) 9555 0199")
