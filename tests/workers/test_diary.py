"""What a practice's free times are told from, at the edges of what may be booked."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.connections import Connection
from domain.desk import Ability, Opening, Shift
from domain.hours import OpeningHours, read_hours
from domain.slots import BookingRules, Wanted
from domain.window import Window, whole_day
from tests.workers.tools.desk import CHAIR, LEE, MONDAY, NOW, ZONE, Desk, local
from workers.calls.diary import Diary, Remembered

CONNECTION = Connection(id=UUID(int=1), account_id="a", vendor="sikka", site="D1:1", timezone=ZONE)
UNTIL_TEN_ON_MONDAY = BookingRules(max_days_ahead=2)


def diary(desk: Desk, hours: OpeningHours | None = None) -> Diary:
    return Diary(
        hours=hours,
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


def test_where_the_pms_tells_its_slots_a_visit_may_be_moved_by_less_than_its_length() -> None:
    after = Window(local(MONDAY, 9, 30), local(MONDAY, 10))
    desk = Desk(slots=[Opening(window=after, resources=(LEE, CHAIR))])
    own = desk.add("PAT-1001", local(MONDAY, 9))
    wanted = Wanted(window=whole_day(MONDAY, ZONE), minutes=30)

    moved = diary(desk).free(wanted, moving=own.pms_id)
    booked = diary(desk).free(wanted)

    assert [one.window.start for one in moved] == [local(MONDAY, 9, 15), local(MONDAY, 9, 30)]
    assert [one.window.start for one in booked] == [local(MONDAY, 9, 30)]


@pytest.mark.parametrize("has_slots", [False, True], ids=["by its schedule", "by its free slots"])
def test_on_a_holiday_no_time_is_offered_whatever_the_practices_system_says(
    has_slots: bool,
) -> None:
    desk, day = Desk(), whole_day(MONDAY, ZONE)
    if has_slots:
        slot = Window(local(MONDAY, 9), local(MONDAY, 10))
        desk = Desk(slots=[Opening(window=slot, resources=(LEE, CHAIR))])
    wanted = Wanted(window=day, minutes=30)
    shut = replace(CONNECTION, settings={"closed_on": "2026-11-23,2026-12-25"})

    assert diary(desk).free(wanted)
    assert not replace(diary(desk), connection=shut).free(wanted)


@pytest.mark.parametrize("has_slots", [False, True], ids=["by its schedule", "by its free slots"])
def test_what_a_practice_says_is_free_at_night_is_not_offered(has_slots: bool) -> None:
    desk = Desk()
    day = whole_day(MONDAY, ZONE)
    desk.works = [Shift(resource=one, window=day) for one in (LEE, CHAIR)]
    if has_slots:
        starts = [day.start + timedelta(minutes=30) * number for number in range(48)]
        desk.slots = [
            Opening(window=Window(at, at + timedelta(minutes=30)), resources=(LEE, CHAIR))
            for at in starts
        ]
    hours = read_hours({"mon": [["08:00", "09:30"]]}, timezone=ZONE)

    found = diary(desk, hours).free(Wanted(window=day, minutes=30))

    starts = sorted({one.window.start for one in found})
    assert (starts[0], starts[-1]) == (local(MONDAY, 8), local(MONDAY, 9))
