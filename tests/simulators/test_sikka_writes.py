import json
from typing import Any

import httpx
import pytest

from simulators.sikka import Knobs
from tests.simulators.sikka_desk import HTML, Desk, code, opened, setup, written


def patient(**told: Any) -> dict[str, Any]:
    return {"firstname": "Quentin", "lastname": "Larkspur", "practice_id": "1", **told}


def test_a_booking_is_queued_and_its_number_is_only_in_a_sentence(desk: Desk) -> None:
    reply = desk.book()

    told = reply.json()
    assert reply.status_code == 201 and reply.headers["Content-Type"] == "application/json"
    assert told["error_code"] == "API2016" and "id" not in told
    number = told["long_message"].removeprefix("Id:")
    assert told["more_information"].endswith(f"/v4/writeback_status?id={number}")
    assert desk.truth()["version"] == 0


def test_a_write_back_is_done_when_its_time_has_come_and_tells_what_it_made(desk: Desk) -> None:
    id_ = written(desk.book())
    before = desk.status(id_)
    desk.wait(19)
    assert desk.status(id_) == before
    desk.wait(142)

    after = desk.status(id_)
    assert (before["is_completed"], before["has_error"], before["created_id"]) == (
        "False", "False", "",
    )  # fmt: skip
    assert (after["is_completed"], after["has_error"], after["status"]) == (
        "True", "False", "Success",
    )  # fmt: skip
    assert after["request_time"] == "2026-06-02 14:00:00"
    assert "2026-06-02 14:00:20" <= after["completed_time"] <= "2026-06-02 14:02:40"
    row = desk.true_rows()[after["created_id"]]
    assert (row["start_utc"], row["end_utc"]) == ("2026-06-10T13:30:00Z", "2026-06-10T14:00:00Z")
    assert (row["operatory"], row["description"]) == ("OP1", "Booked for B7K2QX")


def test_the_status_comes_in_a_list_of_one_with_the_documented_fields(desk: Desk) -> None:
    document = desk.get("writeback_status", id=written(desk.book())).json()

    assert isinstance(document, list) and len(document) == 1
    [item] = document[0]["items"]
    assert item.keys() == {
        "id", "office_id", "method", "api", "payload_body", "appointment_sr_no", "request_time",
        "is_completed", "has_error", "completed_time", "result", "practice_id", "status",
        "patient_id", "created_id",
    }  # fmt: skip
    assert json.loads(item["payload_body"]) == desk.booking()
    assert all(isinstance(each, str) for each in item.values())


def test_what_was_written_is_read_after_the_next_refresh_and_not_before(desk: Desk) -> None:
    desk.knob(refresh_seconds=900, slowest_write=20)
    desk.wait(10)
    id_ = written(desk.book())
    desk.wait(30)
    made = desk.status(id_)["created_id"]

    assert made in desk.true_rows()
    assert desk.items("appointments", patient_id=desk.booking()["patient_id"]) == [
        row for row in desk.items("appointments", patient_id=desk.booking()["patient_id"])
        if row["appointment_sr_no"] != made
    ]  # fmt: skip
    desk.wait(900)
    [row] = desk.items("appointments", appointment_sr_no=made, fields="get_all")
    assert (row["date"], row["time"], row["length"]) == ("2026-06-10T00:00:00", "09:30", "30")
    assert (row["description"], row["operatory"], row["status"]) == (
        "Booked for B7K2QX", "OP1", "Unconfirmed",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["patient_id", "date", "time", "description", "provider_id", "length", "operatory",
     "practice_id"],
)  # fmt: skip
def test_a_booking_without_a_required_field_is_400(desk: Desk, name: str) -> None:
    reply = desk.book(**{name: None})

    assert code(reply) == (400, "API1020") and name in reply.json()["long_message"]


@pytest.mark.parametrize(
    "told",
    [
        {"date": "06/10/2026"},
        {"time": "9:30"},
        {"time": "24:30"},
        {"length": "half an hour"},
        {"length": 0},
        {"description": "Booked by phone: #12"},
        {"description": "x" * 61},
    ],
)
def test_a_booking_in_another_form_is_400(desk: Desk, told: Any) -> None:
    assert code(desk.book(**told)) == (400, "API1026")


def test_a_status_that_is_no_word_of_the_practice_fails_with_200(desk: Desk) -> None:
    assert code(desk.book(status="cancelled")) == (200, "API0008")
    assert desk.control("GET", "writebacks")["writebacks"] == []


