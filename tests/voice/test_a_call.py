"""Calls from end to end: Vapi's messages in, spoken sentences out, one effect at the practice."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from adapters.storage.phone.phone_calls import MOST_OF_A_NUMBER
from domain.desk import Outcome, Receipt, Verdict
from domain.errors import Refused
from domain.tools import NO_PRACTICE, NOT_NOW, NOT_OURS, TEXT_FOLLOWS, UNDER_WAY
from domain.verification import MOST_ATTEMPTS, ONLY_HUMAN
from domain.window import whole_day
from domain.work import ANSWER, SEND_TEXT, SETTLE, SYNC
from infra.database import transaction
from producers import voice
from producers.webhooks.vapi import MARK_LENGTH
from tests.documented import curl
from tests.voice.line import (
    ANN,
    FALLBACK_SECONDS,
    NUMBER_ID,
    SECRET,
    Carrier,
    DeskOpener,
    Line,
    line,
)
from tests.workers.tools.desk import ZONE
from workers.tools.transfer_to_human import NOT_YET

pytestmark = pytest.mark.integration

PHONE = ("voice",)


@pytest.fixture
def hasty(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """Whose ingress loses patience within moments."""
    with line(
        database_url, redis_client, redis_url, fallback_seconds=0.4, answer_seconds=1.5
    ) as made:
        yield made


@pytest.fixture
def lenient(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """Whose ingress gives a worker time to take a call, and the practice hardly more to answer."""
    with line(database_url, redis_client, redis_url, fallback_seconds=5, answer_seconds=6) as made:
        yield made


class Killed(BaseException):
    """A worker dies."""


def confirmation(phone: Line) -> str:
    return ", ".join(str(phone.value("SELECT confirmation FROM pms_writes")))


def test_a_caller_searches_asks_books_and_hears_the_number(phone: Line) -> None:
    with phone.worker():
        found = phone.ask("searchPatients", query="Ann Ames")
        times = phone.ask("check_availability", date=phone.day.isoformat())
        booked = phone.ask(
            "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
        )

    assert found.startswith("I have found the record of Ann Ames.")
    assert "at 9 am" in times
    assert "with Dr. Mona Lee" in times
    assert "9:30 am with Dr. Mona Lee" in booked and "is confirmed for" in booked
    assert booked.endswith(f"The confirmation number is {confirmation(phone)}.")
    assert [one.patient_id for one in phone.desk.book] == ["PAT-1001"]


def test_a_caller_hears_the_answer_as_soon_as_it_is_there(
    phone: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers wakes whoever waits, who need not look from time to time."""
    monkeypatch.setattr(voice, "LOOK_SECONDS", 60.0)

    with phone.worker():
        began = time.monotonic()
        phone.ask("checkAvailability", date=phone.day.isoformat())
        took = time.monotonic() - began

    assert took < FALLBACK_SECONDS


def test_each_access_to_a_patient_is_audited_and_none_is_where_none_was(phone: Line) -> None:
    with phone.worker():
        phone.ask("searchPatients", query="Ann Ames")
        phone.ask("checkAvailability", date=phone.day.isoformat())
        phone.ask("transferToHuman")
        phone.ask("getPatientInfo", caller="+12025559999", patientId="PAT-1002")

    rows = phone.rows(
        "SELECT action, phi_accessed, phi_fields, patient_id, vapi_call_id, response_time"
        " FROM pms_audit_logs ORDER BY created_at"
    )
    assert [(one.action, one.phi_accessed, one.patient_id) for one in rows] == [
        ("vapi.search-patients", True, "PAT-1001"),
        ("vapi.check-availability", False, None),
        ("vapi.transfer-to-human", False, None),
        ("vapi.get-patient-info", False, None),
    ]
    assert rows[0].phi_fields == ["full_name"]
    assert all(one.vapi_call_id == phone.call_id and one.response_time >= 0 for one in rows)


