"""What a caller was only promised is seen through, whatever becomes of the practice meanwhile."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis

from adapters.storage.phone import opt_outs
from adapters.storage.phone.texts import TextStore
from adapters.storage.practices import connection_list
from adapters.storage.sheet.entries import EntrySeal
from domain.desk import Outcome, Receipt, Verdict
from domain.errors import NeedsReconnect
from domain.jobs import Job, Queue
from domain.people import Role
from domain.texts import OVERTAKEN
from domain.work import SEND_TEXT, SETTLE
from infra.clock import system_clock
from infra.database import transaction
from tests.voice.line import ACCOUNT, ANN, Carrier, Line, line
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration

ANSWER_SECONDS = 2.0
"""Time for a busy machine to send what is asked for; what is not final is waited for to its end."""


@pytest.fixture
def promised(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """A caller was told that they will get a text."""
    with line(database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS) as made:
        made.desk.takes = Receipt(number="77")
        with made.worker():
            said = made.ask("bookAppointment", startTime=f"{made.day}T09:00")
        assert "You will get a text message" in said
        yield made


def texts(phone: Line) -> list[tuple[str, str]]:
    """To whom, and what."""
    store = TextStore(engine=phone.engine, sealer=phone.parts.sealer, clock=system_clock)
    found = []
    for row in phone.rows("SELECT id FROM text_messages ORDER BY created_at"):
        kept = store.load(_job(row.id))
        found.append((kept.recipient, kept.body))
    return found


def _job(text_id: UUID) -> Job:
    return Job(
        id=0,
        fence=0,
        kind="",
        queue=Queue.DEFAULT,
        account_id=ACCOUNT,
        connection_id=None,
        vendor=None,
        args={"text_id": str(text_id)},
        attempts=1,
        failures=0,
        checkpoint={},
        trace_id="t",
        created_at=system_clock(),
    )


def test_the_text_says_what_was_booked_and_names_nobody(promised: Line) -> None:
    promised.desk.outcomes = [Outcome(verdict=Verdict.DONE)]

    promised.carry(SETTLE)

    number = promised.value("SELECT confirmation FROM pms_writes")
    (recipient, body) = texts(promised)[0]
    assert recipient == ANN
    assert body.startswith("Example Dental: your appointment is confirmed for ")
    assert body.endswith(f" at 9 am. Confirmation number {number}.")
    assert "Ann" not in body and "Ames" not in body


def test_the_text_says_that_it_failed(promised: Line) -> None:
    promised.desk.outcomes = [Outcome(verdict=Verdict.FAILED)]

    promised.carry(SETTLE)

    assert "could not be carried out. Please call us" in texts(promised)[0][1]


def test_a_practice_that_signed_out_is_waited_for(promised: Line) -> None:
    promised.desk.fails = NeedsReconnect("signed out")
    promised.carry(SETTLE)
    assert promised.rows("SELECT state FROM jobs WHERE kind = 'settle_write'") == [("ready",)]

    promised.desk.fails = None
    promised.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    promised.rows("UPDATE jobs SET due_at = now() WHERE kind = 'settle_write' RETURNING id")
    promised.carry(SETTLE)

    assert "is confirmed for" in texts(promised)[0][1]


def test_a_practice_that_is_paused_meanwhile_is_still_asked_what_became_of_it(
    promised: Line,
) -> None:
    with transaction(promised.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, promised.connection_id)
    promised.desk.outcomes = [Outcome(verdict=Verdict.DONE)]

    promised.carry(SETTLE)

    assert "is confirmed for" in texts(promised)[0][1]
    assert promised.rows("SELECT id FROM jobs WHERE kind = 'sync'") == []


def test_a_practice_that_is_removed_meanwhile_leaves_nobody_waiting_for_a_text(
    promised: Line,
) -> None:
    with transaction(promised.engine, account_id=ACCOUNT) as db:
        connection_list.remove(db, promised.connection_id)

    promised.carry(SETTLE)

    [(recipient, body)] = texts(promised)
    assert recipient == ANN
    assert "call us" in body and "confirmed" not in body
    assert promised.rows("SELECT state FROM jobs WHERE kind = 'settle_write'") == [("done",)]
    assert promised.rows("SELECT id FROM jobs WHERE kind = 'sync' AND state = 'ready'") == []


def test_what_nobody_can_say_any_more_is_told_so(promised: Line) -> None:
    long_ago = system_clock() - timedelta(hours=7)
    promised.rows("UPDATE pms_writes SET submitted_at = :at RETURNING id", at=long_ago)

    promised.carry(SETTLE)

    assert promised.rows("SELECT state FROM jobs WHERE kind = 'settle_write'") == [("dead",)]
    assert "Please call us before you rely on it." in texts(promised)[0][1]


def test_a_caller_without_a_number_is_told_at_the_patients_own(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with line(database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS) as phone:
        phone.desk.takes = Receipt(number="77")
        who = {"name": "Bob Baker", "dob": "1990-07-15"}
        with phone.worker():
            phone.ask("bookAppointment", caller="", startTime=f"{phone.day}T09:00", **who)
        phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]

        phone.carry(SETTLE)

        assert [recipient for recipient, _ in texts(phone)] == ["+12025550178"]


def changed_since(phone: Line, tool: str) -> None:
    """What was asked for stands, and is moved or cancelled in a call before anybody told of it."""
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.desk.takes = Receipt(is_final=True)
    phone.hang_up()
    with phone.worker():
        said = phone.ask(tool, newStart=f"{phone.day}T11:00")
    assert "The confirmation number is" in said


@pytest.mark.parametrize("tool", ["cancelAppointment", "rescheduleAppointment"])
def test_a_text_that_waited_tells_nothing_that_was_changed_meanwhile(
    promised: Line, tool: str
) -> None:
    changed_since(promised, tool)

    promised.carry(SEND_TEXT)

    carrier = promised.parts.texts
    assert isinstance(carrier, Carrier)
    assert carrier.sent == []
    assert promised.rows("SELECT state, reason FROM text_messages") == [("off", OVERTAKEN)]


def test_a_change_of_another_record_of_the_same_number_takes_nobody_s_text(
    promised: Line,
) -> None:
    changed_since(promised, "cancelAppointment")
    promised.rows("UPDATE pms_writes SET kind = 'create_patient' WHERE kind = 'book' RETURNING id")

    promised.carry(SEND_TEXT)

    carrier = promised.parts.texts
    assert isinstance(carrier, Carrier)
    assert len(carrier.sent) == 1


@pytest.fixture
def textless(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> Iterator[tuple[Line, str]]:
    """A caller of a practice without texts has asked for what is not final; what was said."""
    with line(
        database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS, texts=False
    ) as made:
        made.desk.takes = Receipt(number="77")
        with made.worker():
            said = made.ask("bookAppointment", startTime=f"{made.day}T09:00")
        yield made, said


def to_be_told(phone: Line, role: Role = Role.BILLING) -> list[dict[str, str | None]]:
    answer = phone.client.get("/api/pms/writes/untold", headers=bearer(ACCOUNT, role))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["writes"])


def test_without_texts_none_is_promised_and_the_practice_sees_whom_to_tell(
    textless: tuple[Line, str],
) -> None:
    phone, said = textless
    assert to_be_told(phone) == []
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)

    [one] = to_be_told(phone)
    headers = {**bearer(ACCOUNT, Role.OWNER), "Accept": "text/html"}
    page = phone.client.get("/deliveries/list", headers=headers).text

    assert "text" not in said and "you can call back" in said
    assert (one["status"], one["phone"], one["text"]) == ("confirmed", ANN, "off")
    assert "Callers who wait for a call" in page
    assert re.search(
        r"The appointment on \w+ \d+ \w+ \d{4} at 9 am is booked."
        rf" Confirmation number {one['confirmationNumber']}\.",
        page,
    )
    assert ANN not in page


def test_whom_to_tell_is_counted_beside_the_pages_name_for_those_who_may_tell_them(
    textless: tuple[Line, str],
) -> None:
    phone, _ = textless
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)

    def menu(role: Role) -> str:
        headers = {**bearer(ACCOUNT, role), "Accept": "text/html"}
        return phone.client.get("/sync", headers=headers).text

    assert '<span class="count" data-count="/deliveries">1</span>' in menu(Role.OWNER)
    assert 'data-count="/deliveries">1<' in menu(Role.BILLING)
    assert 'data-count="/deliveries"' not in menu(Role.OPS)
    assert "/deliveries" not in menu(Role.PROVIDER)
    phone.client.post(
        f"/api/pms/writes/{to_be_told(phone)[0]['id']}/told", headers=bearer(ACCOUNT, Role.OWNER)
    )
    assert 'data-count="/deliveries" hidden>0<' in menu(Role.OWNER)


def test_a_front_desk_is_shown_whom_to_call_and_nothing_of_the_machinery(
    textless: tuple[Line, str],
) -> None:
    phone, _ = textless

    def page() -> str:
        headers = {**bearer(ACCOUNT, Role.BILLING), "Accept": "text/html"}
        return phone.client.get("/deliveries", headers=headers).text

    assert "Nobody waits for a call." in page()
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)

    assert "Callers who wait for a call" in page() and "data-tell" in page()
    assert "Webhooks" not in page() and "/outgoing" not in page()


def test_a_caller_who_was_told_is_no_longer_on_the_list(textless: tuple[Line, str]) -> None:
    phone, _ = textless
    phone.desk.outcomes = [Outcome(verdict=Verdict.FAILED)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)
    [one] = to_be_told(phone)

    path = f"/api/pms/writes/{one['id']}/told"
    first = phone.client.post(path, headers=bearer(ACCOUNT, Role.BILLING))
    again = phone.client.post(path, headers=bearer(ACCOUNT, Role.BILLING))

    assert (one["status"], first.status_code, again.status_code) == ("failed", 200, 404)
    assert to_be_told(phone) == []
    actions = [row.action for row in phone.rows("SELECT action FROM pms_audit_logs")]
    assert {"api.callers_untold", "api.caller_told"} <= set(actions)


@pytest.mark.parametrize("caller", [ANN, "+12025550161"], ids=["the same", "another"])
def test_who_calls_again_and_hears_that_it_was_booked_is_no_longer_on_the_list(
    textless: tuple[Line, str], caller: str
) -> None:
    """Long after, when the practice's own book shows it; from another number it may be another."""
    phone, _ = textless
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)
    phone.rows("UPDATE pms_writes SET settled_at = settled_at - interval '2 hours' RETURNING id")
    phone.rows("DELETE FROM slot_holds RETURNING 1")
    assert len(to_be_told(phone)) == 1
    phone.hang_up()

    who = {"name": "Ann Ames", "dob": "1985-03-02"}
    with phone.worker():
        said = phone.ask("bookAppointment", caller=caller, startTime=f"{phone.day}T09:00", **who)

    assert said.startswith("That was done already. The appointment is confirmed for ")
    assert len(to_be_told(phone)) == (0 if caller == ANN else 1)


