"""Many callers at once while workers, Redis and Postgres die and answers of the PMS are lost.

R14 of the reliability programme; `make soak` has its two thousand calls.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

import pytest
from sqlalchemy import text

from infra import database
from tests.checks.trials import IS_WHOLE, tell, trials
from tests.e2e.switchboard import Call, Switchboard, callers, play, switchboard
from tests.sync.practice import ACCOUNT

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CALLS, A_DAY = trials(150, 2000), trials(150, 70)
"""Of seventy a day nearly all find a time; of 150 one in three is told that it is taken."""

AT_ONCE = trials(16, 12)
PARTS = ("worker",) if IS_WHOLE else ("worker", "redis", "worker", "postgres")
BETWEEN_DEATHS = trials(4, 10)
"""At length workers only, so that most calls come as far as the practice; `tests/chaos` has all."""

ASKED_BETWEEN = 20
"""Requests that reach the practice between two deaths at least, while callers still ask."""

LOST = {
    "dial": {"lost-504": 0.05, "lost-drop": 0.05},
    "scripts": [{"fault": "lost-drop", "after": 3, "times": 2}],
}
"""Shares of the writes that the practice takes on and whose answer never comes; two are sure to."""

TO_AN_END = 240.0
"""What never left is called off after two minutes, and what did not arrive is known after one."""

SEED = 20261121
Bookings = Counter[tuple[str, datetime]]


@pytest.fixture
def board() -> Iterator[Switchboard]:
    with switchboard() as made:
        made.control("faults", **LOST)
        yield made


def trouble(board: Switchboard, calling: "Future[list[int]]") -> Counter[str]:
    """One part after another dies and comes back, for as long as calls come in.

    However slow the machine, some requests reach the practice between two deaths.
    """
    deaths: Counter[str] = Counter()
    while not calling.done():
        asked = len(board.requests())
        part = PARTS[deaths.total() % len(PARTS)]
        if part == "worker":
            board.processes["worker-voice-0"].kill()
        elif part == "redis":
            board.servers.kill_redis(signal.SIGKILL)
            board.servers.start_redis()
        else:
            board.servers.kill_postgres(signal.SIGKILL)
            board.servers.start_postgres()
        deaths[part] += 1
        wait([calling], timeout=BETWEEN_DEATHS / 3)
        board.keep_up()
        wait([calling], timeout=2 * BETWEEN_DEATHS / 3)
        while len(board.requests()) < asked + ASKED_BETWEEN and not calling.done():
            wait([calling], timeout=1)
    return deaths


def made(board: Switchboard, before: set[str]) -> Bookings:
    """How often each patient has each time that was not in the book before."""
    return Counter(
        (patient["id"], datetime.fromisoformat(one["start_utc"]))
        for one in board.truth()["appointments"]
        if one["id"] not in before
        for patient in one["patients"]
    )


def refused(board: Switchboard) -> set[str]:
    """The calls whose write the practice did not carry out, which it was then told."""
    query = text("SELECT call_id FROM pms_writes WHERE state IN ('failed', 'withdrawn')")
    with database.transaction(board.engine, account_id=ACCOUNT) as db:
        return set(db.execute(query).scalars())


def judged(calls: Sequence[Call], bookings: Bookings, ended: set[str]) -> dict[str, list[str]]:
    """What no caller may live through, by kind; `ended` are the calls whose write failed."""
    had = {one.id: bookings[one.patient.id, one.start] for one in calls}
    return {
        "double": [one.id for one in calls if had[one.id] > 1],
        "falsely confirmed": [one.id for one in calls if one.is_confirmed and had[one.id] != 1],
        "requested without an end": [
            one.id
            for one in calls
            if one.is_requested and not one.is_confirmed and had[one.id] + (one.id in ended) != 1
        ],
        "booked unsaid": [
            one.id for one in calls if had[one.id] and not one.is_confirmed and not one.is_requested
        ],
    }


def test_callers_hear_the_truth_while_everything_dies(board: Switchboard) -> None:
    before = {one["id"] for one in board.truth()["appointments"]}
    calls = callers(board, count=CALLS, seed=SEED, a_day=A_DAY)

    with ThreadPoolExecutor(max_workers=1) as line:
        calling = line.submit(play, board, calls, seed=SEED, at_once=AT_ONCE)
        deaths = trouble(board, calling)
    statuses = Counter(calling.result())
    board.wait_for(lambda: board.open_writes() == 0, seconds=TO_AN_END)

    bookings = made(board, before)
    lost = sum(str(one["fault"]).startswith("lost-") for one in board.requests())
    told = Counter(
        "confirmed" if one.is_confirmed else "requested" if one.is_requested else "not booked"
        for one in calls
    )
    tell("R14", calls=len(calls), deliveries=statuses.total(), killed=dict(deaths),
         answers_lost=lost, told=dict(told), booked=bookings.total())  # fmt: skip
    assert set(statuses) == {200}
    wrongs = judged(calls, bookings, refused(board))
    heard = {one.id: one.heard for one in calls if any(one.id in ids for ids in wrongs.values())}
    assert not heard, (wrongs, heard)
    assert board.truth()["double_bookings"] == 0
    assert bookings.total() > 0
    assert told["confirmed"] > 0 or not IS_WHOLE  # of a few calls on a slow machine, perhaps none
    assert lost > 0
    assert min(deaths[part] for part in PARTS) > 0
