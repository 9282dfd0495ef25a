"""Calls to one practice beside each other, whose system lags and fails: what is told done is so."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

import pytest

from domain.appointments import Appointment, Status
from domain.desk import Busy, Outcome, OutcomeUnknown, Receipt, Verdict
from domain.errors import Refused, Transient
from domain.speech import said_when
from domain.tools import Told, ToolAnswer
from domain.window import Window
from domain.writes import OPEN, WriteState
from tests.workers.tools.desk import (
    ANN_CALLS,
    BOB_CALLS,
    FAMILY_CALLS,
    MONDAY,
    NOW,
    ZONE,
    Desk,
    Practice,
    local,
)

PEOPLE: Mapping[str, tuple[str, str]] = {
    "PAT-1001": (ANN_CALLS, "Ann"),
    "PAT-1002": (BOB_CALLS, "Bob"),
    "PAT-1003": (FAMILY_CALLS, "Cleo"),
    "PAT-1004": (FAMILY_CALLS, "Dora"),
}
DAYS = ("monday", "the 24th", "2026-11-23", "next week tuesday")
TIMES = ("9", "half past nine", "10 am", "quarter to eleven")
FINAL, LATER = Receipt(is_final=True), Receipt(number="7")
TAKES = (
    FINAL,
    FINAL,
    FINAL,
    LATER,
    LATER,
    Refused("no"),
    Transient("away"),
    OutcomeUnknown("lost"),
)
STEPS = 40
WHEN = re.compile(r"((?:\w+day \d+ \w+|today|tomorrow) at (?:noon|[\d:]+ [ap]m))")
COMING = re.compile(r"The next appointments? (?:is|are) (.*?)\.(?: The |$)")
SPOKEN_OF = re.compile(r"confirmed|cancelled|requested|not final|done already")


class Copied(Desk):
    """A practice whose system lets us read a copy of its book, which may be minutes old."""

    def busy(self, window: Window) -> Sequence[Busy]:
        book, self.book = self.book, self.book if self.shows is None else self.shows
        try:
            return super().busy(window)
        finally:
            self.book = book


def settle(practice: Practice, state: WriteState) -> None:
    """What was not final comes to its end at the practice."""
    for kept in list(practice.writes.kept.values()):
        if kept.state in OPEN:
            done = practice.desk.do(kept.write) if state is WriteState.CONFIRMED else None
            practice.writes.settle(kept, state, pms_id=done)


def judged(said: ToolAnswer, who: str, before: dict[str, Appointment], practice: Practice) -> None:
    book = practice.desk.book
    standing = [one for one in book if one.status is Status.BOOKED]
    overlapping = [
        (one.pms_id, other.pms_id)
        for one in standing
        for other in standing
        if one.pms_id < other.pms_id and one.start < other.end and other.start < one.end
    ]
    assert overlapping == []
    changed = [one for one in book if before.get(one.pms_id) != one]
    assert {one.patient_id for one in changed} <= {who}
    assert len(changed) <= 1
    assert not changed or SPOKEN_OF.search(said.text)
    times = {
        status: {
            said_when(one.start, ZONE, now=NOW)
            for one in book
            if one.patient_id == who and one.status is status
        }
        for status in (Status.BOOKED, Status.CANCELLED)
    }
    coming = COMING.search(said.text)
    assert coming is None or set(WHEN.findall(coming[1])) <= times[Status.BOOKED]
    if said.told is Told.CONFIRMED:
        status = Status.CANCELLED if "is cancelled" in said.text else Status.BOOKED
        told = WHEN.search(said.text)
        assert told is not None
        assert told[1] in times[status]


def wish(chance: Random) -> tuple[str, dict[str, str]]:
    day, clock = chance.choice(DAYS), chance.choice(TIMES)
    now_on = {"currentDate": chance.choice(DAYS)} if chance.random() < 0.3 else {}
    wishes: tuple[tuple[str, dict[str, str]], ...] = (
        ("book-appointment", {"date": day, "time": clock}),
        ("book-appointment", {"date": day, "time": clock}),
        ("reschedule-appointment", {"newDate": day, "newTime": clock, **now_on}),
        ("cancel-appointment", chance.choice([{}, {"date": day}, {"date": day, "time": clock}])),
        ("get-patient-info", {}),
    )
    return chance.choice(wishes)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_told_as_done_is_in_the_book_and_nothing_is_there_twice(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a story to be told again
    practice = Practice(desk=Copied())
    desk = practice.desk
    desk.add("PAT-1001", local(MONDAY, 9))
    desk.add("PAT-1003", local(MONDAY + timedelta(days=1), 10, 45))
    calls = {number: practice.call(number) for number in (ANN_CALLS, BOB_CALLS, FAMILY_CALLS)}

    for _ in range(STEPS):
        if chance.random() < 0.5:
            settle(practice, chance.choice([WriteState.CONFIRMED, WriteState.FAILED]))
        who = chance.choice(sorted(PEOPLE))
        number, name = PEOPLE[who]
        if chance.random() < 0.3:
            calls[number] = practice.call(number)
        desk.takes = chance.choice(TAKES)
        desk.outcomes = [Outcome(verdict=chance.choice(list(Verdict)))]
        desk.shows = (desk.shows or list(desk.book)) if chance.random() < 0.6 else None
        before = {one.pms_id: one for one in desk.book}
        tool, wanted = wish(chance)

        said = calls[number].answer(tool, {**wanted, "firstName": name})

        judged(said, who, before, practice)
        practice.time.pause(30)