@pytest.mark.parametrize("caller", [ANN, "+12025550161"], ids=["the same", "another"])
def test_who_calls_to_ask_and_hears_that_it_could_not_be_made_is_no_longer_on_the_list(
    textless: tuple[Line, str], caller: str
) -> None:
    phone, said = textless
    phone.desk.outcomes = [Outcome(verdict=Verdict.FAILED)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)
    assert "you can call back to ask" in said
    assert len(to_be_told(phone)) == 1
    phone.hang_up()

    with phone.worker():
        who = {"name": "Ann Ames", "dob": "1985-03-02"}
        answers = [phone.ask("getPatientInfo", caller=caller, **who) for _ in range(2)]

    is_own = caller == ANN
    ends = ["was requested, and could not be made." in one for one in answers]
    assert ends == [True, not is_own]
    assert len(to_be_told(phone)) == (0 if is_own else 1)


def test_of_two_callers_without_a_number_nobody_knows_that_they_are_one(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with line(
        database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS, texts=False
    ) as phone:
        phone.desk.takes = Receipt(number="77")
        wish = {"startTime": f"{phone.day}T09:00", "name": "Ann Ames", "dob": "1985-03-02"}
        with phone.worker():
            phone.ask("bookAppointment", caller="", **wish)
        phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
        phone.carry(SETTLE)
        phone.carry(SEND_TEXT)
        phone.hang_up()

        with phone.worker():
            said = phone.ask("bookAppointment", caller="", **wish)

        assert said.startswith("That was done already.")
        assert len(to_be_told(phone)) == 1


def test_what_nobody_can_say_any_more_is_on_the_list_too(textless: tuple[Line, str]) -> None:
    phone, _ = textless
    long_ago = system_clock() - timedelta(hours=7)
    phone.rows("UPDATE pms_writes SET submitted_at = :at RETURNING id", at=long_ago)

    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)

    assert [one["status"] for one in to_be_told(phone)] == ["unknown"]