def test_a_practice_of_another_office_is_401(desk: Desk) -> None:
    assert code(desk.book(practice_id="7")) == (401, "API2007")


def test_a_body_that_is_not_an_object_is_400(desk: Desk) -> None:
    assert code(desk.http.post("/appointment", content=b"[]")) == (400, "API1026")
    assert code(desk.http.post("/appointment", content=b"{")) == (400, "API1026")


def test_one_pms_wants_more_fields_than_another(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", pms="OrthoTrac")

    assert code(desk.book()) == (400, "API1020")
    assert code(desk.book(staff="AB", type="Adjustment")) == (201, "API2016")


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ({"patient_id": "1"}, "Patient not found"),
        ({"provider_id": "DR1"}, "Provider not found"),
        ({"operatory": "OP99"}, "Operatory not found"),
    ],
)
def test_what_the_pms_does_not_know_is_taken_on_and_fails_later(
    desk: Desk, told: Any, result: str
) -> None:
    id_ = written(desk.book(**told))
    desk.wait()

    status = desk.status(id_)
    assert (status["is_completed"], status["has_error"]) == ("True", "True")
    assert (status["result"], status["created_id"]) == (result, "")
    assert desk.truth()["version"] == 0


def test_the_next_write_can_be_made_to_fail_with_words_of_its_own(desk: Desk) -> None:
    desk.control("POST", "writebacks", next=[{"fate": "fail", "text": "Busy", "seconds": 5}])
    first, second = written(desk.book()), written(desk.book())
    desk.wait(6)

    assert (desk.status(first)["has_error"], desk.status(first)["result"]) == ("True", "Busy")
    assert desk.status(second)["is_completed"] == "False"


def test_a_share_of_writes_can_fail(desk: Desk) -> None:
    desk.knob(failing=1.0, failure="The chart is locked")
    id_ = written(desk.book())
    desk.wait()

    assert desk.status(id_)["result"] == "The chart is locked"


def test_the_pms_takes_two_at_once_and_the_truth_counts_them(desk: Desk) -> None:
    first, second = desk.booked(), desk.booked(time="09:45", description="Second")

    truth = desk.truth()
    [pair] = [each for each in truth["overlaps"] if each["is_double_booking"]]
    assert set(pair["appointments"]) == {first, second}
    assert pair["wants"] == ["operatory", "provider"]
    assert truth["double_bookings"] == 1
    assert {each["marker"]: each["created_id"] for each in truth["writebacks"]} == {
        "Booked for B7K2QX": first,
        "Second": second,
    }
    assert desk.true_rows()[first]["writebacks"] == [truth["writebacks"][0]["id"]]


def test_one_that_follows_another_is_no_overlap(desk: Desk) -> None:
    desk.booked()
    desk.booked(time="10:00")

    assert desk.truth()["double_bookings"] == 0


def test_the_same_chair_under_another_provider_is_an_overlap_until_one_is_cancelled(
    desk: Desk,
) -> None:
    other = list(desk.simulator.clinics["D90001"].practitioners)[1]
    first = desk.booked()
    desk.booked(provider_id=other)
    assert desk.truth()["double_bookings"] == 1

    desk.control("POST", f"appointments/{first}", action="cancel")
    assert desk.truth()["double_bookings"] == 0


def test_a_pms_may_refuse_to_book_two_at_once(desk: Desk) -> None:
    desk.knob(refuses_overlaps=True)
    desk.booked()
    id_ = written(desk.book())
    desk.wait()

    assert desk.status(id_)["has_error"] == "True"
    assert desk.truth()["double_bookings"] == 0