def test_an_account_whose_booking_is_switched_off_looks_up_and_books_nothing(phone: Line) -> None:
    with transaction(phone.engine) as db:
        db.exec_driver_sql("""UPDATE accounts SET features = '{"voice_booking": false}'""")

    with phone.worker():
        found = phone.ask("searchPatients", query="Ann Ames")
        refused = phone.ask(
            "book-appointment", date=phone.day.isoformat(), time="9:30 am", type="cleaning"
        )

    assert found.startswith("I have found the record of Ann Ames.")
    assert refused.startswith("I cannot do that for this practice.")
    assert phone.desk.book == []


def test_a_caller_who_is_remembered_for_minutes_is_asked_for_once_and_told_the_same(
    phone: Line,
) -> None:
    told = []
    for switched in (False, True):
        with transaction(phone.engine) as db:
            db.exec_driver_sql(
                "UPDATE accounts SET features = jsonb_build_object('patient_cache', %s::boolean)",
                (switched,),
            )
        phone.desk.asked.clear()
        with phone.worker():
            answers = [phone.ask("getPatientInfo", patientId="PAT-1001") for _ in range(3)]
        told.append((answers, phone.desk.asked.count("patient")))

    (fresh, often), (kept, seldom) = told
    assert kept == fresh
    assert (often >= 3, seldom) == (True, 1)