@pytest.mark.parametrize("tool", ["cancelAppointment", "rescheduleAppointment"])
def test_who_has_changed_it_since_is_not_to_be_told_how_it_was(
    textless: tuple[Line, str], tool: str
) -> None:
    phone, _ = textless
    changed_since(phone, tool)

    phone.carry(SEND_TEXT)

    assert to_be_told(phone) == []


def test_what_the_practice_has_changed_since_is_still_the_callers_to_know(
    textless: tuple[Line, str],
) -> None:
    phone, _ = textless
    changed_since(phone, "cancelAppointment")
    phone.rows("UPDATE pms_writes SET asked_by = 'sheet' WHERE kind = 'cancel' RETURNING id")

    phone.carry(SEND_TEXT)

    assert [one["status"] for one in to_be_told(phone)] == ["confirmed"]


def test_operators_and_clinicians_are_not_shown_whom_to_call(textless: tuple[Line, str]) -> None:
    phone, _ = textless

    answers = [
        phone.client.get("/api/pms/writes/untold", headers=bearer(ACCOUNT, role))
        for role in (Role.OPS, Role.PROVIDER)
    ]

    assert [one.status_code for one in answers] == [403, 403]


def test_who_wants_no_texts_is_promised_none(
    database_url: str, redis_client: redis.Redis, redis_url: str
) -> None:
    with line(database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS) as phone:
        opt_outs.heard(phone.engine, phone.parts.sealer, ANN, number="+12025550100", stops=True)
        phone.desk.takes = Receipt(number="77")

        with phone.worker():
            said = phone.ask("bookAppointment", startTime=f"{phone.day}T09:00")

    assert "not final yet" in said
    assert "text" not in said


