"""What our line sends is what Vapi's own models send, and what it answers is what they read."""

import pytest

from tests.adapters.vapi import sdk
from tests.voice.line import Line

pytestmark = pytest.mark.integration

ANSWER = ("server_message_response_tool_calls", "ServerMessageResponseToolCalls")


def test_a_tool_call_and_its_answer_fit_vapis_models(phone: Line) -> None:
    sent = phone.message([("a", "checkAvailability", {"date": phone.day.isoformat()})])
    sent["message"]["toolCallList"][0]["function"]["arguments"] = f'{{"date": "{phone.day}"}}'
    call = sent["message"]["call"] | {
        "createdAt": "2026-11-21T15:00:00.000Z",
        "updatedAt": "2026-11-21T15:00:00.000Z",
    }
    whole = {**sent["message"], "call": call}

    read = sdk.read("server_message_tool_calls", "ServerMessageToolCalls", whole)
    with phone.worker():
        answer = phone.send({"message": whole})

    assert read.tool_call_list[0].function.name == "checkAvailability"
    result = sdk.read(*ANSWER, answer.json()).results[0]
    assert (result.tool_call_id, result.name, result.error) == ("a", "checkAvailability", None)
    assert "I could offer" in result.result
    assert "\n" not in result.result


def test_a_refusal_fits_them_too(phone: Line) -> None:
    with phone.worker():
        answer = phone.send(phone.message([("a", "flyToTheMoon", {})]))

    result = sdk.read(*ANSWER, answer.json()).results[0]
    assert (result.result, result.error) == (None, "I cannot do that here.")
