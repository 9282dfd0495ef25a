"""A PMS that is asked for each patient: what is remembered between attempts, and what is not."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from simulators.faults import Fault, Script
from simulators.setup import Setup
from tests.sync.living import Living, living

pytestmark = pytest.mark.integration

PATIENTS = r"/v1/patients/"


@pytest.fixture
def rooms(database_url: str) -> Iterator[Living]:
    """One page of appointments with some thirty patients, each a request at Medirecords."""
    setup = Setup(seed=5, practitioners=4, appointments=40)
    with living(database_url, "medirecords", setup=setup, seed=1, settings={}) as clinic:
        yield clinic


def asked(rooms: Living) -> list[str]:
    paths = [one.path for one in rooms.simulator.front.arrivals.all()]
    return [path for path in paths if re.match(PATIENTS, path)]


def test_a_patient_who_was_renamed_is_shown_so_by_the_very_next_sync(rooms: Living) -> None:
    assert rooms.sync() == "success"
    for patient in list(rooms.clinic.patients):
        rooms.clinic.rename(patient, "Ann", "Renamed")
    rooms.note()

    assert rooms.sync() == "success"

    rooms.look()
    assert rooms.tally.rows > 0
    assert rooms.tally.bad == []


def test_patients_who_cannot_be_had_now_and_then_do_not_fail_the_run(rooms: Living) -> None:
    for before in (5, 10, 15, 20, 25):
        failure = Script(fault=Fault(name="500"), path=re.compile(PATIENTS), after=before)
        rooms.simulator.front.faults.script(failure)

    assert rooms.sync() == "success"

    rooms.look()
    assert rooms.tally.bad == []
    failed = [one for one in rooms.simulator.front.arrivals.all() if one.fault]
    assert len(failed) == 5
    assert len(asked(rooms)) == len(set(asked(rooms))) + len(failed)


def test_a_pms_that_is_down_behind_the_first_patients_still_ends_the_run(rooms: Living) -> None:
    failure = Script(fault=Fault(name="500"), path=re.compile(PATIENTS), after=5, times=500)
    rooms.simulator.front.faults.script(failure)

    assert rooms.sync() == "failed"

    # Each of three tries asks for three and for one who answered before.
    assert len(asked(rooms)) == 5 + 3 * (3 + 1)


@pytest.mark.parametrize(("fault", "requests"), [("401", 2), ("500", 1), ("html", 1)])
def test_a_patient_who_cannot_be_read_any_more_keeps_what_is_known_of_them(
    rooms: Living, fault: str, requests: int
) -> None:
    assert rooms.sync() == "success"
    before, lost = rooms.names(), asked(rooms)[3]
    failure = Script(fault=Fault(name=fault), path=re.compile(f"{lost}$"), times=500)
    rooms.simulator.front.faults.script(failure)

    for _ in range(2):
        assert rooms.sync() == "success"

        assert rooms.names() == before
        assert rooms.rejected() == {"/v1/patients/{id}"}
    assert asked(rooms).count(lost) == 1 + 2 * 2 * requests

    rooms.simulator.front.faults.clear()
    assert rooms.sync() == "success"
    assert (rooms.names(), rooms.rejected()) == (before, set())


@pytest.mark.parametrize("fault", ["401", "500", "html"])
def test_a_new_visit_of_such_a_patient_is_on_the_sheet_with_what_it_says_itself(
    rooms: Living, fault: str
) -> None:
    assert rooms.sync() == "success"
    whole, lost = rooms.names(), asked(rooms)[3]

    with rooms.parts.engine.begin() as db:
        db.execute(text("DELETE FROM run_sheet_appointments"))
    failure = Script(fault=Fault(name=fault), path=re.compile(f"{lost}$"), times=500)
    rooms.simulator.front.faults.script(failure)
    assert rooms.sync() == "success"

    found = rooms.names()
    assert found.keys() == whole.keys()
    assert {found[row] for row in found if found[row] != whole[row]} == {None}