def test_a_message_that_comes_again_is_answered_the_same_and_has_one_effect(phone: Line) -> None:
    when = {"startTime": f"{phone.day}T09:00:00Z"}
    message = phone.message([("call_x", "bookAppointment", when)])
    answers: list[str] = []

    def deliver() -> None:
        answers.append(phone.send(message).text)

    with phone.worker():
        threads = [threading.Thread(target=deliver) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        deliver()

    assert len(set(answers)) == 1
    assert "confirmed" in answers[0]
    assert len(phone.desk.sent) == 1


def test_what_is_told_again_is_one_more_access(phone: Line) -> None:
    message = phone.message([("call_x", "searchPatients", {"query": "Ann Ames"})])

    with phone.worker():
        first, again = phone.results(message), phone.results(message)

    rows = phone.rows(
        "SELECT action, phi_fields, patient_id, request_summary FROM pms_audit_logs"
        " ORDER BY created_at"
    )
    assert first == again
    assert [(one.action, one.phi_fields, one.patient_id) for one in rows] == [
        ("vapi.search-patients", ["full_name"], "PAT-1001")
    ] * 2
    assert rows[1].request_summary.endswith(", told again")


OTHERS = "INSERT INTO accounts (id, name, phones) VALUES ('other', 'Other', ARRAY[:number])"


@pytest.mark.parametrize(
    ("number", "account", "is_served"),
    [
        (None, "default", False),
        (NUMBER_ID, "default", True),
        (NUMBER_ID, "other", False),
    ],
    ids=["nobody's number", "confirmed by the number", "against the number"],
)
def test_what_a_model_fills_in_chooses_no_practice(
    phone: Line, number: str | None, account: str, *, is_served: bool
) -> None:
    phone.rows(f"{OTHERS} RETURNING id", number="+12025550111")
    day = phone.day.isoformat()
    message = phone.message([("a", "checkAvailability", {"date": day, "accountId": account})])
    message["message"]["call"]["phoneNumberId"] = number

    with phone.worker():
        (entry,) = phone.results(message)

    assert ("I could offer" in entry.get("result", "")) is is_served
    assert is_served or entry["error"] == NOT_OURS


def test_several_calls_in_one_message_are_answered_in_their_order(phone: Line) -> None:
    asked = [
        ("b", "checkAvailability", {"date": phone.day.isoformat()}),
        ("a", "flyToTheMoon", {}),
        ("c", "getPatientInfo", {}),
    ]

    with phone.worker():
        entries = phone.results(phone.message(asked))

    assert [one["toolCallId"] for one in entries] == ["b", "a", "c"]
    assert entries[1] == {
        "toolCallId": "a",
        "name": "flyToTheMoon",
        "error": "I cannot do that here.",
    }
    assert "Ann Ames" in entries[2]["result"]


def test_two_bookings_in_one_message_are_one(phone: Line) -> None:
    day = phone.day.isoformat()
    asked = [
        (name, "bookAppointment", {"date": day, "time": time_})
        for name, time_ in (("a", "9:00"), ("b", "10:00"), ("c", "11:00"))
    ]

    with phone.worker():
        entries = phone.results(phone.message(asked))

    assert len(phone.desk.sent) == 1
    assert sum("confirmed for" in one.get("result", "") for one in entries) == 1, entries


def legacy(phone: Line, tool: str, **arguments: str) -> dict[str, Any]:
    """As function calls came before tools had ids."""
    message = phone.message([])
    called = {"name": tool, "parameters": json.dumps(arguments)}
    message["message"] |= {"type": "function-call", "functionCall": called}
    del message["message"]["toolCallList"], message["message"]["toolWithToolCallList"]
    return message


def test_a_legacy_message_gets_a_bare_result(phone: Line) -> None:
    with phone.worker():
        answer = phone.send(legacy(phone, "checkAvailability", date=phone.day.isoformat()))

    assert list(answer.json()) == ["result"]
    assert "I could offer" in answer.json()["result"]


def test_legacy_calls_of_one_tool_are_told_apart_and_the_same_one_is_not(phone: Line) -> None:
    day = phone.day.isoformat()
    wishes = [legacy(phone, "bookAppointment", date=day, time=time_) for time_ in ("8:00", "9:00")]

    with phone.worker():
        taken, booked, again = (phone.send(one).json()["result"] for one in (*wishes, wishes[1]))

    assert "at 8 am is not free" in taken
    assert "is confirmed for" in booked
    assert again == booked
    assert len(phone.desk.sent) == 1


def test_legacy_calls_are_told_apart_by_their_words_and_not_by_our_key(phone: Line) -> None:
    day = phone.day.isoformat()

    with phone.worker():
        for time_ in ("8:00", "9:00"):
            phone.send(legacy(phone, "checkAvailability", date=day, time=time_))

    ids = [row.tool_call_id for row in phone.rows("SELECT tool_call_id FROM tool_calls")]
    one, other = (name.rpartition(":")[2] for name in ids)
    assert len(one) == len(other) == MARK_LENGTH
    assert one[:10] != other[:10]


def test_a_tool_has_an_address_of_its_own(phone: Line) -> None:
    message = phone.message([("a", "", {"date": phone.day.isoformat()})])

    with phone.worker():
        answer = phone.send(message, path="/vapi/tools/check-availability")

    assert "I could offer" in answer.json()["results"][0]["result"]


def test_one_tool_is_tried_by_hand_as_the_documents_say(phone: Line) -> None:
    path = "/vapi/tools/check-availability"
    given = {"VAPI_WEBHOOK_SECRET": SECRET, "NUMBER_ID": NUMBER_ID}

    with phone.worker():
        heard = phone.client.post(**curl("phone.md", path, given=given))
        refused = phone.client.post(**curl("phone.md", path, given=dict.fromkeys(given, "other")))

    assert heard.status_code == 200
    assert "free" in heard.json()["result"]
    assert (refused.status_code, refused.content) == (401, b"")


def test_a_message_with_a_wrong_signature_does_nothing(phone: Line) -> None:
    message = phone.message([("a", "bookAppointment", {"startTime": f"{phone.day}T09:00"})])

    answer = phone.send(message, secret=SECRET + "?")

    assert (answer.status_code, answer.content) == (401, b"")
    assert phone.rows("SELECT 1 FROM tool_calls") == []


def test_the_name_and_birthday_of_one_call_count_for_all_of_it_and_for_no_other(
    phone: Line,
) -> None:
    stranger = "+12025559999"
    with phone.worker():
        phone.ask("searchPatients", caller=stranger, name="Ann Ames", dob="1985-03-02")
        same = phone.ask("getPatientInfo", caller=stranger)
        phone.hang_up()
        other = phone.ask("getPatientInfo", caller=stranger)

    assert "Ann Ames" in same
    assert other == "May I have the full name and date of birth of the patient?"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("accounts", "phones = ARRAY[:number]"),
        (
            "pms_connections",
            "settings = jsonb_build_object('phone_numbers', CAST(:number AS text))",
        ),
    ],
)
def test_a_call_from_the_practices_own_number_proves_nobody(
    phone: Line, table: str, said: str
) -> None:
    phone.rows(f"UPDATE {table} SET {said} RETURNING id", number=ANN)  # noqa: S608 - our own words

    with phone.worker():
        heard = phone.ask("getPatientInfo")

    assert heard == "May I have the full name and date of birth of the patient?"


