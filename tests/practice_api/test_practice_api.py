"""Each route of the practice's API: done, missing, forbidden, foreign, and asked for again."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from sqlalchemy import text

from domain.appointments import Appointment
from domain.desk import (
    Ability,
    Balance,
    Busy,
    Coverage,
    Note,
    Outcome,
    Paid,
    Receipt,
    Resource,
    Verdict,
)
from domain.errors import NeedsReconnect, Refused, Transient
from domain.people import Role
from domain.slots import PRACTITIONER
from domain.window import Window
from domain.wishes import Cancellation
from domain.work import DESK_CALL, SEND_TEXT, SETTLE
from infra.sealing import Keyring, Sealer
from tests.practice_api.client import Client, client, dispatch_all
from tests.voice.line import ACCOUNT, KEY
from tests.webhooks.serving import bearer, served

pytestmark = pytest.mark.integration

ANN = "PAT-1001"
NEW_PATIENT = {"firstName": "Fay", "lastName": "Fern", "dateOfBirth": "1999-09-09"}


def at(api: Client, clock: str) -> str:
    return f"{api.line.day.isoformat()}T{clock}"


BROWSER = {"User-Agent": "Example Browser 1"}


def booking(api: Client, clock: str = "09:30", **more: Any) -> dict[str, Any]:
    return {"patientId": ANN, "startTime": at(api, clock), "type": "Checkup", **more}


def booked(api: Client, clock: str = "09:30") -> dict[str, Any]:
    return dict(api.told("POST", "/appointments", booking(api, clock))["appointment"])


def test_a_patient_is_searched_a_time_is_found_and_an_appointment_is_booked(api: Client) -> None:
    found = api.told("GET", "/patients/search", query="Ann Ames", limit=10)["patients"]
    slots = api.told("GET", "/appointments/availability", date=api.line.day.isoformat())["slots"]
    answer = api.send(
        "POST",
        "/appointments",
        {"patientId": found[0]["id"], "startTime": slots[0]["startTime"], "duration": 30},
    )

    made = answer.json()["appointment"]
    assert answer.status_code == 201
    assert set(slots[0]) == {"startTime", "endTime", "providerId", "providerName", "available"}
    assert len(made["confirmationNumber"]) == 6
    assert (made["patientName"], made["status"]) == ("Ann Ames", "scheduled")
    assert made["startTime"] == slots[0]["startTime"]
    assert [one.patient_id for one in api.line.desk.book] == [ANN]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/appointments", "startDate, endDate, patientId, providerId, status"),
        ("/patients/PAT-1001/notes", "none is"),
        ("/status", "none is"),
    ],
)
def test_a_question_by_an_unknown_name_is_refused_with_the_names_there_are(
    api: Client, path: str, told: str
) -> None:
    answer = api.send("GET", path, date="2026-11-30")

    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "2026" not in answer.text


def test_a_time_without_an_offset_is_on_the_practices_own_clock(api: Client) -> None:
    made = booked(api, "10:15")

    assert made["startTime"].startswith(f"{api.line.day.isoformat()}T10:15:00-0")


def test_appointments_are_listed_with_the_three_words_for_how_they_stand(api: Client) -> None:
    made = booked(api)
    day = api.line.day.isoformat()

    listed = api.told("GET", "/appointments", startDate=day, endDate=day)["appointments"]
    cancelled = api.told("GET", "/appointments", startDate=day, status="cancelled")

    assert [(one["id"], one["patientName"], one["status"]) for one in listed] == [
        (made["id"], "Ann Ames", "scheduled")
    ]
    assert listed[0]["pmsStatus"] == "booked"
    assert cancelled["appointments"] == []


def test_an_appointment_takes_its_hygienist_to_no_time_they_are_taken(api: Client) -> None:
    made, hygienist = booked(api), Resource(kind=PRACTITIONER, pms_id="HYG-2")
    start = api.line.desk.works[0].window.start + timedelta(hours=2)
    span = Window(start, start + timedelta(minutes=30))
    api.line.desk.besides[made["id"]] = (hygienist,)
    api.line.desk.elsewhere.append(Busy(window=span, resources=(hygienist,)))
    path = f"/appointments/{made['id']}"

    refused = api.send("PATCH", path, {"startTime": at(api, "11:00")})
    moved = api.told("PATCH", path, {"startTime": at(api, "11:30")})["appointment"]

    assert (refused.status_code, refused.json()["title"]) == (409, "Conflict")
    assert moved["startTime"].startswith(at(api, "11:30"))


def test_an_appointment_is_moved_and_cancelled(api: Client) -> None:
    made = booked(api)
    path = f"/appointments/{made['id']}"

    moved = api.told("PATCH", path, {"startTime": at(api, "11:00"), "reason": "work"})
    cancelled = api.told("DELETE", path, {"reason": "ill"})
    again = api.told("DELETE", path, reason="ill")

    assert moved["appointment"]["id"] == made["id"]
    assert "T11:00:00" in moved["appointment"]["startTime"]
    assert cancelled["appointment"]["status"] == "cancelled"
    assert again["message"] == "It was cancelled already."
    assert [one.status.value for one in api.line.desk.book] == ["cancelled"]


@pytest.mark.parametrize(
    ("path", "body", "stray"),
    [
        ("/appointments", {"patientId": ANN, "startTime": "2026-11-24T09:30"}, "providerID"),
        ("/patients", {"firstName": "Zoe", "lastName": "Zimmer"}, "dob"),
        ("/patients", {"firstName": "Zoe", "lastName": "Zimmer"}, "emergencyContact"),
        (f"/patients/{ANN}/notes", {"content": "rang"}, "kind"),
        ("/payments", {"patientId": ANN, "amount": 5, "method": "cash"}, "currency"),
        ("/patients/search", {"query": "Ann"}, "dob"),
    ],
)
def test_what_a_body_says_by_a_name_nobody_knows_is_refused_and_not_left_out(
    api: Client, path: str, body: dict[str, Any], stray: str
) -> None:
    answer = api.send("POST", path, {**body, stray: "canary"})

    assert answer.status_code == 422
    assert f"body.{stray}" in answer.json()["detail"]
    assert "canary" not in answer.text
    assert api.line.rows("SELECT id FROM tool_calls") == []


def test_a_part_of_an_address_nobody_knows_is_refused_too(api: Client) -> None:
    given = {"firstName": "Zoe", "lastName": "Zimmer", "address": {"postcode": "10001"}}

    assert api.send("POST", "/patients", given).status_code == 422


def test_a_cancellation_takes_its_reason_from_the_address_beside_a_body(api: Client) -> None:
    made = booked(api)

    api.told("DELETE", f"/appointments/{made['id']}", {"sendNotification": False}, reason="ill")

    wish = api.line.desk.sent[-1].wish
    assert isinstance(wish, Cancellation)
    assert wish.reason == "ill"


def test_a_misspelt_parameter_of_a_cancellation_is_refused(api: Client) -> None:
    made = booked(api)

    answer = api.send("DELETE", f"/appointments/{made['id']}", reson="ill")

    assert answer.status_code == 422
    assert "reason, sendNotification" in answer.json()["detail"]
    assert [one.status.value for one in api.line.desk.book] == ["booked"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"dateOfBirth": "2090-01-01"}, "still to come"),
        ({"dateOfBirth": "1980-02-039"}, "a date such as"),
        ({"dateOfBirth": "1980-02-30"}, "a date such as"),
        ({"email": "nonsense"}, "an address such as"),
        ({"email": "zoe@nowhere"}, "an address such as"),
    ],
)
def test_what_nobody_can_have_registers_no_patient(
    api: Client, wrong: dict[str, str], said: str
) -> None:
    answer = api.send("POST", "/patients", {"firstName": "Zoe", "lastName": "Zimmer", **wrong})

    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert next(iter(wrong.values())) not in answer.text
    assert api.line.desk.sent == []


@pytest.mark.parametrize(
    ("amount", "recorded"),
    [(25.5, "25.50"), (0.1 + 0.2, "0.30"), (40, "40.00"), ("120.50", "120.50")],
)
def test_a_sum_is_recorded_to_the_cent(api: Client, amount: Any, recorded: str) -> None:
    given = {"patientId": ANN, "amount": amount, "method": "cash"}

    assert api.told("POST", "/payments", given)["payment"]["amount"] == recorded


@pytest.mark.parametrize("amount", [1.005, "0.004", True, None, "NaN", -5, 0, "ten", [5]])
def test_a_sum_that_is_none_is_refused_and_never_rounded(api: Client, amount: Any) -> None:
    given = {"patientId": ANN, "amount": amount, "method": "cash"}

    assert api.send("POST", "/payments", given).status_code == 422
    assert api.line.desk.sent == []


@pytest.mark.parametrize("texts", [True, False])
def test_whoever_wishes_for_a_text_is_told_where_none_can_be_sent(
    database_url: str, redis_client: redis.Redis, redis_url: str, *, texts: bool
) -> None:
    with client(database_url, redis_client, redis_url, texts=texts) as api:
        told = api.told("POST", "/appointments", booking(api, sendConfirmation=True))
        path = f"/appointments/{told['appointment']['id']}"
        moved = api.told("PATCH", path, {"startTime": at(api, "11:00"), "sendNotification": True})
        silent = api.told("DELETE", path)

    said = [one["message"] for one in (told, moved)]
    assert [one.startswith("Done.") for one in said] == [True, True]
    assert ["tell the patient yourself" in one for one in said] == [not texts] * 2
    assert silent["message"] == "Done."


def far_ahead(api: Client, days: int = 360) -> Appointment:
    """A recall of Ann's that no rule of booking reaches."""
    return api.line.desk.add(ANN, api.line.desk.works[0].window.start + timedelta(days=days))