def test_whoever_tells_a_caller_sees_the_patient_the_sheet_names(
    textless: tuple[Line, str],
) -> None:
    phone, _ = textless
    phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]
    phone.carry(SETTLE)
    phone.carry(SEND_TEXT)
    before = to_be_told(phone)[0]
    on_the_sheet(phone, "Ann Ames")

    [one] = to_be_told(phone)

    assert (before["patientName"], one["patientName"]) == (None, "Ann Ames")


def on_the_sheet(
    phone: Line, name: str, *, start: datetime | None = None, status: str = "booked"
) -> None:
    """A row of the same patient, whom the PMS's own sync has named."""
    [(patient_id,)] = {
        (json.loads(_opened(phone, row))["patient_id"],)
        for row in phone.rows("SELECT id, request FROM pms_writes")
    }
    row_id, sheet_id = uuid4(), uuid4()
    sealed = EntrySeal(phone.parts.sealer, account_id=ACCOUNT).columns(
        row_id, {"patient_name": name}
    )
    phone.rows(
        "INSERT INTO run_sheets (id, account_id, day) VALUES (:id, :account_id, :day) RETURNING id",
        id=sheet_id,
        account_id=ACCOUNT,
        day=phone.day,
    )
    phone.rows(
        "INSERT INTO run_sheet_appointments (id, account_id, run_sheet_id, pms_connection_id,"
        " pms_appointment_id, pms_patient_id, source, appointment_time, pms_start,"
        " appointment_duration_minutes, appointment_status, timezone, patient_name)"
        " VALUES (:id, :account_id, :sheet, :own, 'other', :patient, 'pms', now(), :start, 15,"
        " :status, 'UTC', :name) RETURNING id",
        id=row_id,
        account_id=ACCOUNT,
        sheet=sheet_id,
        own=phone.connection_id,
        patient=patient_id,
        start=start,
        status=status,
        name=sealed["patient_name"],
    )


def _opened(phone: Line, row: Any) -> str:
    place = {"table": "pms_writes", "column": "request", "account": ACCOUNT}
    return phone.parts.sealer.open_text(row.request, row=str(row.id), **place)


OWN = (
    "UPDATE accounts SET phones = ARRAY[:number] RETURNING id",
    "UPDATE accounts SET transfer_to = ARRAY[:number] RETURNING id",
    (
        "UPDATE pms_connections SET settings = jsonb_build_object('phone_numbers',"
        " '+12025550100, ' || CAST(:number AS text)) RETURNING id"
    ),
)


@pytest.mark.parametrize("own", OWN, ids=["account", "transfer", "practice"])
def test_what_a_practices_line_passed_on_is_texted_to_the_patient_and_never_to_that_line(
    database_url: str, redis_client: redis.Redis, redis_url: str, own: str
) -> None:
    with line(database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS) as phone:
        phone.rows(own, number=ANN)
        phone.desk.takes = Receipt(number="77")
        who = {"name": "Bob Baker", "dob": "1990-07-15"}
        with phone.worker():
            said = phone.ask("bookAppointment", startTime=f"{phone.day}T09:00", **who)
        phone.desk.outcomes = [Outcome(verdict=Verdict.DONE)]

        phone.carry(SETTLE)

        assert "not final yet" in said and "text" not in said
        assert [recipient for recipient, _ in texts(phone)] == ["+12025550178"]


def test_who_was_cut_off_and_calls_again_makes_no_second_request(promised: Line) -> None:
    promised.hang_up()
    with promised.worker():
        said = promised.ask("bookAppointment", startTime=f"{promised.day}T09:00")

    assert "was requested at the practice already, and is not final yet." in said
    assert len(promised.desk.sent) == 1