def test_without_a_worker_the_caller_hears_so_and_nothing_happens_later(hasty: Line) -> None:
    said = hasty.ask("bookAppointment", startTime=f"{hasty.day}T09:00")

    assert said == NOT_NOW
    assert hasty.carry(ANSWER) == 1
    assert (hasty.desk.sent, hasty.rows("SELECT 1 FROM pms_writes")) == ([], [])


def test_a_desk_that_hangs_is_answered_for_and_books_nothing_afterwards(hasty: Line) -> None:
    released = hasty.desk.hangs = threading.Event()
    said = list[str]()

    with hasty.worker():
        # A worker that begins too late is taken for none, and its call asks nothing of the desk.
        while not hasty.desk.asked and len(said) < 20:
            said.append(hasty.ask("bookAppointment", startTime=f"{hasty.day}T09:00"))
        released.set()
    assert set(said) == {NOT_NOW}
    assert hasty.desk.asked
    assert hasty.desk.sent == []


def test_what_the_practice_has_not_answered_is_texted_when_it_has(lenient: Line) -> None:
    lenient.desk.takes = Receipt(number="77")
    with lenient.worker():
        said = lenient.ask("bookAppointment", startTime=f"{lenient.day}T09:00")
    assert said.startswith("I have requested the appointment for ")
    assert said.endswith(f" at 9 am at the practice, but it is not final yet. {TEXT_FOLLOWS}")

    lenient.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    lenient.carry(SETTLE)

    assert lenient.rows("SELECT state, told, text_state FROM pms_writes") == [
        ("confirmed", "requested", "due")
    ]
    kinds = [row.kind for row in lenient.rows("SELECT kind FROM jobs ORDER BY id")]
    assert kinds == [ANSWER, SETTLE, SYNC, SEND_TEXT]
    days = lenient.value("SELECT args->>'first_day' FROM jobs WHERE kind = 'sync'")
    assert days == lenient.day.isoformat()


def test_a_booking_that_left_before_its_worker_died_is_promised_whoever_speaks_first(
    phone: Line,
) -> None:
    """Another worker finds the call too late, a moment before the ingress does."""
    with ThreadPoolExecutor(1) as caller:
        said = caller.submit(phone.ask, "bookAppointment", startTime=f"{phone.day}T09:00")
        while not phone.rows("SELECT 1 FROM jobs WHERE kind = :kind", kind=ANSWER):
            time.sleep(0.01)
        phone.desk.takes = Killed()
        with pytest.raises(Killed):
            phone.carry(ANSWER)
        phone.rows("UPDATE jobs SET lease_until = now() - interval '1 second' RETURNING id")
        phone.rows("UPDATE tool_calls SET deadline_at = now() RETURNING id")

        assert phone.carry(ANSWER) == 1

        assert said.result() == UNDER_WAY
    assert phone.rows("SELECT state, told FROM pms_writes") == [("submitted", "requested")]
    assert phone.value("SELECT count(*) FROM jobs WHERE kind = :kind", kind=SETTLE) == 1


def test_a_request_that_failed_is_texted_once(lenient: Line) -> None:
    lenient.desk.takes = Receipt(number="77")
    with lenient.worker():
        lenient.ask("bookAppointment", startTime=f"{lenient.day}T09:00")
    lenient.desk.outcomes = [Outcome(verdict=Verdict.FAILED, reason="no")]

    lenient.carry(SETTLE)
    lenient.carry(SETTLE)

    assert lenient.value("SELECT count(*) FROM text_messages") == 1
    assert lenient.rows("SELECT 1 FROM slot_holds") == []


