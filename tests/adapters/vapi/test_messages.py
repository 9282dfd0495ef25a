"""Each shape a tool call was ever published in is the same call; nonsense stays one sentence."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.vapi.messages import (
    MOST_CALLS,
    NO_CALL,
    TOO_MANY,
    UNREADABLE,
    canonical,
    one_line,
    read,
)
from domain.errors import BadInput

ARGUMENTS = {"query": "Ames", "limit": 3}
CALL = {
    "id": "c1",
    "phoneNumberId": "n1",
    "customer": {"number": "+12025550143"},
    "monitor": {"controlUrl": "https://example.invalid/control"},
}


def sent(**message: Any) -> bytes:
    return json.dumps({"message": {"type": "tool-calls", "call": CALL, **message}}).encode()


FLAT = {"id": "t1", "name": "searchPatients"}
SHAPES: dict[str, dict[str, Any]] = {
    "A, text": {
        "toolCallList": [
            {"id": "t1", "function": {"name": "searchPatients", "arguments": json.dumps(ARGUMENTS)}}
        ]
    },
    "B, object": {
        "toolCallList": [
            {"id": "t1", "function": {"name": "searchPatients", "arguments": ARGUMENTS}}
        ]
    },
    "C": {"toolCallList": [{**FLAT, "arguments": ARGUMENTS}]},
    "D": {"toolCallList": [{**FLAT, "parameters": ARGUMENTS}]},
    "E, name beside": {
        "toolWithToolCallList": [
            {"name": "searchPatients", "toolCall": {"id": "t1", "parameters": ARGUMENTS}}
        ]
    },
    "E, function": {
        "toolWithToolCallList": [
            {
                "function": {"name": "searchPatients"},
                "toolCall": {"id": "t1", "function": {"parameters": ARGUMENTS}},
            }
        ]
    },
    "F": {
        "toolCalls": [{"id": "t1", "function": {"name": "searchPatients", "arguments": ARGUMENTS}}]
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_published_shape_is_the_same_call(shape: dict[str, Any]) -> None:
    message = read(sent(**shape))

    (call,) = message.tool_calls
    assert (call.id, canonical(call.name), call.arguments) == ("t1", "search-patients", ARGUMENTS)
    assert not message.is_legacy


@pytest.mark.parametrize("given_as", [ARGUMENTS, json.dumps(ARGUMENTS)])
@pytest.mark.parametrize("named", [{"type": "function-call"}, {"type": None}])
def test_the_legacy_shape_is_one_call_that_wants_a_bare_result(
    given_as: object, named: dict[str, Any]
) -> None:
    function = {"name": "searchPatients", "parameters": given_as}
    message = read(sent(**named, functionCall=function), mark="7f")

    assert (message.type, message.is_legacy) == ("function-call", True)
    assert message.tool_calls[0].arguments == ARGUMENTS
    assert message.tool_calls[0].id == "c1:search-patients:0:7f"


def test_the_call_may_stand_beside_the_message() -> None:
    function = {"name": "searchPatients", "parameters": ARGUMENTS}
    body = json.dumps({"call": CALL, "message": {"functionCall": function}}).encode()

    assert read(body).call.id == "c1"


CHAT = {"id": "chat-2", "previousChatId": "chat-1"}


@pytest.mark.parametrize(
    ("around", "found"),
    [
        ({"call": CALL, "chat": {"id": "chat-1"}}, "c1"),
        ({"chat": {"id": "chat-1"}}, "chat-1"),
        ({"chat": {"id": "chat-1", "sessionId": "s1"}}, "s1"),
        ({"chat": {"id": "chat-1", "session": {"id": "s1"}}}, "s1"),
        ({"session": {"id": "s1"}}, "s1"),
        ({"call": {}, "chat": {}}, ""),
        # Each turn is another chat, and nothing in it names the first of them.
        ({"chat": CHAT}, ""),
        ({"chat": {**CHAT, "sessionId": "s1"}}, "s1"),
    ],
)
def test_a_conversation_is_known_by_what_stays_the_same_in_it(
    around: dict[str, Any], found: str
) -> None:
    message = {"type": "tool-calls", "toolCallList": [], **around}

    assert read(json.dumps({"message": message}).encode()).call.id == found


def test_without_a_conversation_only_what_needs_no_patient_and_writes_nothing_is_done() -> None:
    names = ("checkAvailability", "transferToHuman", "searchPatients", "bookAppointment", "x")
    calls = [{"id": name, "name": name, "arguments": {}} for name in names]
    spoilt = {"id": "spoilt", "name": "bookAppointment", "arguments": "{"}
    message = {"type": "tool-calls", "toolCallList": [*calls, spoilt]}

    found = read(json.dumps({"message": message}).encode()).tool_calls

    refused = [NO_CALL, NO_CALL, NO_CALL, UNREADABLE]
    assert [one.problem for one in found] == [None, None, *refused]


def test_lists_that_repeat_one_another_are_carried_out_once() -> None:
    message = read(sent(**SHAPES["A, text"], **SHAPES["E, function"], **SHAPES["F"]))

    assert len(message.tool_calls) == 1


def test_several_calls_keep_their_order() -> None:
    calls = [{"id": f"t{number}", "name": "x", "arguments": {}} for number in range(4)]

    assert [one.id for one in read(sent(toolCallList=calls)).tool_calls] == ["t0", "t1", "t2", "t3"]


def test_a_flood_of_calls_is_answered_and_not_carried_out() -> None:
    calls = [{"id": f"t{number}", "name": "x"} for number in range(500)]

    found = read(sent(toolCallList=calls)).tool_calls

    assert [one.id for one in found] == [one["id"] for one in calls]
    assert [one.problem for one in found] == [None] * MOST_CALLS + [TOO_MANY] * (500 - MOST_CALLS)


def test_the_tools_own_address_names_it_where_the_message_does_not() -> None:
    message = read(sent(toolCallList=[{"id": "t1", "arguments": {}}]), tool="book-appointment")

    assert message.tool_calls[0].name == "book-appointment"


@pytest.mark.parametrize("arguments", ["{", "[]", '"text"', "NaN", [1], 7])
def test_arguments_that_are_no_object_spoil_their_own_call_only_and_are_asked_for(
    arguments: object,
) -> None:
    calls = [{"id": "t1", "name": "x", "arguments": arguments}, {"id": "t2", "name": "x"}]
    first, second = read(sent(toolCallList=calls)).tool_calls

    assert first.problem == "I did not get all of that. Could you say it again in fewer words?"
    assert second.problem is None


def test_what_the_history_repeats_is_never_carried_out() -> None:
    artifact = {"messages": [{"role": "tool_calls", "toolCalls": [FLAT]}]}

    assert read(sent(artifact=artifact)).tool_calls == ()


def test_every_account_that_is_named_anywhere_is_told() -> None:
    call = {
        **CALL,
        "metadata": {"accountId": "one"},
        "assistantOverrides": {"variableValues": {"account_id": "two"}},
    }
    calls = [{**FLAT, "arguments": {**ARGUMENTS, "accountId": "three"}}]
    message = read(sent(call=call, toolCallList=calls))

    assert message.call.accounts == {"one", "two"}
    assert message.call.guesses == {"three"}
    assert message.tool_calls[0].arguments == ARGUMENTS


def test_what_a_tools_own_definition_says_is_no_models_guess() -> None:
    pair = {
        "function": {"name": "searchPatients"},
        "parameters": [{"key": "accountId", "value": "one"}],
        "toolCall": {"id": "t1", "parameters": {**ARGUMENTS, "accountId": "one"}},
    }
    message = read(sent(toolWithToolCallList=[pair]))

    assert message.call.accounts == {"one"}
    assert message.call.guesses == {"one"}


def test_the_call_is_known_by_its_numbers() -> None:
    number = {"id": "n1", "number": "+12025550100"}
    call = read(sent(phoneNumber=number)).call

    assert (call.called_number_id, call.called_number) == ("n1", "+12025550100")
    assert call.caller == "+12025550143"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{",
        b'{"message": NaN}',
        b'{"message": 1e999}',
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b"[" * 100_000,
        b'{"message": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_message_is_refused_in_a_sentence(body: bytes) -> None:
    with pytest.raises(BadInput, match="The message is"):
        read(body)


def test_halves_of_characters_and_nuls_are_left_out() -> None:
    body = sent(toolCallList=[{**FLAT, "arguments": {"q": "a\ud800\0b"}}])

    assert read(body).tool_calls[0].arguments == {"q": "a?b"}


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "name", "function", "arguments", "toolCall", "call", "metadata", "accountId"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


# The first letters of a fresh checkout are slow to make; that is no fault of what is judged.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "call", "toolCallList", "toolWithToolCallList", "toolCalls", "functionCall"]
        ),
        anything,
        max_size=5,
    )
)
def test_whatever_is_in_a_message_it_is_read(message: dict[str, Any]) -> None:
    found = read(json.dumps({"message": message}).encode())

    assert len({one.id for one in found.tool_calls}) == len(found.tool_calls)


@pytest.mark.parametrize(
    "name", ["bookAppointment", "book-appointment", "book_appointment", "BookAppointment"]
)
def test_a_tool_has_one_name_however_it_is_written(name: str) -> None:
    assert canonical(name) == "book-appointment"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\nb\r\n c", "a b c"), ("tab\tbell\x07", "tab bell"), ("x" * 2000, "x" * 999 + "…")],
)
def test_an_answer_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize("kind", ["webCall", "vapi.websocketCall", None])
def test_a_number_that_no_telephone_tells_is_nobodys(kind: str | None) -> None:
    whose = {"customer": {"number": "+12025550143"}}
    call = {"id": "c1", "type": kind, **whose} if kind else {}

    message = read(sent(call=call, toolCallList=[FLAT], **whose))

    assert message.call.caller is None


@pytest.mark.parametrize(("transport", "caller"), [("sip", None), ("pstn", "+12025550143")])
def test_a_number_that_whoever_calls_writes_himself_is_nobodys(
    transport: str, caller: str | None
) -> None:
    call = {**CALL, "type": "inboundPhoneCall", "phoneCallTransport": transport}

    assert read(sent(call=call, toolCallList=[FLAT])).call.caller == caller


@pytest.mark.parametrize("word", ["266696687", "86282452253", "8656696"])
def test_a_word_spelled_in_place_of_a_withheld_number_is_nobodys(word: str) -> None:
    call = {**CALL, "type": "inboundPhoneCall", "customer": {"number": f"+{word}"}}

    assert read(sent(call=call, toolCallList=[FLAT])).call.caller is None


@pytest.mark.parametrize("kind", ["inboundPhoneCall", "outboundPhoneCall", None])
def test_the_number_of_a_phone_call_is_the_callers(kind: str | None) -> None:
    call = {**CALL, **({"type": kind} if kind else {})}

    assert read(sent(call=call, toolCallList=[FLAT])).call.caller == "+12025550143"


@pytest.mark.parametrize(
    ("kind", "status", "has_ended"),
    [
        ("end-of-call-report", None, True),
        ("status-update", "ended", True),
        ("status-update", "in-progress", False),
        ("status-update", "forwarding", False),
        ("tool-calls", "ended", False),
    ],
)
def test_that_a_call_is_over_is_told_by_its_status_too(
    kind: str, status: str | None, *, has_ended: bool
) -> None:
    assert read(sent(type=kind, status=status)).call.has_ended is has_ended
