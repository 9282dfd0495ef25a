"""The promise the other way: what people change reaches the PMS within two intervals."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from domain.freshness import Facts, Owed, Status, assess_outward
from domain.hours import OpeningHours

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FACTS = Facts(created_at=NOW - timedelta(days=30), every=15 * MINUTE, last_complete_at=NOW - MINUTE)


def owed(minutes: int, *, waiting: int = 1, stuck: int = 0) -> Owed:
    return Owed(waiting=waiting, stuck=stuck, since=NOW - minutes * MINUTE)


@pytest.mark.parametrize(
    ("facts", "what", "status", "sentence"),
    [
        (FACTS, Owed(), Status.ON_TIME, "Everything has gone out"),
        (FACTS, owed(5), Status.ON_TIME, "1 change to go out, the oldest for 5 min"),
        (FACTS, owed(31), Status.LATE, "1 change to go out, the oldest for 31 min"),
        (FACTS, owed(3, stuck=2), Status.FAILING, "2 changes did not go out"),
        (
            replace(FACTS, is_paused=True),
            owed(90, waiting=2),
            Status.PAUSED,
            "2 changes to go out, the oldest for 90 min; syncing is paused",
        ),
        (
            replace(FACTS, hours=OpeningHours("UTC", {0: ((time(10), time(17)),)})),
            owed(90),
            Status.CLOSED,
            "1 change to go out, the oldest for 90 min; the practice is closed",
        ),
    ],
)
def test_each_state_is_told_in_words(
    facts: Facts, what: Owed, status: Status, sentence: str
) -> None:
    told = assess_outward(facts, what, now=NOW)

    assert told.status is status
    assert told.sentence == sentence.replace("90 min", "1 h")


def test_a_failure_to_read_says_nothing_of_what_goes_out() -> None:
    failing = replace(FACTS, failures=7)

    assert assess_outward(failing, owed(5), now=NOW).status is Status.ON_TIME


def test_what_is_synced_by_hand_goes_out_within_an_hour_or_two() -> None:
    by_hand = replace(FACTS, every=None)

    assert assess_outward(by_hand, owed(100), now=NOW).status is Status.ON_TIME
    assert assess_outward(by_hand, owed(130), now=NOW).status is Status.LATE