def test_what_is_booked_is_read_into_the_sheet(phone: Line) -> None:
    with phone.worker():
        phone.ask("bookAppointment", startTime=f"{phone.day}T09:00")

    phone.carry(SETTLE)

    assert phone.value("SELECT count(*) FROM jobs WHERE kind = 'sync'") == 1
    assert phone.rows("SELECT 1 FROM text_messages") == []


def test_what_was_moved_and_cancelled_since_is_not_waited_for_at_its_first_time(
    phone: Line,
) -> None:
    with phone.worker():
        phone.ask("bookAppointment", startTime=f"{phone.day}T09:00")
        phone.ask("rescheduleAppointment", newDate=f"{phone.day}", newTime="10:30")
        phone.ask("cancelAppointment")

    phone.carry(SETTLE)

    settling = "SELECT state FROM pms_writes ORDER BY created_at"
    assert phone.rows(settling) == [("confirmed",)] * 3
    # Of the three only the last, the cancelling, is still looked for on the sheet.
    following = "SELECT state FROM jobs WHERE kind = 'settle_write' ORDER BY id"
    assert phone.rows(following) == [("done",), ("done",), ("ready",)]


def test_nothing_of_a_patient_rests_unsealed(phone: Line) -> None:
    with phone.worker():
        phone.ask("searchPatients", name="Ann Ames", dob="1985-03-02")
        phone.ask("bookAppointment", startTime=f"{phone.day}T09:00", notes="a canary")

    tables = ("tool_calls", "phone_calls", "pms_writes", "deliveries", "jobs", "pms_audit_logs")
    plain = " ".join(str(row) for table in tables for row in phone.rows(f"SELECT * FROM {table}"))  # noqa: S608
    assert not [one for one in ("Ann", "Ames", "1985", "canary", ANN) if one in plain]


def test_a_hundred_calls_a_minute_are_answered_and_more_are_told_to_wait(phone: Line) -> None:
    asked: list[tuple[str, str, dict[str, str]]] = [
        (str(number), "transferToHuman", {}) for number in range(20)
    ]
    with phone.worker():
        for number in range(5):
            phone.call_id = f"call-{number}"
            phone.results(phone.message(asked))
        phone.hang_up()
        said = phone.ask("transferToHuman")

        phone.call_id = "call-0"
        again = phone.results(phone.message(asked))

    assert said == "There are too many requests at the moment. Please wait a minute and try again."
    assert {one["result"] for one in again} == {NOT_YET}


def test_the_day_after_tomorrow_is_the_practices_own(phone: Line) -> None:
    day = phone.day - timedelta(days=1)
    phone.desk.works = [
        type(one)(
            resource=one.resource,
            window=type(one.window)(
                one.window.start - timedelta(days=1), one.window.end - timedelta(days=1)
            ),
        )
        for one in phone.desk.works
    ]
    with phone.worker():
        said = phone.ask("checkAvailability", date="the day after tomorrow")

    assert str(day.day) in said and "at 9 am" in said


OVER = ({"type": "status-update", "status": "ended"}, {"type": "end-of-call-report"})


@pytest.mark.parametrize("over", OVER, ids=["status", "report"])
@pytest.mark.parametrize(
    ("takes", "said", "state", "text"),
    [
        (Receipt(is_final=True), "is confirmed for", "confirmed", "is confirmed for"),
        (Refused("no"), "did not accept that", "failed", "could not be carried out"),
    ],
    ids=["booked", "refused"],
)
def test_who_hangs_up_before_the_answer_is_told_of_it_in_a_text(
    phone: Line, takes: Receipt | Refused, said: str, state: str, text: str, over: dict[str, str]
) -> None:
    released = phone.desk.hangs = threading.Event()
    phone.desk.takes = takes
    message = phone.message([])
    message["message"] |= over

    with phone.worker(), ThreadPoolExecutor(1) as caller:
        heard = caller.submit(phone.ask, "bookAppointment", startTime=f"{phone.day}T09:00")
        while not phone.desk.asked:
            time.sleep(0.01)
        phone.send(message)
        released.set()
        assert said in heard.result()
    phone.carry(SETTLE)

    assert phone.rows("SELECT state, told, text_state FROM pms_writes") == [
        (state, "requested", "due")
    ]
    phone.carry(SEND_TEXT)
    carrier = phone.parts.texts
    assert isinstance(carrier, Carrier)
    [(recipient, body)] = carrier.sent
    assert (recipient, text in body) == (ANN, True)