def test_an_spu_that_is_away_is_412_when_it_is_asked_after(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", is_online=False)

    reply = desk.book(check_spu="true")
    assert code(reply) == (412, "API2017")
    assert "log_message" in reply.json() and "long_message" not in reply.json()
    assert desk.control("GET", "writebacks")["writebacks"] == []


def test_what_waits_for_an_spu_is_done_when_it_is_back(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", is_online=False)
    id_ = written(desk.book())
    desk.wait(3600)
    assert desk.status(id_)["is_completed"] == "False"

    desk.control("POST", "tenants/D90001", is_online=True)
    assert desk.status(id_)["completed_time"] == "2026-06-02 15:00:00"


def test_an_appointment_is_moved_by_a_put_answered_as_a_page_of_text(desk: Desk) -> None:
    made = desk.booked()
    other = list(desk.simulator.clinics["D90001"].practitioners)[1]
    told = {"practice_id": "1", "provider_id": other, "date": "2026-06-11", "operatory": "OP2"}

    reply = desk.http.put(f"/appointments/{made}", json=told)
    assert code(reply) == (200, "API0007") and reply.headers["Content-Type"] == HTML
    desk.wait()
    row = desk.true_rows()[made]
    assert (row["start_utc"], row["practitioner_id"]) == ("2026-06-11T13:30:00Z", other)
    assert (row["operatory"], len(row["writebacks"])) == ("OP2", 2)
    assert desk.status(written(reply))["appointment_sr_no"] == made


@pytest.mark.parametrize(
    "told",
    [
        {"provider_id": "DR1", "date": "2026-06-11"},
        {"practice_id": "1", "date": "2026-06-11"},
        {"practice_id": "1", "provider_id": "DR1", "status": "Broken", "date": "2026-06-11"},
    ],
)
def test_a_put_without_what_it_needs_is_400(desk: Desk, told: Any) -> None:
    assert code(desk.http.put("/appointments/1", json=told)) == (400, "API1020")


def test_a_cancellation_is_a_patch_with_the_word_of_the_pms(desk: Desk) -> None:
    made = desk.booked()
    told = {"appointment_sr_no": made, "practice_id": "1", "op": "replace", "path": "/status"}

    reply = desk.http.patch(f"/appointments/{made}", json={**told, "value": "Broken"})
    assert code(reply) == (200, "API0007") and reply.headers["Content-Type"] == HTML
    desk.wait()
    assert desk.true_rows()[made]["meaning"] == "cancelled"
    [row] = desk.items("appointments", appointment_sr_no=made)
    assert row["status"] == "Broken"


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"op": "remove"}, (400, "API1026")),
        ({"path": "/colour"}, (400, "API1026")),
        ({"appointment_sr_no": "2"}, (400, "API1026")),
        ({"value": None}, (400, "API1020")),
        ({"value": "deleted"}, (200, "API0008")),
    ],
)
def test_a_bad_patch_is_refused(desk: Desk, told: Any, answer: Any) -> None:
    good = {"appointment_sr_no": "1", "practice_id": "1", "op": "replace", "path": "status",
            "value": "Broken"}  # fmt: skip

    assert code(desk.http.patch("/appointments/1", json={**good, **told})) == answer


def test_which_paths_a_patch_may_name_can_be_settled(desk: Desk) -> None:
    desk.knob(patch_paths=["/appointment_status"])
    told = {"appointment_sr_no": "1", "practice_id": "1", "op": "replace", "value": "Broken"}

    assert desk.http.patch("/appointments/1", json={**told, "path": "status"}).status_code == 400
    path = {"path": "/appointment_status"}
    assert desk.http.patch("/appointments/1", json={**told, **path}).status_code == 200


def test_a_change_to_an_appointment_nobody_has_fails_later(desk: Desk) -> None:
    told = {"practice_id": "1", "provider_id": "DR1", "date": "2026-06-11"}
    id_ = written(desk.http.put("/appointments/12345", json=told))
    desk.wait()

    assert desk.status(id_)["result"] == "Appointment not found"


def test_a_share_of_changes_fails_with_200(desk: Desk) -> None:
    desk.knob(not_logged=1.0)
    told = {"practice_id": "1", "provider_id": "DR1", "date": "2026-06-11"}

    assert code(desk.http.put("/appointments/1", json=told)) == (200, "API0008")
    assert code(desk.book()) == (201, "API2016")


def test_a_new_patient_is_written_read_and_booked(desk: Desk) -> None:
    provider = desk.booking()["provider_id"]
    told = patient(provider_id=provider, birthdate="1990-04-01", cell="2125550142", gender="male")
    reply = desk.http.post("/patient", json=told)
    assert code(reply) == (201, "API2016")
    desk.wait()

    made = desk.status(written(reply))["created_id"]
    [row] = desk.items("patients", patient_id=made, fields="get_all")
    assert (row["firstname"], row["birthdate"]) == ("Quentin", "1990-04-01T00:00:00")
    assert (row["cell"], row["homephone"], row["provider_id"]) == ("2125550142", "", provider)
    assert desk.items("patients", search="2125550142")
    booked = desk.booked(patient_id=made)
    assert desk.true_rows()[booked]["patients"][0]["last"] == "Larkspur"