def test_an_appointment_far_ahead_is_moved_and_cancelled_by_its_id_without_reading_the_book(
    api: Client,
) -> None:
    near, far = far_ahead(api, 200), far_ahead(api)

    moved = api.told("PATCH", f"/appointments/{near.pms_id}", {"startTime": at(api, "11:00")})
    cancelled = api.told("DELETE", f"/appointments/{far.pms_id}")

    assert moved["appointment"]["startTime"].startswith(at(api, "11:00"))
    assert cancelled["appointment"]["status"] == "cancelled"
    assert api.line.desk.asked.count("appointment") == 2
    assert "appointments" not in api.line.desk.asked


def test_an_appointment_that_is_over_is_neither_moved_nor_cancelled(api: Client) -> None:
    over = far_ahead(api, -30)

    moved = api.send("PATCH", f"/appointments/{over.pms_id}", {"startTime": at(api, "11:00")})
    cancelled = api.send("DELETE", f"/appointments/{over.pms_id}")

    assert (moved.status_code, cancelled.status_code) == (404, 404)
    assert "submit" not in api.line.desk.asked


def test_a_patients_appointments_of_a_year_are_asked_for_at_once(api: Client) -> None:
    far = far_ahead(api)
    year: dict[str, Any] = {"startDate": api.line.day, "endDate": far.start.date()}

    found = api.told("GET", "/appointments", patientId=ANN, **year)["appointments"]
    refused = api.send("GET", "/appointments", **year)

    assert [one["id"] for one in found] == [far.pms_id]
    assert api.line.desk.asked.count("appointments") == 1
    assert (refused.status_code, "of one patientId" in refused.json()["detail"]) == (422, True)


