"""A crowd of callers wants a handful of times from practices whose system is in trouble."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.e2e.exchange import HOURS, Caller, Exchange, Json, callers, exchange, play

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

SEED = 20261121
READING = r"/v4/(appointments|patients|providers|operatories)\?"
SORRY = "could not be carried out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many call how many practices, and what goes wrong there meanwhile.

    What left no trace is certain after a minute (`CERTAIN_AFTER`): to settle may take that long.
    `may_miss` is the share of answers that may come too late. It says how busy the machine is
    before it says anything of us, so that only the long crowd, which has it for itself, is held to
    a narrow one.
    """

    callers: int
    practices: int
    small_talk: float
    faults: Json
    knobs: Json
    settled_within: float
    may_miss: float


SMALL = Crowd(
    callers=200,
    practices=4,
    small_talk=5,
    faults={
        "dial": {"lost-504": 0.08, "lost-drop": 0.08},
        "scripts": [{"fault": "503", "path": READING, "times": 20, "after": 30}],
    },
    knobs={"fastest_write": 0.2, "slowest_write": 8.0, "failing": 0.15},
    settled_within=120,
    may_miss=0.1,
)
WHOLE = Crowd(
    callers=1000,
    practices=20,
    small_talk=120,
    faults={
        "dial": {
            "500": 0.005,
            "502": 0.005,
            "reset": 0.005,
            "lost-504": 0.05,
            "lost-drop": 0.05,
            "lost-silent": 0.01,
        }
    },
    knobs={
        "fastest_write": 0.2,
        "slowest_write": 20.0,
        "failing": 0.15,
        "silent_seconds": 60.0,
    },
    settled_within=300,
    may_miss=0.01,
)
CROWD = WHOLE if os.environ.get("SOAK") else SMALL


@pytest.fixture
def board() -> Iterator[Exchange]:
    with exchange(practices=CROWD.practices) as made:
        made.control("knobs", **CROWD.knobs)
        made.control("faults", **CROWD.faults)
        yield made


@dataclass(frozen=True, slots=True)
class Judge:
    """Lays what callers were told beside what the practices hold and what was texted."""

    calling: Sequence[Caller]
    books: Mapping[str, Json]
    texts: Mapping[str, Sequence[str]]

    def bookings(self, one: Caller) -> int:
        """New appointments of this patient, cancelled ones too."""
        rows = self.books[one.branch.site]["appointments"]
        new = [row for row in rows if row["id"] not in one.branch.before]
        return sum(one.patient["id"] == patient["id"] for row in new for patient in row["patients"])

    def is_sorry(self, one: Caller) -> bool:
        return any(SORRY in words for words in self.texts.get(one.number, ()))

    def wrongs(self) -> Mapping[str, list[str]]:
        """What no caller may live through, by kind."""
        had = {one.id: self.bookings(one) for one in self.calling}
        return {
            "double": [one.id for one in self.calling if had[one.id] > 1],
            "falsely confirmed": [
                one.id for one in self.calling if one.is_confirmed and had[one.id] != 1
            ],
            "left without an end": [
                one.id
                for one in self.calling
                if one.is_requested and had[one.id] + self.is_sorry(one) != 1
            ],
            "booked unsaid": [
                one.id
                for one in self.calling
                if had[one.id] and not (one.is_confirmed or one.is_requested or one.missed)
            ],
            "told two things": [one.id for one in self.calling if one.has_heard_twice],
        }

    def double_bookings(self) -> int:
        return sum(one["double_bookings"] for one in self.books.values())

    def table(self) -> str:
        """What became of whom, in numbers."""
        counts = {
            "told": Counter(one.told for one in self.calling),
            "answers": sum((one.statuses for one in self.calling), Counter[str]()),
            "requested": Counter(
                "booked" if self.bookings(one) else "failed"
                for one in self.calling
                if one.is_requested and not one.is_confirmed
            ),
        }
        lines = [f"{name:>10}: {dict(count)}" for name, count in counts.items()]
        slots = len(self.books) * len(HOURS)
        taken = sum(self.bookings(one) for one in self.calling)
        return "\n".join(["", *lines, f"{'slots':>10}: {taken} of {slots} booked"])


def test_a_crowd_of_callers_is_told_the_truth(board: Exchange) -> None:
    calling = callers(board, count=CROWD.callers, seed=SEED)

    asyncio.run(play(board, calling, small_talk=CROWD.small_talk))
    board.control("faults", dial=dict.fromkeys(CROWD.faults["dial"], 0))
    board.wait_for(board.is_quiet, seconds=CROWD.settled_within)

    judge = Judge(calling, board.books(), board.texts())
    print(judge.table())  # noqa: T201
    answers = sum((one.statuses for one in calling), Counter[str]())
    assert set(answers) <= {"200", "TimeoutError"}
    assert answers["TimeoutError"] <= answers.total() * CROWD.may_miss
    assert {kind: found for kind, found in judge.wrongs().items() if found} == {}
    assert judge.double_bookings() == 0
    # Where others use the machine the practice's word may come too late for each of them.
    assert any(one.is_confirmed or one.is_requested for one in calling)