def test_a_patient_no_refresh_has_seen_may_be_refused(desk: Desk) -> None:
    desk.knob(refuses_unseen_patients=True, refresh_seconds=900, slowest_write=20)
    desk.wait(10)
    provider = desk.booking()["provider_id"]
    id_ = written(desk.http.post("/patient", json=patient(provider_id=provider)))
    desk.wait(30)
    made = desk.status(id_)["created_id"]
    booking = written(desk.book(patient_id=made))
    desk.wait(30)

    assert desk.status(booking)["result"] == "Patient not found"
    desk.wait(900)
    desk.booked(patient_id=made)
    assert "Quentin" in {row["patients"][0]["first"] for row in desk.true_rows().values()
                         if row["patients"]}  # fmt: skip


def test_the_same_person_twice_may_be_refused(desk: Desk) -> None:
    desk.knob(refuses_duplicates=True)
    told = patient(provider_id=desk.booking()["provider_id"], birthdate="1990-04-01")
    ids = [written(desk.http.post("/patient", json=told)) for _ in range(2)]
    desk.wait()

    assert sorted(desk.status(id_)["has_error"] for id_ in ids) == ["False", "True"]


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"firstname": ""}, "API1020"),
        ({"gender": "m"}, "API1026"),
        ({"birthdate": "04/01/1990"}, "API1026"),
    ],
)
def test_a_bad_patient_is_400(desk: Desk, told: Any, answer: str) -> None:
    body = {**patient(provider_id=desk.booking()["provider_id"]), **told}

    assert code(desk.http.post("/patient", json=body)) == (400, answer)


def test_a_patient_is_changed_only_in_a_pms_that_can_and_never_their_number(desk: Desk) -> None:
    id_ = desk.booking()["patient_id"]
    path, told = f"/patient/{id_}", {"practice_id": "1", "lastname": "Quamby"}
    assert code(desk.http.patch(path, json=told)) == (422, "API2019")
    desk.control("POST", "tenants/D90001", pms="OrthoTrac")

    assert code(desk.http.patch(path, json={**told, "cell": "1"})) == (400, "API1026")
    reply = desk.http.patch(path, json=told)
    assert code(reply) == (200, "API0011") and reply.headers["Content-Type"] == HTML
    desk.wait()
    assert desk.items("patients", patient_id=id_)[0]["lastname"] == "Quamby"


def test_a_note_is_written_and_read(desk: Desk) -> None:
    booking = desk.booking()
    told = {"patient_id": booking["patient_id"], "date": "2026-06-02", "type": "Phone call",
            "text": "Rang about Tuesday", "provider_id": booking["provider_id"],
            "practice_id": "1"}  # fmt: skip

    assert code(desk.http.post("/medical_notes", json={**told, "type": "Gossip"}))[0] == 400
    assert code(desk.http.post("/medical_notes", json=told)) == (201, "API2016")
    desk.wait()
    [note] = desk.items("medical_notes", patient_id=booking["patient_id"], note_type="phone call")
    assert (note["text"], note["date"]) == ("Rang about Tuesday", "2026-06-02T00:00:00")
    assert desk.truth()["notes"][0]["text"] == "Rang about Tuesday"


def test_a_payment_is_recorded_with_one_of_the_types(desk: Desk) -> None:
    booking = desk.booking()
    told = {"patient_id": booking["patient_id"], "guarantor_id": booking["patient_id"],
            "procedure_code": "P3", "procedure_description": "Credit card payment",
            "provider_id": booking["provider_id"], "amount": "35.00", "practice_id": "1",
            "transaction_date": "2026-06-02"}  # fmt: skip
    insurance = {"procedure_code": "P9", "procedure_description": "Insurance payment"}

    for bad in ({"amount": "0.00"}, insurance):
        assert code(desk.http.post("/transaction", json={**told, **bad})) == (400, "API1026")
    assert code(desk.http.post("/transaction", json=told)) == (201, "API2016")
    desk.wait()
    day = {"startdate": "2026-06-02", "enddate": "2026-06-02"}
    [row] = desk.items("transactions", date_filter_on="transaction_date", **day)
    assert (row["amount"], row["payment_type"]) == ("35.00", "Credit card payment")


def test_a_write_a_pms_lacks_is_422(desk: Desk) -> None:
    desk.control("POST", "tenants/D90001", pms="Eaglesoft")
    booking = desk.booking()
    told = {"patient_id": booking["patient_id"], "guarantor_id": booking["patient_id"],
            "procedure_code": "P1", "procedure_description": "Cash payment",
            "provider_id": booking["provider_id"], "amount": "5", "practice_id": "1",
            "transaction_date": "2026-06-02"}  # fmt: skip

    assert code(desk.http.post("/transaction", json=told)) == (422, "API2019")