def test_an_appointment_that_is_cancelled_is_moved_no_more(api: Client) -> None:
    made = booked(api)
    api.line.desk.shows = list(api.line.desk.book)
    api.told("DELETE", f"/appointments/{made['id']}")

    moved = api.send("PATCH", f"/appointments/{made['id']}", {"startTime": at(api, "11:00")})

    assert moved.status_code == 409
    assert moved.json()["detail"] == "This appointment is cancelled; book another one."
    assert len(api.line.desk.sent) == 2


def test_an_appointment_whose_cancellation_is_under_way_is_not_moved(api: Client) -> None:
    made = booked(api)
    api.line.desk.takes = Receipt(number="275495")
    api.line.desk.outcomes = [Outcome(verdict=Verdict.UNKNOWN)]
    assert api.send("DELETE", f"/appointments/{made['id']}").status_code == 202

    moved = api.send("PATCH", f"/appointments/{made['id']}", {"startTime": at(api, "11:00")})

    assert moved.status_code == 409
    assert "under way" in moved.json()["detail"]
    assert len(api.line.desk.sent) == 2


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_appointment_that_is_being_moved_is_changed_once_that_is_over(
    api: Client, method: str
) -> None:
    made = booked(api)
    path = f"/appointments/{made['id']}"
    api.line.desk.takes = Receipt(number="275495")
    api.line.desk.outcomes = [Outcome(verdict=Verdict.UNKNOWN)]
    assert api.send("PATCH", path, {"startTime": at(api, "11:00")}).status_code == 202

    changed = api.send(method, path, {"startTime": at(api, "10:00")} if method == "PATCH" else None)

    assert changed.status_code == 409
    assert "A move of this appointment is under way" in changed.json()["detail"]
    assert len(api.line.desk.sent) == 2


