"""Many callers at once while workers, Redis and Postgres die: nobody is told what is not so."""

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from tests.e2e.switchboard import Call, Switchboard, callers, play, switchboard

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CALLS = 200
AT_ONCE = 24
SEED = 20261121


@pytest.fixture
def board() -> Iterator[Switchboard]:
    with switchboard() as made:
        yield made


def trouble(board: Switchboard, calling: "Future[list[int]]") -> Counter[str]:
    """One part after another dies and comes back, for as long as calls come in."""
    deaths: Counter[str] = Counter()
    parts = ["worker", "redis", "worker", "postgres"]
    while not calling.done():
        part = parts[sum(deaths.values()) % len(parts)]
        if part == "worker":
            board.processes["worker-voice-0"].kill()
        elif part == "redis":
            board.servers.kill_redis(signal.SIGKILL)
            board.servers.start_redis()
        else:
            board.servers.kill_postgres(signal.SIGKILL)
            board.servers.start_postgres()
        deaths[part] += 1
        wait([calling], timeout=1.0)
        board.keep_up()
        wait([calling], timeout=2.0)
    return deaths


def made(board: Switchboard, before: set[str]) -> Counter[str]:
    """How many appointments each patient has that were not there before."""
    now = (one for one in board.truth()["appointments"] if one["id"] not in before)
    return Counter(patient["id"] for one in now for patient in one["patients"])


def judged(calls: list[Call], bookings: Counter[str]) -> dict[str, list[str]]:
    """What no caller may live through, by kind."""
    return {
        "double": [one.id for one in calls if bookings[one.patient.id] > 1],
        "falsely confirmed": [
            one.id for one in calls if one.is_confirmed and bookings[one.patient.id] != 1
        ],
        "booked unsaid": [
            one.id
            for one in calls
            if bookings[one.patient.id] and not one.is_confirmed and not one.is_requested
        ],
    }


def test_callers_hear_the_truth_while_everything_dies(board: Switchboard) -> None:
    before = {one["id"] for one in board.truth()["appointments"]}
    calls = callers(board, count=CALLS, seed=SEED)

    with ThreadPoolExecutor(max_workers=1) as line:
        calling = line.submit(play, board, calls, seed=SEED, at_once=AT_ONCE)
        deaths = trouble(board, calling)
    statuses = Counter(calling.result())
    board.wait_for(lambda: board.open_writes() == 0, seconds=120)

    bookings = made(board, before)
    told = Counter(
        "confirmed" if one.is_confirmed else "requested" if one.is_requested else "not booked"
        for one in calls
    )
    print(dict(statuses), dict(told), dict(deaths), sum(bookings.values()))  # noqa: T201
    assert set(statuses) == {200}
    assert judged(calls, bookings) == {"double": [], "falsely confirmed": [], "booked unsaid": []}
    assert board.truth()["double_bookings"] == 0
    assert told["confirmed"] > 0
    assert min(deaths[part] for part in ("worker", "redis", "postgres")) > 0
