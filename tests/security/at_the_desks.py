"""What callers, people at the sheet and those who are texted do, with canaries in all of it."""

import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from domain.window import local_day
from domain.work import LINK_PATIENT, PUSH_ENTRY, PUSH_RANGE, SEND_TEXT, SETTLE, SYNC
from infra.clock import system_clock
from simulators.calls.phone import Phone
from tests.e2e.exchange import day
from tests.e2e.switchboard import SECRET
from tests.security.front_desks import NORTH, NUMBER, ZONE, Desks
from tests.security.planting import canaries
from tests.webhooks.serving import bearer

HOURS = (9, 10, 11, 14, 15)
SATURDAY = 5
NEWCOMERS = 300
"""Added to somebody's number, it is whom they register."""

TROUBLE = {"500": 0.04, "503": 0.03, "reset": 0.04, "cut": 0.02, "html": 0.02}


def wish(number: int) -> dict[str, str]:
    """A weekday and an hour that no other of them asks for."""
    when = day(ZoneInfo(ZONE)).date()
    for _ in range(number // len(HOURS)):
        when += timedelta(days=3 if when.weekday() == SATURDAY - 1 else 1)
    return {"date": when.isoformat(), "time": f"{HOURS[number % len(HOURS)]:02}:00"}


def who(number: int) -> dict[str, str]:
    mine = canaries(number)
    return {
        "firstName": mine["first"],
        "lastName": mine["last"],
        "dateOfBirth": mine["born"],
    }


def talks(house: Desks, number: int) -> list[str]:
    """Every tool there is, with all that is known of somebody in its arguments."""
    mine, new, phone = canaries(number), canaries(number + NEWCOMERS), house.rings(number)
    hears(house, phone, "status-update", mine["note"])
    me, later = who(number), {"newDate": wish(number)["date"], "newTime": "16:30"}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("search-patients", me),
        ("get-patient-info", me),
        ("check-availability", {"date": wish(number)["date"]}),
        ("book-appointment", {**me, **wish(number), "duration": 30, "reason": mine["note"]}),
        ("add-patient-note", {**me, "note": mine["title"]}),
        ("update-patient", {**me, "email": new["email"]}),
        ("get-insurance", {**me, "policy": mine["note"]}),
        ("get-balance", me),
        ("process-payment", {**me, "amount": "12", "method": "cash", "notes": mine["title"]}),
        ("get-patient-notes", me),
        ("reschedule-appointment", {**me, **later, "reason": mine["title"]}),
        ("cancel-appointment", {**me, "reason": mine["title"]}),
        ("create-patient", {**who(number + NEWCOMERS), "email": new["email"]}),
        ("book-appointment", {"date": mine["note"], "time": [mine["last"]], "type": mine["title"]}),
        ("transfer-to-human", {"reason": mine["note"]}),
    ]
    said = [phone.use(tool, arguments) for tool, arguments in asked]
    hears(house, phone, "end-of-call-report", " ".join(said))
    return said


def books(house: Desks, number: int) -> str:
    """What somebody is told whose practice takes longer than they stay on the line."""
    arguments = {**who(number), **wish(number), "duration": 30}
    return house.rings(number).use("book-appointment", arguments)


def texts(house: Desks) -> list[str]:
    """What follows by text, though Twilio wants fewer at first."""
    house.control(house.twilio, "faults", next=["429"])
    house.control(house.sikka, "writebacks/finish")
    house.until_done(SETTLE, SEND_TEXT)
    return [str(one["body"]) for one in house.twilio.get("/_sim/truth").json()["messages"]]


def answers_by_text(house: Desks, number: int) -> None:
    """Somebody writes back, and wants no more texts."""
    mine, url = canaries(number), f"{house.ingress.base_url}/twilio/inbound"
    for body in (f"{mine['first']} {mine['last']}: {mine['note']}", "STOP"):
        house.control(house.twilio, "inbound", body=body, url=url, **{"from": f"+1{mine['phone']}"})


def pushes(house: Desks, *, newly: int) -> list[dict[str, Any]]:
    """People type into an AdvancedMD office's rows, and add some, while it is in trouble."""
    rows = [one for one in read_office(house) if one["status"] == "booked"]
    house.control(house.office, "faults", dial=TROUBLE, seed=5)
    for number, row in enumerate(rows):
        mine = canaries(number)
        changes = {"status": "arrived"} if number % 2 else {"start": "20:15", "duration_minutes": 5}
        types(house, row["id"], notes=mine["title"], patient_email=mine["email"], **changes)
    today = local_day(system_clock(), ZONE)
    for number in range(newly):
        clinician_id = rows[0]["clinician_id"]
        adds(house, number, clinician_id=clinician_id, on=today + timedelta(days=1))
    house.until_tried(PUSH_ENTRY, PUSH_RANGE, LINK_PATIENT)
    return rows


def read_office(made: Desks) -> list[dict[str, Any]]:
    """The rows of the AdvancedMD office's today, after one whole pass."""
    today = local_day(system_clock(), ZONE).isoformat()
    days = {"from": today, "to": today}
    answer = made.ingress.post("/api/run-sheet/sync", json=days, headers=bearer(NORTH))
    assert answer.status_code == 202, answer.text
    made.until_done(SYNC)
    shown = made.ingress.get("/api/run-sheet", params=days, headers=bearer(NORTH))
    return list(shown.json()["appointments"])


def types(made: Desks, row_id: str, **changes: Any) -> None:
    """A person at the sheet of the AdvancedMD office."""
    at, headers = f"/api/run-sheet/appointments/{row_id}", bearer(NORTH)
    tag = made.ingress.get(at, headers=headers).headers["etag"]
    answer = made.ingress.patch(at, json=changes, headers={**headers, "If-Match": tag})
    assert answer.is_success, answer.text


def adds(made: Desks, number: int, *, clinician_id: str, on: date) -> str:
    """A visit of one of theirs that they do not know of yet; the row's id."""
    mine = canaries(number)
    told = {
        "source": "manual",
        "start": f"{on.isoformat()}T21:{number % 12 * 5:02}",
        "duration_minutes": 5,
        "patient_name": f"{mine['first']} {mine['last']}",
        "patient_date_of_birth": mine["born"],
        "notes": mine["note"],
        "clinician_id": clinician_id,
        "timezone": ZONE,
    }
    headers = {**bearer(NORTH), "Idempotency-Key": uuid4().hex}
    answer = made.ingress.post("/api/run-sheet/appointments", json=told, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json())


def hears(made: Desks, phone: Phone, kind: str, words: str) -> None:
    """A message of the call that asks for nothing, with all that was said."""
    message = {
        "type": kind,
        "timestamp": int(time.time() * 1000),
        "call": {"id": phone.call_id, "customer": {"number": phone.caller}},
        "phoneNumber": {"number": NUMBER},
        "endedReason": "customer-ended-call",
        "transcript": words,
        "summary": words,
        "artifact": {"messages": [{"role": "user", "message": words}], "transcript": words},
    }
    answer = made.ingress.post(
        "/vapi/webhook", json={"message": message}, headers={"X-Vapi-Secret": SECRET}
    )
    assert answer.status_code == 200