def test_a_taken_time_is_refused_and_nothing_is_sent(api: Client) -> None:
    booked(api)

    answer = api.send("POST", "/appointments", booking(api))

    assert answer.status_code == 409
    assert "not free" in answer.json()["detail"]
    assert len(api.line.desk.sent) == 1


def test_a_booking_sent_twice_with_its_key_is_one_booking(api: Client) -> None:
    first = api.send("POST", "/appointments", booking(api), key="K1")
    again = api.send("POST", "/appointments", booking(api), key="K1")
    other = api.send("POST", "/appointments", booking(api, "11:00"), key="K1")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.line.desk.sent) == 1


def test_what_is_not_final_is_told_as_requested_with_where_to_ask(api: Client) -> None:
    api.line.desk.takes = Receipt(number="275495")
    api.line.desk.outcomes = [Outcome(verdict=Verdict.UNKNOWN)]

    answer = api.send("POST", "/appointments", booking(api))
    where = answer.headers["Location"].removeprefix("/api/pms")
    before = api.told("GET", where)["write"]
    api.line.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    api.line.carry(SETTLE)
    after = api.told("GET", where)["write"]

    assert answer.status_code == 202
    assert answer.json()["appointment"]["status"] == "requested"
    assert (before["status"], after["status"]) == ("requested", "confirmed")
    assert after["confirmationNumber"] == answer.json()["appointment"]["confirmationNumber"]
    assert api.line.value("SELECT count(*) FROM text_messages") == 0


def test_a_confirmation_that_was_asked_for_goes_out_as_a_text(api: Client) -> None:
    api.told("POST", "/appointments", booking(api, sendConfirmation=True))

    api.line.carry(SETTLE)

    assert api.line.value("SELECT count(*) FROM text_messages") == 1
    assert api.line.value("SELECT count(*) FROM jobs WHERE kind = :k", k=SEND_TEXT) == 1


def test_a_patient_is_read_registered_and_changed(api: Client) -> None:
    api.line.desk.owes = Balance(total="80.00")
    read = api.told("GET", f"/patients/{ANN}")["patient"]
    made = api.told(
        "POST",
        "/patients",
        {
            "firstName": "Nora",
            "lastName": "North",
            "dateOfBirth": "1990-02-03",
            "phone": "(202) 555-0199",
            "address": {"street": "1 Elm", "city": "Reston", "state": "VA", "zip": "20190"},
        },
    )["patient"]
    changed = api.send("PATCH", f"/patients/{ANN}", {"phone": "+1 202 555 0111"})

    assert (read["firstName"], read["dateOfBirth"], read["balance"]) == (
        "Ann",
        "1985-03-02",
        "80.00",
    )
    assert set(read["address"]) == {"street", "city", "state", "zip"}
    assert made["id"] in api.line.desk.people
    assert changed.status_code == 200
    assert changed.json()["patient"]["id"] == ANN
    assert api.line.desk.sent[-1].wish.phone == "+12025550111"  # type: ignore[union-attr]


def test_a_search_may_be_posted_so_that_no_name_is_in_the_address(api: Client) -> None:
    by_name = api.told("POST", "/patients/search", {"query": "Baker"})["patients"]
    by_number = api.told("GET", "/patients/search", query="(202) 555-0143")["patients"]
    nobody = api.told("GET", "/patients/search", query="Zebra")["patients"]

    assert [one["lastName"] for one in by_name] == ["Baker"]
    assert [one["id"] for one in by_number] == [ANN]
    assert nobody == []


