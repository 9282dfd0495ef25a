"""The demo's played call: a patient of the simulated practice books, and the sheet shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from console import output, playing, sheet
from console.playing import Caller, Played
from console.truth import Simulator
from console.wiring import Wiring
from domain.connections import Connection
from infra.stopping import Stopping

PATIENCE_SECONDS = 40
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """A played call beside what the practice's own book and the sheet say afterwards."""

    practice: str
    played: Played
    in_the_book: int
    is_on_sheet: bool

    @property
    def is_right(self) -> bool:
        """Told confirmed, and it is in the book once and on the sheet; or told there is no time."""
        if self.played.is_full:
            return self.in_the_book == 0
        return self.played.number is not None and self.in_the_book == 1 and self.is_on_sheet

    def as_answer(self) -> dict[str, Any]:
        return {
            "practice": self.practice,
            "confirmed": self.played.number is not None,
            "in_the_book": self.in_the_book,
            "on_sheet": self.is_on_sheet,
        }

    def show(self) -> None:
        output.say(f"A call to {self.practice}, played:")
        for who, words in self.played.dialogue:
            output.say(f"  {who}: {words}")
        output.say(f"  {self._found()}")
        output.say()

    def _found(self) -> str:
        if self.played.is_full and self.in_the_book == 0:
            return "Nothing was free, and nothing was booked."
        times = {0: "not", 1: "once"}.get(self.in_the_book, f"{self.in_the_book} times")
        shown = "is on the sheet" if self.is_on_sheet else "is not on the sheet"
        return f"It is {times} in the practice's own book, and {shown}."


def play(
    wiring: Wiring, held: Connection, simulator: Simulator, caller: Caller, *, today: date
) -> JudgedCall:
    """Somebody of the practice calls and books; then both books are looked at."""
    told = simulator.truth(held.site)
    before = {one["id"] for one in told["appointments"]}
    patient = _somebody(told)
    played = playing.book(caller, patient, today=today)
    new = [
        one["id"]
        for one in simulator.truth(held.site)["appointments"]
        if one["id"] not in before and patient["id"] in {each["id"] for each in one["patients"]}
    ]
    day = played.day
    is_on_sheet = bool(new) and day is not None and _appears(wiring, held, new[0], day=day)
    return JudgedCall(held.name, played, len(new), is_on_sheet)


def _somebody(told: Mapping[str, Any]) -> Mapping[str, str]:
    people = [each for one in told["appointments"] for each in one["patients"]]
    found: Mapping[str, str] = next(
        one for one in people if one["first"] and one["last"] and one["date_of_birth"]
    )
    return found


def _appears(wiring: Wiring, held: Connection, pms_id: str, *, day: date) -> bool:
    """Whether the sheet comes to show it by itself."""
    waiting = Stopping()
    for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
        found = sheet.read(wiring, held.account_id, day, day, held=held).entries
        if any(one.pms_appointment_id == pms_id for one in found):
            return True
        waiting.pause(LOOK_SECONDS)
    return False
