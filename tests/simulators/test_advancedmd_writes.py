from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.advancedmd import Knobs
from tests.simulators.advancedmd_desk import Desk, opened, setup

FREE = "2026-06-02T22:00"  # everybody has gone home
FREE_UTC = "2026-06-03T02:00:00Z"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(setup(practitioners=3)) as desk:
        yield desk


def booked(desk: Desk) -> dict[str, Any]:
    return next(row for row in desk.rows() if row["status"] == 0 and row["patientid"])


def booking(desk: Desk, **told: Any) -> dict[str, Any]:
    row = booked(desk)
    usual = {
        "patientid": row["patientid"],
        "columnid": row["columnid"],
        "startdatetime": FREE,
        "duration": 30,
        "profileid": row["profileid"],
        "type": [{"id": next(iter(desk.simulator.clinics[desk.tenant].types))}],
    }
    return {**usual, **told}


def book(desk: Desk, **told: Any) -> httpx.Response:
    return desk.request("POST", "scheduler/Appointments", json=booking(desk, **told))


def change(desk: Desk, id_: object, **told: Any) -> httpx.Response:
    return desk.request("PUT", f"scheduler/appointments/{id_}", json=told)


def cancel(desk: Desk, id_: object, **told: Any) -> httpx.Response:
    return desk.request("PUT", f"scheduler/appointments/{id_}/cancel", json=told)


def test_an_appointment_can_be_booked(desk: Desk) -> None:
    reply = book(desk)

    assert reply.status_code == 201
    made = reply.json()
    told = desk.truth()[str(made["id"])]
    assert (told["start_utc"], told["end_utc"]) == (FREE_UTC, "2026-06-03T02:30:00Z")
    assert (told["meaning"], told["patients"][0]["id"]) == ("booked", str(made["patientid"]))
    assert made in desk.rows()


@pytest.mark.parametrize(
    "told",
    [
        {"patientid": None},
        {"patientid": 1},
        {"columnid": 1},
        {"columnid": "col16"},
        {"profileid": 1},
        {"duration": 0},
        {"duration": "30"},
        {"startdatetime": "2026-06-02T22:00:00Z"},
        {"startdatetime": "tonight"},
        {"type": []},
        {"type": [{"id": 1}]},
        {"type": [7]},
    ],
)
def test_a_booking_that_lacks_something_or_is_wrong_is_400(
    desk: Desk, told: dict[str, Any]
) -> None:
    version = desk.control("GET", "truth")["version"]

    assert book(desk, **told).status_code == 400
    assert desk.control("GET", "truth")["version"] == version


def test_a_body_that_is_no_object_is_400(desk: Desk) -> None:
    for content in (b"{", b"[]"):
        path = "scheduler/appointments"
        assert desk.request("POST", path, content=content).status_code == 400


@pytest.mark.parametrize(("start", "code"), [(FREE, 4186), ("2026-06-02T22:10", 4101)])
def test_a_slot_that_is_taken_is_409(desk: Desk, start: str, code: int) -> None:
    made = book(desk).json()

    reply = book(desk, startdatetime=start)
    assert (reply.status_code, reply.json()["code"]) == (409, code)
    cancel(desk, made["id"], id=made["id"])
    assert book(desk, startdatetime=start).status_code == 201


def test_the_end_of_one_may_be_the_beginning_of_the_next(desk: Desk) -> None:
    replies = [book(desk), book(desk, startdatetime="2026-06-02T22:30")]

    assert [each.status_code for each in replies] == [201, 201]


def test_a_column_may_take_two_at_a_time() -> None:
    with opened(setup(practitioners=3), Knobs(per_slot=2)) as desk:
        assert [book(desk).status_code for _ in range(3)] == [201, 201, 409]


def test_the_time_and_the_length_can_be_changed(desk: Desk) -> None:
    row = booked(desk)
    desk.wait(1)

    told = change(desk, row["id"], startdatetime=FREE, duration=45).json()
    assert (told["startdatetime"][:16], told["duration"]) == (FREE, 45)
    assert told["lastupdated"] > row["lastupdated"]
    truth = desk.truth()[str(row["id"])]
    assert (truth["start_utc"], truth["end_utc"]) == (FREE_UTC, "2026-06-03T02:45:00Z")
    assert truth["statuscode"] == 0


def test_a_change_to_where_somebody_is_is_409(desk: Desk) -> None:
    row, made = booked(desk), book(desk).json()

    reply = change(desk, row["id"], startdatetime=FREE, columnid=made["columnid"])
    assert (reply.status_code, reply.json()["code"]) == (409, 4186)
    assert desk.get(f"scheduler/appointments/{row['id']}").json() == row


def test_another_column_is_another_practitioner(desk: Desk) -> None:
    row = booked(desk)
    offices = desk.simulator.vendor.offices[desk.tenant]
    other = next(
        each for each in offices.columns.values() if each.profile_id != str(row["profileid"])
    )

    told = change(desk, row["id"], columnid=other.id, startdatetime=FREE).json()
    assert (told["columnid"], told["profileid"]) == (other.id, int(other.profile_id))
    assert desk.truth()[str(row["id"])]["practitioner_id"] == other.profile_id