def test_a_practice_s_patients_cannot_be_read_away_search_by_search(api: Client) -> None:
    assert api.send("GET", "/patients/search", query="Ann").status_code == 200
    with dispatch_all(api) as db:
        db.execute(text("UPDATE patient_reading SET rows = rows + 49999"))

    refused = api.send("GET", "/patients/search", query="Baker")
    changed = api.send("PATCH", f"/patients/{ANN}", {"phone": "+12025550111"})

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert changed.status_code == 200  # what changes something is no reading


def test_a_booking_asked_for_again_after_the_encryption_key_was_changed_is_the_same_booking(
    api: Client, redis_client: redis.Redis
) -> None:
    first = api.send("POST", "/appointments", booking(api), key="K1")
    changed = Sealer(Keyring.from_hex("fedcba9876543210" * 4, old=[KEY]))

    with served(api.line.engine, api.database_url, redis_client, changed) as ingress:
        headers = {**bearer(ACCOUNT, Role.BILLING), "Idempotency-Key": "K1"}
        again = ingress.post("/api/pms/appointments", json=booking(api), headers=headers)

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.line.desk.sent) == 1


def test_a_key_used_for_another_request_is_refused_while_the_encryption_key_is_changed(
    api: Client, redis_client: redis.Redis
) -> None:
    api.send("POST", "/appointments", booking(api), key="K1")
    changed = Sealer(Keyring.from_hex("fedcba9876543210" * 4, old=[KEY]))

    with served(api.line.engine, api.database_url, redis_client, changed) as ingress:
        headers = {**bearer(ACCOUNT, Role.BILLING), "Idempotency-Key": "K1"}
        other = ingress.post("/api/pms/appointments", json=booking(api, "11:00"), headers=headers)
        elsewhere = ingress.post("/api/pms/patients", json=NEW_PATIENT, headers=headers)

    assert (other.status_code, elsewhere.status_code) == (422, 422)
    assert other.json()["detail"] == (
        "This Idempotency-Key was used for another request; choose a new one."
    )
    assert len(api.line.desk.sent) == 1


def test_a_booking_asked_for_again_once_its_answer_is_forgotten_is_told_as_it_stands(
    api: Client,
) -> None:
    first = api.send("POST", "/appointments", booking(api), key="from-an-outbox")
    with dispatch_all(api) as db:
        db.execute(text("UPDATE tool_calls SET arguments = NULL, caller = NULL, answer = NULL"))

    again = api.send("POST", "/appointments", booking(api), key="from-an-outbox")

    assert first.status_code == 201
    assert again.status_code == 200, again.text
    assert again.json()["write"]["status"] == "confirmed"
    number = first.json()["appointment"]["confirmationNumber"]
    assert again.json()["confirmationNumber"] == number
    assert len(api.line.desk.sent) == 1


def test_notes_insurance_balance_and_payments_are_on_the_record(api: Client) -> None:
    desk = api.line.desk
    desk.kept_notes = [Note(text="Prefers mornings", by="Dr. Lee", pms_id="N1")]
    desk.covers = [Coverage(provider="Example Dental", policy="P1", group="G1")]
    desk.owes = Balance(total="120.00", insurance="40.00", patient="80.00")
    desk.paid = Paid(amount="60.00", on=date(2026, 9, 30), method="Check")
    path = f"/patients/{ANN}"

    notes = api.told("GET", f"{path}/notes")["notes"]
    note = api.send("POST", f"{path}/notes", {"content": "Called", "category": "General"})
    insurance = api.told("GET", f"{path}/insurance")["insurance"]
    added = api.send("POST", f"{path}/insurance", {"provider": "Other", "policyNumber": "P2"})
    balance = api.told("GET", f"{path}/balance")["balance"]
    paid = api.send(
        "POST",
        "/payments",
        {"patientId": ANN, "amount": 80, "method": "card", "last4": "4242"},
    )

    assert (notes[0]["content"], notes[0]["createdBy"]) == ("Prefers mornings", "Dr. Lee")
    assert (insurance[0]["policyNumber"], insurance[0]["isPrimary"]) == ("P1", True)
    assert (balance["total"], balance["insurance"], balance["patient"]) == (
        "120.00",
        "40.00",
        "80.00",
    )
    assert balance["lastPayment"] == {"amount": "60.00", "date": "2026-09-30", "method": "Check"}
    assert [one.status_code for one in (note, added, paid)] == [201, 201, 201]
    assert paid.json()["payment"]["amount"] == "80.00"
    assert [one.kind.value for one in desk.sent] == ["add_note", "add_insurance", "record_payment"]


