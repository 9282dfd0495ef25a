"""Conversations that are no phone calls: counted together by their id, and little done without."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from adapters.vapi.messages import NO_CALL
from domain.verification import ONLY_HUMAN
from tests.voice.line import ACCOUNT, Line, line

pytestmark = pytest.mark.integration

ANN = {"firstName": "Ann", "lastName": "Ames"}
BORN = {**ANN, "dateOfBirth": "1985-03-02"}


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made, made.worker():
        yield made


def written(phone: Line, number: int, tool: str, **given: Any) -> dict[str, Any]:
    """A tool call of no phone call; the account stands in the definition of the tool."""
    made = phone.message([(f"call_{number}", tool, given)])
    message = made["message"]
    message["toolWithToolCallList"] = [
        {
            "type": "function",
            "function": {"name": tool},
            "parameters": [{"key": "accountId", "value": ACCOUNT}],
            "toolCall": message["toolCallList"][0],
        }
    ]
    del message["call"], message["customer"]
    return made


def chat(phone: Line, number: int, tool: str, *, chat_id: str = "chat-1", **given: Any) -> str:
    made = written(phone, number, tool, **given)
    made["message"]["chat"] = {"id": chat_id, "sessionId": "session-1"}
    return heard(phone, made)


def heard(phone: Line, made: dict[str, Any]) -> str:
    (said,) = phone.results(made)
    return said.get("result") or said["error"]


def test_three_wrong_birthdays_end_a_session_however_many_chats_it_has(phone: Line) -> None:
    said = [
        chat(
            phone,
            day,
            "searchPatients",
            chat_id=f"chat-{day}",
            **ANN,
            dateOfBirth=f"1985-03-{day:02d}",
        )
        for day in range(3, 7)
    ]

    assert said[2:] == [ONLY_HUMAN, ONLY_HUMAN]
    assert chat(phone, 99, "getPatientInfo", **BORN) == ONLY_HUMAN


def test_a_booking_of_a_chat_that_comes_twice_is_one_and_so_are_two(phone: Line) -> None:
    given = {**BORN, "date": phone.day.isoformat()}
    first, again = (chat(phone, 1, "bookAppointment", **given, time="9:00") for _ in range(2))
    chat(phone, 2, "bookAppointment", **given, time="10:00")

    assert "is confirmed for" in first
    assert again == first
    assert len(phone.desk.sent) == 1


def test_what_names_no_conversation_finds_a_time_and_books_none(phone: Line) -> None:
    day = phone.day.isoformat()
    booking = written(phone, 1, "bookAppointment", **BORN, date=day, time="9:00")

    times = heard(phone, written(phone, 2, "checkAvailability", date=day))
    said = [heard(phone, booking) for _ in range(2)]

    assert " at 9 am" in times
    assert said == [NO_CALL, NO_CALL]
    assert phone.desk.sent == []
