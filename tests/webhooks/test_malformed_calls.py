"""Genuine messages full of nonsense: each id hears one line, and nothing of the machinery."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from adapters.vapi.messages import MOST_CALLS, TOO_MANY, UNREADABLE
from domain.tools import UNKNOWN_TOOL
from tests.voice.line import Line, line
from workers.tools import modules

pytestmark = pytest.mark.integration

MACHINERY = ("Traceback", "Error", "Exception", "psycopg", "sqlalchemy", ".py", "None", "{", "<")
DEEP = json.dumps({"a": 1})[:-2] + '{"a":' * 5000


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made, made.worker():
        yield made


def asked(phone: Line, calls: list[Any]) -> list[dict[str, str]]:
    """The entries that come back, each of them fit to be read out."""
    message = phone.message([])
    message["message"]["toolCallList"] = calls
    entries = phone.results(message)
    for entry in entries:
        said = entry.get("result") or entry["error"]
        assert len(entry.keys() & {"result", "error"}) == 1
        assert said.isprintable() and 0 < len(said) <= 1000
        assert not [one for one in MACHINERY if one in said]
    return entries


@pytest.mark.parametrize(
    "arguments",
    ["{", "[1]", '"text"', "NaN", "1e999", DEEP, [1, 2], 7, True, "9" * 5000],
    ids=["half", "list text", "text", "NaN", "endless", "deep", "list", "number", "bool", "digits"],
)
def test_arguments_that_cannot_be_read_spoil_their_own_call_only(
    phone: Line, arguments: object
) -> None:
    sound = {"id": "b", "name": "transferToHuman", "arguments": {}}

    bad, good = asked(
        phone, [{"id": "a", "name": "bookAppointment", "arguments": arguments}, sound]
    )

    assert bad == {"toolCallId": "a", "name": "bookAppointment", "error": UNREADABLE}
    assert "result" in good


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        "",
        {"date": ["tomorrow"], "time": {"at": 9}, "type": 7, "firstName": None},
        {"date": "9999-99-99", "time": "25:61", "duration": -5},
        {"date": "\ud800", "time": "\0", "patientId": "' OR 1=1 --"},
        {"startTime": "x" * 5000, "patientId": "../../etc", "dateOfBirth": "0000-00-00"},
        {"startTime": 10**30, "duration": 10**30, "limit": -(10**30), "amount": 1e300},
        {key: [[[]]] for key in ("date", "time", "query", "phone", "email", "notes", "amount")},
    ],
    ids=["null", "empty", "shapes", "no day", "characters", "long", "large", "lists"],
)
def test_every_tool_answers_whatever_its_arguments_are(phone: Line, arguments: object) -> None:
    calls = [{"id": name, "name": name, "arguments": arguments} for name in modules()]

    entries = asked(phone, calls)

    assert [one["toolCallId"] for one in entries] == list(modules())
    assert phone.rows("SELECT 1 FROM pms_writes WHERE state <> 'withdrawn'") == []
    assert phone.desk.sent == []


@pytest.mark.parametrize("name", ["flyToTheMoon", "", "book", "x" * 5000, "búch", "api.book", "\n"])
def test_a_tool_that_nobody_knows_is_an_error_of_its_own(phone: Line, name: str) -> None:
    (entry,) = asked(phone, [{"id": "a", "name": name, "arguments": {}}])

    assert entry["error"] == UNKNOWN_TOOL


def test_calls_without_ids_and_things_that_are_no_calls_break_nothing(phone: Line) -> None:
    tool = {"name": "transferToHuman"}
    calls = [
        tool,
        {**tool, "id": None},
        {**tool, "id": {}},
        {**tool, "id": 7},
        {},
        None,
        1,
        "x",
        [],
    ]

    entries = asked(phone, calls)

    ids = [one["toolCallId"] for one in entries]
    assert len(ids) == len(set(ids)) == 5
    assert ids[3] == "7"
    assert [list(one)[2] for one in entries] == ["result"] * 4 + ["error"]


def test_two_hundred_calls_at_once_get_an_entry_each(phone: Line) -> None:
    calls = [{"id": f"t{number}", "name": "transferToHuman"} for number in range(200)]

    entries = asked(phone, calls)

    assert [one["toolCallId"] for one in entries] == [one["id"] for one in calls]
    assert {one.get("error") for one in entries[MOST_CALLS:]} == {TOO_MANY}
    assert phone.value("SELECT count(*) FROM tool_calls") == MOST_CALLS


def test_the_same_id_twice_is_one_call(phone: Line) -> None:
    twice = [{"id": "a", "name": one} for one in ("transferToHuman", "bookAppointment")]

    (entry,) = asked(phone, twice)

    assert entry["name"] == "transferToHuman"


@pytest.mark.parametrize(
    "message",
    [
        {"message": {"type": "tool-calls"}},
        {"message": {"type": "tool-calls", "toolCallList": {}, "call": []}},
        {"message": {"type": ["tool-calls"]}},
        {"message": None, "type": "tool-calls"},
        {"message": {"type": "function-call", "functionCall": {}}},
        {"message": {"type": "function-call", "functionCall": {"parameters": "{"}}},
        {"message": {"type": "no-such-type", "call": {"id": "x" * 9000}}},
        {"message": {"type": "status-update", "call": {"id": {}}, "status": [None]}},
        {},
    ],
)
def test_a_message_of_no_sense_is_answered_all_the_same(
    phone: Line, message: dict[str, Any]
) -> None:
    answer = phone.send(message)

    assert answer.status_code == 200
    assert answer.json().keys() <= {"results", "result", "error"}
    assert not [one for one in MACHINERY[:6] if one in answer.text]