def test_a_card_number_is_not_taken(api: Client) -> None:
    answer = api.send(
        "POST",
        "/payments",
        {"patientId": ANN, "amount": "80", "method": "card", "notes": "4111 1111 1111 1111"},
    )

    assert answer.status_code == 422
    assert "4111" not in answer.text
    assert api.line.desk.sent == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/patients/NOBODY", None),
        ("PATCH", "/patients/NOBODY", {"phone": "+12025550111"}),
        ("GET", "/patients/NOBODY/notes", None),
        ("POST", "/patients/NOBODY/notes", {"content": "x"}),
        ("GET", "/patients/NOBODY/insurance", None),
        ("POST", "/patients/NOBODY/insurance", {"provider": "x", "policyNumber": "1"}),
        ("GET", "/patients/NOBODY/balance", None),
        ("POST", "/payments", {"patientId": "NOBODY", "amount": "1", "method": "cash"}),
        ("DELETE", "/appointments/NONE", None),
    ],
)
def test_what_the_practice_does_not_have_is_not_found(
    api: Client, method: str, path: str, body: Any
) -> None:
    answer = api.send(method, path, body)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("This practice has no such")


def every_route(api: Client) -> list[tuple[str, str, Any, dict[str, Any]]]:
    day = api.line.day.isoformat()
    return [
        ("GET", "/appointments", None, {"startDate": day}),
        ("GET", "/appointments/availability", None, {"date": day}),
        ("POST", "/appointments", booking(api), {}),
        ("PATCH", "/appointments/A1", {"startTime": at(api, "10:00")}, {}),
        ("DELETE", "/appointments/A1", None, {}),
        ("GET", "/patients", None, {"query": "Ann"}),
        ("GET", "/patients/search", None, {"query": "Ann"}),
        ("POST", "/patients/search", {"query": "Ann"}, {}),
        ("GET", f"/patients/{ANN}", None, {}),
        ("POST", "/patients", {"firstName": "A", "lastName": "B"}, {}),
        ("PATCH", f"/patients/{ANN}", {"phone": "+12025550111"}, {}),
        ("GET", f"/patients/{ANN}/notes", None, {}),
        ("POST", f"/patients/{ANN}/notes", {"content": "x"}, {}),
        ("GET", f"/patients/{ANN}/insurance", None, {}),
        ("POST", f"/patients/{ANN}/insurance", {"provider": "x", "policyNumber": "1"}, {}),
        ("GET", f"/patients/{ANN}/balance", None, {}),
        ("POST", "/payments", {"patientId": ANN, "amount": "1", "method": "cash"}, {}),
    ]


def test_no_route_is_open_to_strangers_or_to_roles_that_see_no_patients(api: Client) -> None:
    for method, path, body, query in every_route(api):
        stranger = api.send(method, path, body, headers={}, **query)
        operator = api.send(method, path, body, role=Role.OPS, **query)

        assert stranger.status_code == 401, (method, path)
        assert operator.status_code == 403, (method, path)
    assert api.line.desk.asked == []


def test_clinicians_read_and_write_nothing(api: Client) -> None:
    for method, path, body, query in every_route(api):
        is_read = method == "GET" or path.endswith("/search")
        if not is_read:
            answer = api.send(method, path, body, role=Role.PROVIDER, **query)
            assert answer.status_code == 403, (method, path)
    assert api.told("GET", f"/patients/{ANN}", role=Role.PROVIDER)["patient"]["id"] == ANN


