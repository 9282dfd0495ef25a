"""What is said in a call: search, availability, a booking, and its number read out."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from simulators.calls.phone import HungUpError, Phone

_DAY = r"today|tomorrow|[A-Z][a-z]+day \d{1,2} [A-Z][a-z]+(?: \d{4})?"
_TIME = r"\d{1,2}(?::\d\d)? [ap]m|noon|midnight"
_OFFER = re.compile(rf"(?P<day>{_DAY}) at (?P<time>{_TIME})")
_NUMBER = re.compile(r"confirmation number is ((?:[A-Z0-9][,\s]*){6})\.")


class Ending(StrEnum):
    CONFIRMED = "confirmed"
    REQUESTED = "requested"
    NOT_BOOKED = "not_booked"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the caller says, and what the assistant asks of its tool then.

    {day} and {time} in the arguments are those of the first offer so far.
    """

    says: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    who: str
    text: str


@dataclass(kw_only=True)
class Played:
    """A call that was played, with all that was said."""

    call_id: str
    ending: Ending
    number: str | None = None
    turns: list[Turn] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "call_id": self.call_id,
            "ending": self.ending.value,
            "confirmation": self.number,
            "seconds": [round(one, 3) for one in self.seconds],
            "turns": [{"who": one.who, "text": one.text} for one in self.turns],
        }


def booking_call(day: str = "tomorrow", patient: Mapping[str, str] | None = None) -> list[Step]:
    """The usual conversation; without a patient the caller is known by their number."""
    who = dict(patient or {})
    return [
        Step(says="Hello, I would like to make an appointment.", tool="search-patients",
             arguments=who),
        Step(says=f"Is anything free {day}?", tool="check-availability", arguments={"date": day}),
        Step(says="The first one, please: {day} at {time}.", tool="book-appointment",
             arguments={"date": "{day}", "time": "{time}", "reason": "check-up"}),
    ]  # fmt: skip


def read_script(path: Path) -> list[Step]:
    """A list of {"says", "tool", "arguments"}."""
    try:
        return [Step(**one) for one in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError) as trouble:
        raise SystemExit(f"{path.name} is no script of a call: {type(trouble).__name__}") from None


def play(phone: Phone, steps: Sequence[Step]) -> Played:
    """Each step in turn; the call ends where nothing was offered that the next one needs."""
    played = Played(call_id=phone.call_id, ending=Ending.NOT_BOOKED, seconds=phone.seconds)
    offered: dict[str, str] = {}
    for step in steps:
        wanted = json.dumps(dict(step.arguments))
        if not offered and ("{day}" in wanted or "{time}" in wanted):
            played.turns.append(Turn("caller", "Then I shall call again. Goodbye."))
            return played
        played.turns.append(Turn("caller", _filled(step.says, offered)))
        try:
            said = phone.use(step.tool, json.loads(_filled(wanted, offered)))
        except HungUpError as trouble:
            played.turns.append(Turn("line", str(trouble)))
            played.ending = Ending.BROKEN
            return played
        played.turns.append(Turn("assistant", said))
        offered = _offer(said) or offered
        _end(played, said)
    return played


def _end(played: Played, said: str) -> None:
    number = _NUMBER.search(said)
    if number is not None:
        played.ending, played.number = Ending.CONFIRMED, re.sub(r"[^A-Z0-9]", "", number[1])
    elif "it is not final yet" in said:
        played.ending = Ending.REQUESTED


def _offer(said: str) -> dict[str, str]:
    """The first time that is offered."""
    found = _OFFER.search(said)
    return found.groupdict() if found else {}


def _filled(text: str, offered: Mapping[str, str]) -> str:
    for name, value in offered.items():
        text = text.replace("{" + name + "}", value)
    return text