def test_write_backs_are_listed_for_a_week_at_most(desk: Desk) -> None:
    id_ = written(desk.book())

    def listed(**query: str) -> httpx.Response:
        return desk.http.get("/writebacks", params=query, headers=desk.app)

    assert code(listed(startdate="2026-06-02")) == (400, "API1020")
    assert code(listed(startdate="2026-06-01", enddate="2026-06-09")) == (400, "API1026")
    week = {"startdate": "2026-06-01", "enddate": "2026-06-08"}
    [item] = listed(**week).json()["items"]
    assert item.keys() >= {
        "id", "result", "office_id", "method", "api_name", "api_request_body", "command_time",
        "completed_time", "duration_in_second", "description",
    }  # fmt: skip
    assert (item["id"], item["result"], item["completed_time"]) == (id_, "pending", "")
    assert json.loads(item["api_request_body"]) == desk.booking()
    assert listed(id="1", **week).status_code == 204
    desk.wait()
    assert 20 <= int(listed(id=id_, **week).json()["items"][0]["duration_in_second"]) <= 160


def test_a_write_back_is_withdrawn_while_it_waits_and_not_after(desk: Desk) -> None:
    first, second = written(desk.book()), written(desk.book(time="11:00"))

    def withdrawn(id_: str) -> tuple[int, str]:
        return code(desk.http.delete("/writebacks", params={"id": id_}, headers=desk.app))

    assert withdrawn(first) == (200, "API4006")
    desk.wait()
    assert withdrawn(second) == (410, "API2018")
    assert withdrawn("1") == (404, "API2009")
    states = {each["id"]: each["state"] for each in desk.truth()["writebacks"]}
    assert states == {first: "deleted", second: "done"}


def test_the_answer_of_a_write_taken_on_may_say_504(desk: Desk) -> None:
    desk.fail("lost-504")

    assert code(desk.book()) == (504, "API2022")
    [write] = desk.truth()["writebacks"]
    assert (write["is_answered"], write["marker"]) == (False, "Booked for B7K2QX")
    desk.wait()
    assert desk.truth()["writebacks"][0]["state"] == "done"


@pytest.mark.parametrize("fate", ["lost-504", "lost-drop"])
def test_the_next_answer_can_be_made_to_get_lost(desk: Desk, fate: str) -> None:
    desk.control("POST", "writebacks", next=[{"fate": fate}])

    if fate == "lost-504":
        assert desk.book().status_code == 504
    else:
        with pytest.raises(httpx.ReadError):
            desk.book()
    assert len(desk.truth()["writebacks"]) == 1
    assert desk.book().status_code == 201


def test_the_answer_of_a_write_taken_on_may_never_come(desk: Desk) -> None:
    desk.fail("lost-silent", seconds=30)

    with pytest.raises(httpx.ReadTimeout):
        desk.http.post("/appointment", json=desk.booking(), timeout=0.2)
    assert len(desk.truth()["writebacks"]) == 1


def test_a_504_can_also_mean_that_nothing_was_taken_on(desk: Desk) -> None:
    desk.fail("504", path="/appointment")

    assert code(desk.book()) == (504, "API2022")
    assert desk.truth()["writebacks"] == []


def test_a_share_of_answers_can_get_lost_and_reads_never_do(desk: Desk) -> None:
    desk.control("POST", "faults", dial={"lost-504": 1.0})

    assert desk.get("appointments").status_code == 200
    assert desk.book().status_code == 504


def test_write_backs_can_be_finished_at_once(desk: Desk) -> None:
    id_ = written(desk.book())

    assert desk.control("POST", "writebacks/finish") == {"finished": 1}
    assert desk.status(id_)["is_completed"] == "True"


def test_the_clock_can_run_faster() -> None:
    with opened() as desk:
        desk.control("POST", "clock", speed=10_000)
        id_ = written(desk.book())

        assert any(desk.status(id_)["is_completed"] == "True" for _ in range(500))


def test_a_write_back_of_another_office_is_not_told() -> None:
    with opened(setup(tenants=2)) as desk:
        id_ = written(desk.book())
        desk.tenant = "D90002"
        desk.sign()

        assert desk.get("writeback_status", id=id_).status_code == 204


def test_what_was_created_may_be_kept_quiet() -> None:
    with opened(knobs=Knobs(tells_created=False)) as desk:
        assert desk.booked() == ""
        assert desk.truth()["writebacks"][0]["created_id"]