def test_another_account_reaches_no_practice_but_its_own(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Theirs')"))

    for method, path, body, query in every_route(api):
        answer = api.send(method, path, body, account="other", **query)

        assert answer.status_code == 404, (method, path)
        assert answer.json()["detail"] == "No PMS integration found"
    assert api.line.desk.asked == []


def test_a_foreign_write_cannot_be_looked_at(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(text("INSERT INTO accounts (id, name) VALUES ('other', 'Theirs')"))
    booked(api)
    own = api.line.value("SELECT id FROM pms_writes")

    assert api.told("GET", f"/writes/{own}")["write"]["status"] == "confirmed"
    assert api.send("GET", f"/writes/{own}", account="other").status_code == 404
    assert api.send("GET", f"/writes/{uuid4()}").status_code == 404


def test_what_a_system_cannot_do_is_said_in_a_sentence(api: Client) -> None:
    api.line.desk.abilities = frozenset(Ability) - {Ability.READ_BALANCE, Ability.RECORD_PAYMENT}

    balance = api.send("GET", f"/patients/{ANN}/balance")
    api.switch(notes=False)
    notes = api.send("GET", f"/patients/{ANN}/notes")

    assert balance.status_code == 501
    assert balance.json()["detail"] == "This practice's system cannot show balances."
    assert notes.status_code == 409
    assert "switched off here; an owner" in notes.json()["detail"]


def test_the_audit_says_what_was_answered_and_not_that_all_went_well(api: Client) -> None:
    api.switch(notes=False)
    api.send("GET", f"/patients/{ANN}")
    api.send("GET", f"/patients/{ANN}/notes")
    api.send("GET", "/patients/nobody")
    api.line.desk.fails = NeedsReconnect("the key was revoked")
    api.send("GET", f"/patients/{ANN}")

    told = [(row.response_status, row.success) for row in api.audited()]

    assert told == [(200, True), (409, False), (404, False), (502, False)]


def test_the_audit_says_from_where_and_with_what_the_practice_was_asked(api: Client) -> None:
    api.send("GET", f"/patients/{ANN}", headers={**bearer("default", Role.BILLING), **BROWSER})

    (row,) = api.audited()

    assert (row.address, row.user_agent) == ("127.0.0.1", "Example Browser 1")


def test_whoever_is_found_by_a_search_is_in_the_audit_each(api: Client) -> None:
    found = api.told("GET", "/patients/search", query="+12025550190")["patients"]
    assert len(found) > 1

    rows = api.audited()

    assert {row.patient_id for row in rows} == {one["id"] for one in found}
    assert all(row.action == "api.search_patients" and row.phi_fields for row in rows)


def test_a_look_at_one_patients_appointments_is_a_look_at_that_patient(api: Client) -> None:
    booked(api)

    api.told("GET", "/appointments", startDate=api.line.day.isoformat(), patientId=ANN)

    assert api.audited()[-1].patient_id == ANN


def test_a_practice_whose_pms_has_no_desk_says_so(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(text("UPDATE pms_connections SET connector = 'gentu'"))

    answer = api.send("GET", f"/patients/{ANN}")

    assert answer.status_code == 501
    assert answer.json()["detail"] == "This practice's system cannot show patients."


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Transient("the line broke"), 503),
        (NeedsReconnect("the key is no longer valid"), 502),
        (Refused("this day is closed"), 409),
    ],
)
def test_trouble_with_the_practices_system_is_a_problem_with_a_sentence(
    api: Client, trouble: Exception, status: int
) -> None:
    api.line.desk.fails = trouble  # type: ignore[assignment]

    answer = api.send("GET", f"/patients/{ANN}")

    assert answer.status_code == status
    assert answer.json()["detail"].startswith("The practice's system")


def test_a_booking_the_system_refuses_is_not_told_as_booked(api: Client) -> None:
    api.line.desk.takes = Refused("the provider does not work then")

    answer = api.send("POST", "/appointments", booking(api))

    assert answer.status_code == 409
    assert "the provider does not work then" in answer.json()["detail"]
    assert api.line.value("SELECT state FROM pms_writes") == "failed"


