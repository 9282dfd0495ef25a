"""What the desk writes, what the answers mean, and how a lost one is found again."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.desk import OutcomeUnknown, Receipt, Verdict
from domain.errors import NeedsReconnect, Refused, SyncError, Throttled
from domain.wishes import (
    Booking,
    Cancellation,
    Move,
    NewNote,
    NewPatient,
    PatientChange,
    Payment,
    Wish,
    Write,
)
from infra.http import NotSent
from tests.adapters.sikka.counter import KEY, NOW, Counter, failure, listed, taken

START = datetime(2026, 6, 3, 14, 30, tzinfo=UTC)
BOOKING = Booking(
    patient_id="p-1",
    start=START,
    minutes=30,
    practitioner_id="DR1",
    operatory_id="OP1",
    reason="Check-up & clean: 100%",
)
MOVE = Move(appointment_id="a-1", start=START, minutes=30, practitioner_id="DR1")
CANCEL = Cancellation(appointment_id="a-1")
NEW = NewPatient(
    first_name="Ann",
    last_name="Example",
    date_of_birth=date(1984, 12, 10),
    phone="+12125550101",
    practitioner_id="DR1",
)
NOTE = NewNote(patient_id="p-1", text="Prefers mornings", practitioner_id="DR1")
PAYMENT = Payment(patient_id="p-1", amount="25", method="visa")
PERSON = {"patient_id": "p-1", "lastname": "Example", "guarantor_id": "p-8", "provider_id": "DR1"}


def write(wish: Wish, *, marker: str = "K7M2QP", ago: int | None = 90) -> Write:
    at = None if ago is None else NOW - timedelta(seconds=ago)
    return Write(wish=wish, marker=marker, submitted_at=at)


def test_a_booking_says_what_the_pms_needs_in_the_practices_time() -> None:
    counter = Counter({"POST /appointment": httpx.Response(201, json=taken())})

    receipt = counter.desk.submit(write(BOOKING))

    assert receipt == Receipt(number="275495")
    assert counter.said("POST", "/appointment") == {
        "patient_id": "p-1",
        "date": "2026-06-03",
        "time": "10:30",
        "length": 30,
        "provider_id": "DR1",
        "operatory": "OP1",
        "description": "Check up clean 100 Ref K7M2QP",
        "practice_id": "1",
        "check_spu": True,
    }


def test_nobody_waits_so_the_practices_computer_may_be_offline() -> None:
    counter = Counter({"POST /appointment": httpx.Response(201, json=taken())}, voice=False)

    counter.desk.submit(write(BOOKING))

    assert "check_spu" not in counter.said("POST", "/appointment")


def test_a_long_reason_is_cut_and_our_number_kept() -> None:
    counter = Counter({"POST /appointment": httpx.Response(201, json=taken())})

    counter.desk.submit(write(replace(BOOKING, reason="Very long " * 20)))

    told = counter.said("POST", "/appointment")["description"]
    assert len(told) <= 60 and told.endswith("Ref K7M2QP")


@pytest.mark.parametrize(
    ("pms", "settings", "told"),
    [
        ("CornerStone", {}, {"guarantor_id": "p-8"}),
        ("OrthoTrac", {"staff": "S1", "booking_type": "EX"}, {"staff": "S1", "type": "EX"}),
        (
            "ClearDent",
            {"user": "U1", "booking_type": "EX", "booking_status": "Open"},
            {"user": "U1", "type": "EX", "status": "Open"},
        ),
    ],
)
def test_each_pms_is_told_what_it_wants_besides(
    pms: str, settings: Mapping[str, str], told: Mapping[str, str]
) -> None:
    answers = {
        "POST /appointment": httpx.Response(201, json=taken()),
        "GET /patients": listed(PERSON),
    }
    counter = Counter(answers, pms=pms, settings=settings)

    counter.desk.submit(write(BOOKING))

    assert counter.said("POST", "/appointment").items() >= told.items()


@pytest.mark.parametrize(
    ("pms", "wish"),
    [
        ("OrthoTrac", BOOKING),
        ("Dentrix", replace(BOOKING, operatory_id=None)),
        ("Dentrix", replace(MOVE, appointment_id="a/1")),
        ("ClearDent", replace(NEW, phone="+612 9999 0000")),
        ("ClearDent", replace(NEW, first_name="A" * 16)),
        ("OrthoTrac", PatientChange(patient_id="p-1", phone="+12125550199")),
        ("OrthoTrac", PatientChange(patient_id="p-1", last_name="A" * 26)),
        ("Dentrix", PatientChange(patient_id="p-1", last_name="Else")),
        ("Dentrix", replace(PAYMENT, amount="0")),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_leaves(pms: str, wish: Wish) -> None:
    answers = {
        "GET /patients": listed(PERSON),
        "GET /payment_types": listed({"code": "1", "description": "Visa"}),
    }
    counter = Counter(answers, pms=pms, settings={"user": "U1"})

    with pytest.raises(Refused):
        counter.desk.submit(write(wish))

    assert {one.method for one in counter.sender.requests} <= {"GET", "POST"}
    assert [one for one in counter.sender.requests if one.method == "POST"][1:] == []


def test_a_move_leaves_the_practices_own_words_alone() -> None:
    logged = {"http_code": "200", "error_code": "API0007", "long_message": "Id:9"}
    answer = httpx.Response(
        200, content=json.dumps(logged), headers={"Content-Type": "text/html; charset=UTF-8"}
    )
    counter = Counter({"PUT /appointments/a-1": answer})

    receipt = counter.desk.submit(write(MOVE))

    assert receipt.number == "9"
    assert "description" not in counter.said("PUT", "/appointments/a-1")


@pytest.mark.parametrize(
    ("settings", "listing", "value"),
    [
        ({}, ["Open", "Confirmed", "Cancelled by office"], "Cancelled by office"),
        ({}, ["Open"], "Broken"),
        ({"cancelled_status": "CX"}, [], "CX"),
    ],
)
def test_a_cancellation_is_the_practices_own_word(
    settings: Mapping[str, str], listing: list[str], value: str
) -> None:
    answers: dict[str, Any] = {
        "PATCH /appointments/a-1": {"http_code": "200", "error_code": "API0007"},
        "GET /appointment_statuses": listed(*({"appointment_status": one} for one in listing)),
    }
    counter = Counter(answers, settings={**settings, "status_path": "/status"})

    assert counter.desk.submit(write(CANCEL)) == Receipt()
    told = counter.said("PATCH", "/appointments/a-1")
    assert (told["op"], told["path"], told["value"]) == ("replace", "/status", value)


def test_a_new_patient_has_a_number_without_its_country() -> None:
    counter = Counter({"POST /patient": httpx.Response(201, json=taken())})

    counter.desk.submit(write(NEW))

    told = counter.said("POST", "/patient")
    assert (told["cell"], told["birthdate"]) == ("2125550101", "1984-12-10")


def test_a_note_is_of_a_kind_the_practice_has_and_holds_our_number() -> None:
    answers = {
        "POST /medical_notes": httpx.Response(201, json=taken()),
        "GET /note_types": listed({"note_type": "Chart"}, {"note_type": "Phone"}),
    }
    counter = Counter(answers)

    counter.desk.submit(write(replace(NOTE, note_kind="phone")))

    told = counter.said("POST", "/medical_notes")
    assert (told["type"], told["text"]) == ("Phone", "Prefers mornings (Ref K7M2QP)")


def test_a_payment_is_recorded_as_no_insurances() -> None:
    answers = {
        "POST /transaction": httpx.Response(201, json=taken()),
        "GET /patients": listed(PERSON),
        "GET /payment_types": listed(
            {"code": "1", "description": "Insurance Visa"}, {"code": "2", "description": "Visa"}
        ),
    }
    counter = Counter(answers)

    counter.desk.submit(write(PAYMENT))

    told = counter.said("POST", "/transaction")
    assert (told["procedure_code"], told["amount"], told["guarantor_id"]) == ("2", "25.00", "p-8")


def drop(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("reset by peer")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failure(200, "API0008"), Refused),
        (failure(412, "API2017"), Refused),
        (failure(400, "API1020"), Refused),
        (failure(409, "API2013"), Refused),
        (failure(422, "API2019"), Refused),
        (failure(404, "API2009"), Refused),
        (failure(401, "API2004"), Refused),
        (failure(401, "API2007"), NeedsReconnect),
        (failure(429, "API2012"), Throttled),
        (failure(504, "API2022"), OutcomeUnknown),
        (failure(500, "API2001"), OutcomeUnknown),
        (failure(503, "API2002"), OutcomeUnknown),
        (failure(500, "API2010"), OutcomeUnknown),
        (httpx.Response(502, content=b"<html>"), OutcomeUnknown),
        (httpx.Response(201, content=b"<html>"), OutcomeUnknown),
        (drop, OutcomeUnknown),
    ],
)
def test_an_answer_to_a_write_is_never_taken_for_more_than_it_says(
    answer: Any, error: type[SyncError]
) -> None:
    counter = Counter({"POST /appointment": answer})

    with pytest.raises(error) as trouble:
        counter.desk.submit(write(BOOKING))

    assert type(trouble.value) is error or error is Refused
    assert len(counter.asked("/appointment", method="POST")) == 1
    assert "Canary" not in str(trouble.value) and "p-1" not in str(trouble.value)


def test_an_offline_computer_is_told_in_a_sentence() -> None:
    counter = Counter({"POST /appointment": failure(412, "API2017")})

    with pytest.raises(Refused, match="computer is offline"):
        counter.desk.submit(write(BOOKING))


def test_a_key_that_ended_is_renewed_and_the_write_sent_again_once() -> None:
    answers = iter([failure(400, "API1025"), httpx.Response(201, json=taken())])
    counter = Counter({"POST /appointment": lambda _: next(answers)})

    assert counter.desk.submit(write(BOOKING)).number == "275495"
    assert len(counter.asked("/appointment", method="POST")) == 2


def test_what_fails_before_the_write_leaves_is_told_as_not_sent() -> None:
    counter = Counter({"POST /appointment": httpx.Response(201, json=taken())})
    rest = counter.sender.handler

    def handler(request: httpx.Request) -> httpx.Response:
        return drop(request) if request.url.path.endswith("/request_key") else rest(request)

    counter.sender.handler = handler

    with pytest.raises(NotSent):
        counter.desk.submit(write(BOOKING))

    assert counter.asked("/appointment", method="POST") == []


def word(**told: str) -> dict[str, str]:
    return {"id": "9", "is_completed": "False", "has_error": "False", "completed_time": "", **told}


@pytest.mark.parametrize(
    ("told", "verdict", "pms_id"),
    [
        (word(), Verdict.PENDING, None),
        (word(is_completed="True", created_id="a-77"), Verdict.DONE, "a-77"),
        (word(is_completed="True", has_error="True"), Verdict.FAILED, None),
        (word(has_error="True"), Verdict.PENDING, None),
        (word(completed_time="0001-01-01 00:00:00"), Verdict.PENDING, None),
        (word(completed_time="2026-06-02 14:00:00"), Verdict.PENDING, None),
        (word(is_completed="True", status="Success"), Verdict.DONE, None),
        (word(is_completed="True", status="Failed"), Verdict.PENDING, None),
        (word(is_completed="", completed_time="0001-01-01 00:00:00"), Verdict.PENDING, None),
        (word(is_completed="", completed_time="1111-11-11"), Verdict.PENDING, None),
        (word(is_completed="", completed_time="2026-06-02 14:00:00"), Verdict.DONE, None),
    ],
)
def test_the_word_on_a_write_is_its_outcome(
    told: dict[str, str], verdict: Verdict, pms_id: str | None
) -> None:
    counter = Counter({"GET /writeback_status": [listed({**told, "result": "Canary Example"})]})

    outcome = counter.desk.outcome(write(BOOKING), Receipt(number="9"))

    assert (outcome.verdict, outcome.pms_id) == (verdict, pms_id)
    assert "Canary" not in (outcome.reason or "")


@pytest.mark.parametrize("odd", [["a-77"], {"id": "a-77"}, 1.5, True, "x" * 30_000, 10**25])
def test_a_booking_that_was_taken_is_taken_whatever_its_number_looks_like(odd: Any) -> None:
    told = {**word(is_completed="True"), "created_id": odd, "patient_id": odd}
    counter = Counter({"GET /writeback_status": [listed(told)]})

    outcome = counter.desk.outcome(write(BOOKING), Receipt(number="9"))

    assert (outcome.verdict, outcome.pms_id) == (Verdict.DONE, None)


@pytest.mark.parametrize("key", ["office_id", "method", "api_name"])
def test_an_odd_entry_in_the_list_of_what_was_sent_hides_none_and_proves_none_lost(
    key: str,
) -> None:
    def found(*rows: Any) -> Verdict:
        answers = {
            "GET /writebacks": listed(*rows),
            "GET /writeback_status": listed(word(is_completed="True")),
            "GET /appointments": listed(),
        }
        return Counter(answers).desk.find(write(BOOKING)).verdict

    ours = sent({"patient_id": "p-1", "description": f"Ref {write(BOOKING).marker}"})
    odd = {**ours, "id": "8", key: ["x"]}

    assert found(odd, ours) is found(ours)
    assert (found(odd), found()) == (Verdict.UNKNOWN, Verdict.FAILED)


def sent(body: Any, **told: Any) -> dict[str, Any]:
    return {
        "id": "9",
        "office_id": "D90001",
        "method": "POST",
        "api_name": "appointment",
        "api_request_body": body if isinstance(body, str) else json.dumps(body),
        "result": "pending",
        **told,
    }


SAID = {"patient_id": "p-1", "date": "2026-06-03", "time": "10:30", "description": "x Ref K7M2QP"}


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([sent(SAID)], Verdict.DONE),
        ([sent({**SAID, "description": "x Ref ANOTHER"})], Verdict.FAILED),
        ([sent(SAID, office_id="D90002")], Verdict.FAILED),
        ([sent(SAID, method="PUT")], Verdict.FAILED),
        ([sent(SAID, api_name="patient")], Verdict.FAILED),
        ([sent("not json")], Verdict.UNKNOWN),
        ([], Verdict.FAILED),
    ],
)
def test_a_lost_write_is_looked_for_among_what_was_sent(
    rows: list[dict[str, Any]], verdict: Verdict
) -> None:
    counter = Counter(
        {
            "GET /writebacks": listed(*rows),
            "GET /writeback_status": listed(word(is_completed="True", created_id="a-77")),
            "GET /appointments": httpx.Response(204),
        }
    )

    assert counter.desk.find(write(BOOKING)).verdict is verdict
    (asked,) = counter.asked("/writebacks")
    assert asked.url.params["startdate"] == "2026-06-01"
    assert asked.headers["app-key"] == "k-example" and "request-key" not in asked.headers


PAID = {"patient_id": "p-1", "amount": "25.00", "provider_id": "DR1"}


@pytest.mark.parametrize(
    ("command_time", "others", "verdict"),
    [
        ("", frozenset(), Verdict.DONE),
        ("2026-06-02 14:00:00", frozenset(), Verdict.DONE),
        ("2026-06-02 10:00:00", frozenset(), Verdict.DONE),
        ("2026-06-01 14:00:00", frozenset(), Verdict.FAILED),
        ("2026-06-02 14:00:00", frozenset({"9"}), Verdict.FAILED),
    ],
)
def test_a_lost_payment_is_not_taken_for_an_earlier_one_alike(
    command_time: str, others: frozenset[str], verdict: Verdict
) -> None:
    listing = sent(PAID, api_name="transaction", command_time=command_time)
    counter = Counter(
        {
            "GET /payment_types": listed({"procedure_code": "V", "procedure_description": "Visa"}),
            "GET /patients": listed(PERSON),
            "GET /writebacks": listed(listing),
            "GET /writeback_status": listed(word(is_completed="True")),
        }
    )

    assert counter.desk.find(replace(write(PAYMENT), others=others)).verdict is verdict


@pytest.mark.parametrize(
    ("about", "verdict"), [("a-1", Verdict.DONE), ("a-6", Verdict.FAILED), ("", Verdict.DONE)]
)
def test_a_lost_move_is_not_taken_for_anothers_to_the_same_time(
    about: str, verdict: Verdict
) -> None:
    moved = {"date": "2026-06-03", "time": "10:30", "length": 30, "provider_id": "DR1"}
    counter = Counter(
        {
            "GET /writebacks": listed(sent(moved, method="PUT", api_name="appointments")),
            "GET /writeback_status": listed(word(is_completed="True", appointment_sr_no=about)),
            "GET /appointments": httpx.Response(204),
        }
    )

    assert counter.desk.find(write(MOVE)).verdict is verdict


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({}, Verdict.DONE),
        ({"time": "11:30"}, Verdict.FAILED),
        ({"patient_id": "p-2"}, Verdict.FAILED),
        ({"provider_id": "DR2"}, Verdict.FAILED),
        ({"status": "Broken"}, Verdict.FAILED),
    ],
)
def test_a_lost_booking_may_stand_in_the_book(told: dict[str, str], verdict: Verdict) -> None:
    row = {
        "appointment_sr_no": "a-5",
        "patient_id": "p-1",
        "provider_id": "DR1",
        "status": "Open",
        "date": "2026-06-03T00:00:00",
        "time": "10:30",
        "length": "30",
        "practice_id": "1",
    }
    answers = {"GET /writebacks": listed(), "GET /appointments": listed({**row, **told})}

    assert Counter(answers).desk.find(write(BOOKING)).verdict is verdict


@pytest.mark.parametrize("about", ["a-1", ""])
def test_a_listed_write_that_says_nothing_is_not_taken_for_ours(about: str) -> None:
    answers = {
        "GET /writebacks": listed(
            sent({"length": 30}, method="PUT", api_name="appointments", appointment_sr_no=about)
        ),
        "GET /appointments": httpx.Response(204),
    }

    assert Counter(answers).desk.find(write(MOVE)).verdict is Verdict.UNKNOWN


def test_what_left_too_long_ago_to_be_listed_stays_unknown() -> None:
    counter = Counter({"GET /appointments": httpx.Response(204)})

    assert counter.desk.find(write(BOOKING, ago=8 * 86_400)).verdict is Verdict.UNKNOWN


def test_a_write_taken_on_without_a_number_is_looked_for() -> None:
    body = {"appointment_sr_no": "a-1", "path": "status", "value": "Broken"}
    answers = {
        "GET /writebacks": listed(sent(body, method="PATCH", api_name="appointments")),
        "GET /writeback_status": listed(word(is_completed="True")),
        "GET /appointment_statuses": listed(),
    }

    outcome = Counter(answers).desk.outcome(write(CANCEL), Receipt())

    assert (outcome.verdict, outcome.pms_id) == (Verdict.DONE, "a-1")


def test_the_key_is_bought_in_the_body_and_never_shown() -> None:
    counter = Counter({"POST /appointment": httpx.Response(201, json=taken())})
    counter.desk.submit(write(BOOKING))

    (bought,) = counter.asked("/request_key", method="POST")
    assert json.loads(bought.content)["grant_type"] == "request_key"
    (booked,) = counter.asked("/appointment", method="POST")
    assert booked.headers["request-key"] == KEY["request_key"]