def test_a_caller_of_a_practice_that_cannot_be_opened_is_handed_to_a_person(phone: Line) -> None:
    opener = phone.parts.opener
    assert isinstance(opener, DeskOpener)
    phone.parts = replace(phone.parts, opener=replace(opener, front=None))

    with phone.worker():
        booked = phone.ask("bookAppointment", startTime=f"{phone.day}T09:00")
        handed = phone.ask("transferToHuman")

    assert booked == NO_PRACTICE
    assert handed == NOT_YET


def test_who_has_booked_that_already_is_told_so_before_the_book_shows_it(phone: Line) -> None:
    wish = {"startTime": f"{phone.day}T09:00"}
    with phone.worker():
        phone.ask("bookAppointment", **wish)
        phone.desk.book.clear()
        phone.hang_up()

        said = phone.ask("bookAppointment", **wish)

    assert said.startswith("That was done already. The appointment is confirmed for ")
    assert len(phone.desk.sent) == 1


def test_what_is_not_final_is_neither_cancelled_nor_is_another_in_its_place(hasty: Line) -> None:
    later = hasty.day + timedelta(days=30)
    hasty.desk.add("PAT-1001", whole_day(later, ZONE).start + timedelta(hours=10))
    hasty.desk.takes = Receipt(number="77")
    with hasty.worker():
        hasty.ask("bookAppointment", startTime=f"{hasty.day}T09:00")
        hasty.desk.takes = Receipt(is_final=True)
        either = hasty.ask("cancelAppointment")
        that = hasty.ask("cancelAppointment", date=hasty.day.isoformat())
        heard = hasty.ask("getPatientInfo")

    assert either.startswith("The appointment for ")
    assert "and is not final yet. There is another one, " in either
    assert "is not final yet, so it cannot be changed just now." in that
    assert "was requested, and is not final yet." in heard
    assert len(hasty.desk.sent) == 1


def test_a_booking_that_was_moved_is_not_confirmed_for_where_it_was(phone: Line) -> None:
    nine = {"startTime": f"{phone.day}T09:00"}
    with phone.worker():
        phone.ask("bookAppointment", **nine)
        phone.ask("rescheduleAppointment", newStart=f"{phone.day}T11:00")

        said = phone.ask("bookAppointment", **nine)

    assert " at 11 am was made in this call already." in said
    assert len(phone.desk.sent) == 2


@pytest.mark.parametrize(
    ("guessing", "is_barred"),
    [("+12025550161", True), ("", False)],
    ids=["one number", "withheld: so do others"],
)
def test_who_guesses_birthdays_in_one_call_after_the_other_is_left_to_the_practice(
    phone: Line, guessing: str, *, is_barred: bool
) -> None:
    ann = {"name": "Ann Ames", "dob": "1985-03-02"}
    with phone.worker():
        for number in range(MOST_OF_A_NUMBER):
            if number % MOST_ATTEMPTS == 0:
                phone.hang_up()
            wrong = {**ann, "dob": f"1985-03-{number + 3:02}"}
            phone.ask("searchPatients", caller=guessing, **wrong)
        phone.hang_up()

        said = phone.ask("searchPatients", caller=guessing, **ann)
        phone.hang_up()
        elsewhere = phone.ask("searchPatients", caller="+12025550162", **ann)
        phone.hang_up()
        own = phone.ask("searchPatients", caller=ANN, **ann)

    assert (said == ONLY_HUMAN) is is_barred
    assert "I have found the record of Ann Ames." in elsewhere
    assert "I have found the record of Ann Ames." in own