def test_each_access_is_audited_with_its_fields_and_how_long_it_took(api: Client) -> None:
    api.told("GET", f"/patients/{ANN}", role=Role.OWNER)
    api.told("POST", "/appointments", booking(api), key="K1")
    api.told("POST", "/appointments", booking(api), key="K1")

    rows = api.audited()

    assert [row.action for row in rows] == ["api.patient", "api.book", "api.book"]
    assert rows[0].endpoint == "/api/pms/patients/{patient_id}"
    assert (rows[0].method, rows[0].user_id, rows[0].patient_id) == ("GET", "script", ANN)
    assert "date_of_birth" in rows[0].phi_fields
    assert all(row.phi_fields and row.response_time is not None for row in rows)


def test_more_than_a_hundred_requests_a_minute_are_asked_to_wait(api: Client) -> None:
    with dispatch_all(api) as db:
        db.execute(
            text(
                "INSERT INTO tool_calls (account_id, call_id, tool_call_id, tool, deadline_at,"
                " trace_id) SELECT :account, 'api:' || n, 'x', 'api.patient', now(), 't'"
                " FROM generate_series(1, 100) AS n"
            ),
            {"account": ACCOUNT},
        )

    answer = api.send("GET", f"/patients/{ANN}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    "body",
    [
        {"patientId": ANN},
        {"patientId": ANN, "startTime": "soon"},
        {"patientId": ANN, "startTime": "0001-01-01T00:00+14:00"},
        {"patientId": ANN, "startTime": "9999-12-31T23:59-12:00"},
        {"patientId": ANN, "startTime": "2001-01-01T10:00"},
        {"patientId": ANN, "startTime": "2026-11-24T10:00", "duration": "long"},
        ["a list"],
        "text",
        None,
    ],
)
def test_nonsense_is_a_problem_that_names_the_field_and_no_value(api: Client, body: Any) -> None:
    answer = api.send("POST", "/appointments", body)

    assert answer.status_code == 422
    assert "soon" not in answer.json()["detail"].replace("too soon", "")
    assert api.line.desk.sent == []


def test_without_a_worker_nobody_waits_for_ever_and_nothing_happens_later(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with client(database_url, redis_client, redis_url, works=False, answer_seconds=0.6) as api:
        answer = api.send("POST", "/appointments", booking(api))
        api.line.carry(DESK_CALL)

    assert answer.status_code == 503
    assert "nothing was changed" in answer.json()["detail"]
    assert api.line.desk.sent == []


def test_what_was_booked_before_its_worker_died_is_not_called_unchanged(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with client(database_url, redis_client, redis_url, answer_seconds=5.0) as api:
        wish = booking(api)
        booked = api.told("POST", "/appointments", wish, key="k")["appointment"]
        api.line.rows("UPDATE tool_calls SET state = 'claimed', answer = NULL RETURNING id")

        told = api.told("POST", "/appointments", wish, key="k")

    assert told["write"]["status"] == "confirmed"
    assert told["confirmationNumber"] == booked["confirmationNumber"]
    assert len(api.line.desk.sent) == 1


def test_days_are_bounded(api: Client) -> None:
    first = date(2026, 1, 1)

    answer = api.send(
        "GET", "/appointments", startDate=first.isoformat(), endDate=replace_year(first)
    )

    assert answer.status_code == 422
    assert "31 days" in answer.json()["detail"]


def replace_year(day: date) -> str:
    return day.replace(year=day.year + 1).isoformat()


def test_what_a_system_cannot_change_of_a_patient_is_told_and_not_sent(api: Client) -> None:
    only_names = {Ability.SEARCH_PATIENTS, Ability.UPDATE_PATIENT, Ability.CHANGE_NAME}
    api.line.desk.abilities = frozenset(only_names)

    refused = api.send("PATCH", f"/patients/{ANN}", {"phone": "+12025550111", "lastName": "Ash"})

    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "This practice's system cannot have phone of a patient changed from outside; it takes"
        " firstName and lastName."
    )
    assert api.line.desk.sent == []
    assert api.send("PATCH", f"/patients/{ANN}", {"lastName": "Ash"}).status_code == 200
    api.line.desk.abilities = frozenset({Ability.SEARCH_PATIENTS})
    missing = api.send("PATCH", f"/patients/{ANN}", {"lastName": "Ash"})
    assert (missing.status_code, missing.json()["detail"]) == (
        501,
        "This practice's system cannot have patients changed from outside.",
    )