def test_the_other_column_of_the_same_practitioner_is_kept(desk: Desk) -> None:
    first, second = map(int, desk.columns.split("-")[:2])
    row = desk.rows(columnId=str(first))[0]

    told = change(desk, row["id"], columnid=second, startdatetime=FREE).json()
    assert (told["columnid"], told["profileid"]) == (second, row["profileid"])
    assert told in desk.rows(columnId=str(second))


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(1, "arrived"), (2, "in_progress"), (3, "completed"), (12, "no_show"), (0, "booked")],
)
def test_a_status_is_set_by_its_number(desk: Desk, code: int, meaning: str) -> None:
    row = next(row for row in desk.rows() if row["status"] == 0 and not row["confirmdate"])

    assert change(desk, row["id"], statuscode=code).json()["status"] == code
    assert desk.truth()[str(row["id"])]["meaning"] == meaning


def test_a_confirmed_appointment_stays_confirmed_when_it_is_set_to_what_it_is(desk: Desk) -> None:
    row = next(row for row in desk.rows() if row["status"] == 0 and row["confirmdate"])

    assert change(desk, row["id"], statuscode=0).json()["confirmdate"] == row["confirmdate"]


@pytest.mark.parametrize(
    "told", [{}, {"statuscode": 99}, {"statuscode": "1"}, {"status": 1}, {"notes": "x"}]
)
def test_what_cannot_be_changed_is_400(desk: Desk, told: dict[str, Any]) -> None:
    assert change(desk, booked(desk)["id"], **told).status_code == 400


def test_nobody_can_change_what_is_not_there(desk: Desk) -> None:
    assert change(desk, 1, statuscode=1).status_code == 404
    assert cancel(desk, 1, id=1).status_code == 404


def test_an_appointment_is_cancelled_by_its_id_alone(desk: Desk) -> None:
    id_ = booked(desk)["id"]

    assert cancel(desk, id_).status_code == 400
    assert cancel(desk, id_, id=1).status_code == 400
    assert cancel(desk, id_, id=id_, noshowreasonid=3).status_code == 500
    assert desk.truth()[str(id_)]["meaning"] == "booked"
    assert cancel(desk, id_, id=id_).json()["status"] == 10
    assert desk.truth()[str(id_)]["meaning"] == "cancelled"
    version = desk.control("GET", "truth")["version"]
    assert cancel(desk, id_, id=id_).status_code == 200
    assert desk.control("GET", "truth")["version"] == version


@pytest.mark.parametrize("fault", ["lost-504", "lost-drop", "lost-silent"])
def test_a_lost_write_is_done_although_nobody_says_so(desk: Desk, fault: str) -> None:
    id_ = booked(desk)["id"]
    desk.fail(fault, path="cancel$", seconds=0.01)

    try:
        assert cancel(desk, id_, id=id_).status_code == 504
    except httpx.TransportError:
        assert fault != "lost-504"
    assert desk.truth()[str(id_)]["meaning"] == "cancelled"


def test_staff_can_set_any_number(desk: Desk) -> None:
    id_ = str(booked(desk)["id"])

    for code, meaning in {99: "unknown", 11: "cancelled", 3: "completed"}.items():
        told = desk.control("POST", f"statuscodes/{id_}", statuscode=code)
        assert (told["statuscode"], told["meaning"]) == (code, meaning)
        assert desk.get(f"scheduler/appointments/{id_}").json()["status"] == code
    desk.control("POST", f"statuscodes/{id_}", statuscode=5)
    assert id_ not in {str(row["id"]) for row in desk.rows()}
    assert id_ not in desk.truth()


def test_staff_who_move_an_appointment_leave_its_old_row_behind(desk: Desk) -> None:
    row = booked(desk)
    added = desk.control("POST", f"rebook/{row['id']}", start_utc=FREE_UTC)

    rows = {each["id"]: each for each in desk.rows()}
    assert row["id"] not in rows
    assert rows[int(added["id"])]["startdatetime"][:16] == FREE
    assert rows[int(added["id"])]["patientid"] == row["patientid"]
    assert str(row["id"]) in desk.control("GET", "truth")["moved"]


def test_what_is_cancelled_elsewhere_is_a_10_whatever_it_was(desk: Desk) -> None:
    id_ = str(booked(desk)["id"])
    desk.control("POST", f"statuscodes/{id_}", statuscode=99)

    assert desk.control("POST", f"appointments/{id_}", action="cancel")["statuscode"] == 10
    assert desk.control("POST", f"appointments/{id_}", action="arrive")["statuscode"] == 1


def test_a_control_for_an_appointment_nobody_has_is_told(desk: Desk) -> None:
    for path in ("statuscodes/1", "rebook/1"):
        body = {"statuscode": 1, "start_utc": FREE_UTC}
        assert desk.http.post(f"{desk.url}/_sim/{path}", json=body).status_code == 400
