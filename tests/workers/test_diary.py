"""What a practice's free times are told from, at the edges of what may be booked."""

from uuid import UUID

from domain.connections import Connection
from domain.desk import Ability
from domain.slots import BookingRules, Wanted
from domain.window import whole_day
from tests.workers.tools.desk import MONDAY, NOW, ZONE, Desk, local
from workers.calls.diary import Diary, Remembered

CONNECTION = Connection(id=UUID(int=1), account_id="a", vendor="sikka", site="D1:1", timezone=ZONE)
UNTIL_TEN_ON_MONDAY = BookingRules(max_days_ahead=2)


def diary(desk: Desk) -> Diary:
    return Diary(
        desk=desk,
        connection=CONNECTION,
        rules=UNTIL_TEN_ON_MONDAY,
        held=lambda window: (),
        remembered=Remembered(),
        written_since=lambda at: False,
        clock=lambda: NOW,
    )


def test_a_visit_after_the_last_time_that_may_be_booked_still_takes_its_time() -> None:
    desk = Desk(abilities=frozenset(Ability) - {Ability.OPENINGS})
    desk.add("PAT-1001", local(MONDAY, 10, 15))

    found = diary(desk).free(Wanted(window=whole_day(MONDAY, ZONE), minutes=60))

    assert [one.window.start for one in found] == [local(MONDAY, 9), local(MONDAY, 9, 15)]
