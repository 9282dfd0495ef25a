"""Plays a caller against the running ingress: Vapi's messages, signed, and what comes back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx

from domain.errors import Refused
from domain.speech import heard_number, said_day

TIMEOUT = 30.0
HEADER = "X-Vapi-Secret"
STRANGER = "+12125550199"
OFFERED = re.compile(
    r"\b(?P<day>today|tomorrow|\w+day \d{1,2} \w+(?: \d{4})?)"
    r" at (?P<time>\d{1,2}(?::\d{2})? [ap]m|noon)\b"
)
NOTHING = "nothing free"
DAYS_AHEAD = 40
LATE_OR_NOT = (False, True)
WEEKEND = 5


@dataclass(slots=True)
class Caller:
    """One telephone call; each question is one tool call of it."""

    url: str
    secret: str = field(repr=False)
    number: str = STRANGER
    call_id: str = field(default_factory=lambda: uuid4().hex)
    asked: int = 0
    dialogue: list[tuple[str, str]] = field(default_factory=list, repr=False)

    def ask(self, words: str, tool: str, **arguments: Any) -> str:
        """What the assistant is told; `words` are what the caller said."""
        self.asked += 1
        function = {"name": tool, "arguments": arguments}
        message = {
            "type": "tool-calls",
            "toolCallList": [
                {"id": f"call_{self.asked}", "type": "function", "function": function}
            ],
            "call": {"id": self.call_id, "type": "inboundPhoneCall"},
            "customer": {"number": self.number},
        }
        answer = httpx.post(
            f"{self.url}/vapi/webhook",
            json={"message": message},
            headers={HEADER: self.secret},
            timeout=TIMEOUT,
        )
        if answer.status_code != httpx.codes.OK:
            raise Refused(f"The ingress answered the call with {answer.status_code}.")
        [result] = answer.json()["results"]
        said = str(result.get("result") or result.get("error"))
        self.dialogue += [("Caller", words), (tool, said)]
        return said


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a played call: what was said, and the confirmation number if it was given.

    `day` is that of the first time that was offered; where it `is_full` the practice said that
    there is none.
    """

    dialogue: list[tuple[str, str]]
    number: str | None
    day: date | None
    is_full: bool = False


def book(caller: Caller, patient: Mapping[str, str], *, today: date) -> Played:
    """Who they are, what is free, book the first of it, and the confirmation number."""
    name = f"{patient['first']} {patient['last']}"
    day = next_weekday(today)
    who = {
        "firstName": patient["first"],
        "lastName": patient["last"],
        "dateOfBirth": patient["date_of_birth"],
    }
    caller.ask(f"This is {name}, born {patient['date_of_birth']}.", "search-patients", **who)
    free = caller.ask(f"What is free on {day:%A}?", "check-availability", date=day.isoformat())
    heard = OFFERED.search(free)
    offered = heard and _named(heard["day"], today)
    if heard is None or offered is None:
        return Played(caller.dialogue, None, None, is_full=NOTHING in free)
    said = caller.ask(
        f"{heard['day']} at {heard['time']} please, for a check-up.",
        "book-appointment",
        date=offered.isoformat(),
        time=heard["time"],
        type="Check-up",
    )
    return Played(caller.dialogue, heard_number(said), offered)


def _named(said: str, today: date) -> date | None:
    """The day that is told so: the next one with free times may be weeks ahead."""
    days = [today + timedelta(days=one) for one in range(DAYS_AHEAD)]
    told = {said_day(one, today=today, is_night=late): one for one in days for late in LATE_OR_NOT}
    return told.get(said)


def next_weekday(today: date) -> date:
    """Not today, and no weekend."""
    day = today + timedelta(days=1)
    while day.weekday() >= WEEKEND:
        day += timedelta(days=1)
    return day
