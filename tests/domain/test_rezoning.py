"""A time read by the wrong clock, on the nights on which clocks are turned."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.rezoning import Rezoned

BRISBANE, MELBOURNE, SYDNEY = "Australia/Brisbane", "Australia/Melbourne", "Australia/Sydney"


@pytest.mark.parametrize(
    ("was", "told", "now", "shows"),
    [
        (BRISBANE, "2026-06-02T14:45", MELBOURNE, "2026-06-02T14:45+10:00"),
        (BRISBANE, "2026-12-02T14:45", MELBOURNE, "2026-12-02T14:45+11:00"),
        # The clocks go forward at two: what never is, goes forward with them.
        (BRISBANE, "2026-10-04T02:30", MELBOURNE, "2026-10-04T03:30+11:00"),
        # They go back at three: the first half past two, as everywhere.
        (BRISBANE, "2026-04-05T02:30", MELBOURNE, "2026-04-05T02:30+11:00"),
        # Where both happen in both zones, the second stays the second.
        (SYDNEY, "2026-04-05T02:30+10:00", MELBOURNE, "2026-04-05T02:30+10:00"),
    ],
)
def test_the_clock_shows_what_was_typed(was: str, told: str, now: str, shows: str) -> None:
    at = datetime.fromisoformat(told)
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(was))

    found = Rezoned(was=was, now=now).same_clock(at)

    assert found.astimezone(ZoneInfo(now)).isoformat(timespec="minutes") == shows
