"""Who asks for what another call has asked for already hears of its end: by text, or by a call."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from domain.desk import Outcome, Receipt, Verdict
from domain.people import Role
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS
from domain.work import SEND_TEXT, SETTLE
from infra.clock import system_clock
from tests.voice.line import ACCOUNT, ANN, Line, line
from tests.voice.test_afterwards import ANSWER_SECONDS, texts, to_be_told
from tests.webhooks.serving import bearer

pytestmark = pytest.mark.integration

HUSBAND = "+12025550161"
HERS = {"name": "Ann Ames", "dob": "1985-03-02"}


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """Ann has asked for a time, and the practice has not said its end."""
    with line(database_url, redis_client, redis_url, answer_seconds=ANSWER_SECONDS) as made:
        made.desk.takes = Receipt(number="77")
        with made.worker():
            made.ask("bookAppointment", startTime=f"{made.day}T09:00")
        made.hang_up()
        yield made


def asks_again(phone: Line, caller: str) -> str:
    """For the same, in a call of their own."""
    phone.hang_up()
    with phone.worker():
        return phone.ask("bookAppointment", caller=caller, startTime=f"{phone.day}T09:00", **HERS)


def cancels(phone: Line, caller: str) -> str:
    phone.hang_up()
    with phone.worker():
        return phone.ask("cancelAppointment", caller=caller, **HERS)


def ends(phone: Line, verdict: Verdict = Verdict.DONE) -> None:
    phone.desk.outcomes = [Outcome(verdict=verdict, pms_id="N1")]
    phone.rows("UPDATE jobs SET due_at = now() WHERE state = 'ready' RETURNING id")
    phone.carry(SETTLE)


def test_who_calls_again_from_the_same_number_is_promised_the_text_that_comes(
    phone: Line,
) -> None:
    said = asks_again(phone, ANN)
    ends(phone)

    assert said.endswith(TEXT_FOLLOWS)
    assert [recipient for recipient, _ in texts(phone)] == [ANN]
    assert to_be_told(phone) == []


def test_who_asks_from_another_number_is_on_the_list_once_there_is_an_end(phone: Line) -> None:
    said = [asks_again(phone, HUSBAND) for _ in range(2)][-1]
    before = to_be_told(phone)
    ends(phone)

    [one] = to_be_told(phone)
    headers = {**bearer(ACCOUNT, Role.OWNER), "Accept": "text/html"}
    page = phone.client.get("/deliveries/list", headers=headers).text

    assert said.endswith(CALL_FOLLOWS)
    assert before == []
    assert (one["status"], one["phone"], one["text"]) == ("confirmed", HUSBAND, "call_back")
    assert "They asked for it in another call, and were promised one." in page
    assert [recipient for recipient, _ in texts(phone)] == [ANN]


def test_who_was_promised_a_call_and_has_it_is_on_the_list_no_more(phone: Line) -> None:
    asks_again(phone, HUSBAND)
    ends(phone, Verdict.FAILED)
    [one] = to_be_told(phone)

    path = f"/api/pms/writes/{one['id']}/told"
    answers = [phone.client.post(path, headers=bearer(ACCOUNT, Role.BILLING)) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 404]
    assert to_be_told(phone) == []


def test_who_was_promised_a_call_and_calls_back_to_ask_need_not_be_called(phone: Line) -> None:
    ends(phone)
    for caller in (ANN, HUSBAND):
        cancels(phone, caller)
    ends(phone)
    before = [one["phone"] for one in to_be_told(phone)]

    said = cancels(phone, HUSBAND)

    assert "That was done already." in said and "The confirmation number is" in said
    assert before == [HUSBAND]
    assert to_be_told(phone) == []


def test_who_was_promised_a_call_and_hears_of_it_with_their_record_need_not_be_called(
    phone: Line,
) -> None:
    asks_again(phone, HUSBAND)
    ends(phone, Verdict.FAILED)
    before = [one["phone"] for one in to_be_told(phone)]
    phone.hang_up()

    with phone.worker():
        said = phone.ask("getPatientInfo", caller=HUSBAND, **HERS)

    assert "was requested, and could not be made." in said
    assert before == [HUSBAND]
    assert to_be_told(phone) == []


def test_who_was_promised_a_call_is_called_where_nobody_can_say_the_end(phone: Line) -> None:
    asks_again(phone, HUSBAND)
    long_ago = system_clock() - timedelta(hours=7)
    phone.rows("UPDATE pms_writes SET submitted_at = :at RETURNING id", at=long_ago)

    phone.carry(SETTLE)

    phone.carry(SEND_TEXT)
    told = {one["phone"]: one["status"] for one in to_be_told(phone)}
    assert told == {HUSBAND: "unknown"}
    assert [recipient for recipient, _ in texts(phone)] == [ANN]


def test_who_was_told_by_a_call_is_called_again_where_the_book_shows_it_otherwise(
    phone: Line,
) -> None:
    asks_again(phone, HUSBAND)
    ends(phone)
    [one] = to_be_told(phone)
    phone.client.post(f"/api/pms/writes/{one['id']}/told", headers=bearer(ACCOUNT, Role.BILLING))
    phone.carry(SEND_TEXT)
    phone.desk.book.clear()
    long_ago = system_clock() - timedelta(hours=2)
    phone.rows("UPDATE pms_writes SET settled_at = :at RETURNING id", at=long_ago)

    ends(phone)

    assert {each["shown"] for each in to_be_told(phone)} == {"missing"}
    assert {each["phone"] for each in to_be_told(phone)} == {ANN, HUSBAND}
