"""The assistant that answers the telephone, as Vapi is told of it."""

from collections.abc import Collection, Mapping
from typing import Any

from adapters.vapi.definitions import Line, offered, tool_json
from domain.desk import Ability

NAME = "Dental Receptionist"
MODEL: Mapping[str, Any] = {
    "provider": "openai",
    "model": "gpt-4",
    "temperature": 0.3,
    # Unset it is so little that a note, or all of a new patient, would be cut off in the middle
    # (docs.vapi.ai/tools/custom-tools-troubleshooting, token truncation).
    "maxTokens": 500,
}
SERVER_MESSAGES = (
    "tool-calls",
    "transfer-destination-request",
    "status-update",
    "end-of-call-report",
)

SYSTEM = """\
You are the receptionist of {practice}. You answer the telephone: friendly, calm and brief. One
question at a time, one or two sentences, no lists, no abbreviations. You are not a clinician: give
no medical advice. In an emergency tell the caller to hang up and dial the emergency number."""

FLOW = """\
How you work with the practice's own system:
1. Before anything is said or done for a patient, use search-patients. If it answers with a
   question, ask the caller that question and use the tool again with what they say.
2. For an appointment, ask what it is for and when it would suit, then use check-availability.
   Offer only times that it answers. Never make up or promise a time.
3. Once the caller has agreed to a time, use book-appointment with that day and time. Dates and
   times are the practice's own; never convert them to another time zone.
4. Read the confirmation number aloud, one character at a time."""

LIMITS = """\
What you must keep to:
- An appointment is booked only when the answer of the tool says that it is confirmed. If it says
  requested, say that it is not final, and what the tool says of how they will know. Never say more.
- Tell the answer of a tool in your own words, but change no name, day, time or number in it.
- One appointment a call. Do not guess who the caller is, and never read out what was not answered.
- Never ask for or repeat a card number.
- If a tool says it cannot do something, or the caller asks for a person, use transfer-to-human. If
  it says that the caller is not connected yet, use transferCall at once; without that tool say
  that they can call the practice back. You take no messages. Say that you are connecting them only
  when one of the two does."""

POSSIBLE = "What you can do here: {tools}. For anything else offer to connect the caller."


def prompt_addition(abilities: Collection[Ability]) -> str:
    """What is added to any assistant's prompt so that it works with a practice's system."""
    names = [one.name for one in offered(abilities)]
    flow = FLOW if "book-appointment" in names else FLOW.partition("\n2.")[0]
    return "\n\n".join([flow, LIMITS, POSSIBLE.format(tools=", ".join(names))])


def assistant_json(practice: str, abilities: Collection[Ability], line: Line) -> dict[str, Any]:
    """What POST /assistant takes, with its tools inline."""
    inline = [tool_json(one, line) for one in offered(abilities)]
    content = f"{SYSTEM.format(practice=practice)}\n\n{prompt_addition(abilities)}"
    # Without a destination of its own it asks our server where to connect the call to.
    transfer = {"type": "transferCall", "destinations": []}
    model = {
        **MODEL,
        "messages": [{"role": "system", "content": content}],
        "tools": [*inline, transfer],
    }
    return {
        "name": NAME,
        "firstMessage": f"Thank you for calling {practice}. How can I help you?",
        "model": model,
        "server": line.server("/vapi/webhook"),
        "serverMessages": list(SERVER_MESSAGES),
        "metadata": {"accountId": line.account_id},
    }
