"""What is offered is free, within the rules, on the practice's own clock, and all there is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.desk import Busy, Opening, Resource, Shift
from domain.slots import (
    OPERATORY,
    PRACTITIONER,
    BookingRules,
    Wanted,
    free,
    offered,
    vacated,
)
from domain.window import Window, whole_day

ZONE = "America/New_York"
NINE = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ANN = Resource(kind=PRACTITIONER, pms_id="1", name="Dr Ann Example")
BEN = Resource(kind=PRACTITIONER, pms_id="2", name="Dr Ben Example")
CHAIRS = [Resource(kind=OPERATORY, pms_id=f"OP{number}") for number in (1, 2)]
RULES = BookingRules()
ALWAYS = Window(NINE - timedelta(days=30), NINE + timedelta(days=30))
DAY = whole_day(NINE.date(), ZONE)


def hours(start: float, end: float) -> Window:
    """Hours after nine o'clock."""
    return Window(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def found(shifts: list[Shift], taken: list[Busy] | None = None, **about: object) -> list[Opening]:
    wanted = Wanted(**{"window": DAY, "minutes": 30, **about})  # type: ignore[arg-type]
    return free(shifts, taken or [], wanted=wanted, rules=RULES, bookable=ALWAYS, timezone=ZONE)


def times(openings: list[Opening]) -> list[str]:
    return [f"{one.window.start.astimezone(ZoneInfo(ZONE)):%H:%M}" for one in openings]


def test_a_free_morning_is_offered_on_the_quarter_hours() -> None:
    assert times(found([Shift(resource=ANN, window=hours(0, 1))])) == ["09:00", "09:15", "09:30"]


def test_what_is_taken_is_not_offered() -> None:
    taken = [Busy(window=hours(0.25, 0.5), resources=(ANN,))]

    assert times(found([Shift(resource=ANN, window=hours(0, 1.25))], taken)) == ["09:30", "09:45"]


def test_a_colleagues_appointment_takes_nothing() -> None:
    taken = [Busy(window=hours(0, 1), resources=(BEN,))]

    assert len(found([Shift(resource=ANN, window=hours(0, 1))], taken)) == 3


def test_a_doctor_without_a_free_chair_is_not_offered() -> None:
    shifts = [Shift(resource=one, window=hours(0, 1)) for one in (ANN, BEN, CHAIRS[0])]
    taken = [Busy(window=hours(0, 0.5), resources=(CHAIRS[0],))]

    assert times(found(shifts, taken)) == ["09:30", "09:30"]


def test_the_next_free_chair_is_taken() -> None:
    shifts = [Shift(resource=one, window=hours(0, 0.5)) for one in (ANN, *CHAIRS)]
    taken = [Busy(window=hours(0, 1), resources=(CHAIRS[0],))]

    assert found(shifts, taken)[0].resources == (ANN, CHAIRS[1])


def test_only_the_doctor_wished_for_is_offered() -> None:
    shifts = [Shift(resource=one, window=hours(0, 0.5)) for one in (ANN, BEN)]

    assert [one.resources for one in found(shifts, practitioner_id="2")] == [(BEN,)]


def test_short_notice_and_far_days_are_left_out() -> None:
    rules = BookingRules(min_notice_minutes=90, max_days_ahead=1)
    shifts = [Shift(resource=ANN, window=hours(0, 30))]
    wanted = Wanted(window=hours(-1, 40), minutes=30)

    offer = free(
        shifts, [], wanted=wanted, rules=rules, bookable=rules.bookable(NINE), timezone=ZONE
    )

    assert offer[0].window.start == NINE + timedelta(minutes=90)
    assert offer[-1].window.start == NINE + timedelta(hours=24, minutes=-15)


@pytest.mark.parametrize(
    ("day", "count"),
    [("2026-03-08", 23 * 4 - 1), ("2026-03-09", 24 * 4 - 1), ("2026-11-01", 25 * 4 - 1)],
    ids=["clocks go forward", "a usual day", "clocks go back"],
)
def test_a_day_has_the_hours_it_has(day: str, count: int) -> None:
    window = whole_day(datetime.fromisoformat(day).date(), ZONE)
    wanted = Wanted(window=window, minutes=30)
    always = Window(window.start - timedelta(days=1), window.end + timedelta(days=1))
    shifts = [Shift(resource=ANN, window=window)]

    offer = free(shifts, [], wanted=wanted, rules=RULES, bookable=always, timezone=ZONE)

    assert len(offer) == count
    assert len({one.window.start for one in offer}) == count


spans = st.builds(
    lambda start, length: Window(
        NINE + timedelta(minutes=5 * start), NINE + timedelta(minutes=5 * (start + length))
    ),
    st.integers(0, 60),
    st.integers(1, 24),
)
people = st.sampled_from([ANN, BEN])
things = st.sampled_from([ANN, BEN, *CHAIRS])


@given(
    shifts=st.lists(st.builds(lambda r, w: Shift(resource=r, window=w), things, spans), max_size=5),
    taken=st.lists(
        st.builds(lambda r, w: Busy(resources=(r,), window=w), things, spans), max_size=8
    ),
    minutes=st.sampled_from([15, 30, 45, 60]),
)
def test_everything_free_is_offered_and_nothing_else(
    shifts: list[Shift], taken: list[Busy], minutes: int
) -> None:
    offer = found(shifts, taken, minutes=minutes)
    length = timedelta(minutes=minutes)
    expected = set()
    for quarter in range(-4, 60):
        window = Window(
            NINE + timedelta(minutes=15 * quarter), NINE + timedelta(minutes=15 * quarter) + length
        )
        for person in (ANN, BEN):
            chairs = [one for one in shifts if one.resource.kind == OPERATORY]
            chair_free = any(works(one, window, taken) for one in chairs) or not chairs
            mine = [one for one in shifts if one.resource == person]
            if chair_free and any(works(one, window, taken) for one in mine):
                expected.add((window.start, person.pms_id))

    assert {(one.window.start, one.resources[0].pms_id) for one in offer} == expected


def works(shift: Shift, window: Window, taken: list[Busy]) -> bool:
    within = shift.window.start <= window.start and window.end <= shift.window.end
    return within and not any(
        shift.resource in one.resources
        and one.window.start < window.end
        and window.start < one.window.end
        for one in taken
    )


def test_who_comes_along_is_free_too_and_part_of_what_is_offered() -> None:
    shifts = [Shift(resource=ANN, window=hours(0, 1))]
    taken = [Busy(window=hours(0, 0.5), resources=(BEN,))]

    (opening,) = found(shifts, taken, along=(BEN, ANN))

    assert opening == Opening(window=hours(0.5, 1), resources=(ANN, BEN))


def test_a_moved_appointment_keeps_its_chair_only_where_none_is_chosen() -> None:
    shift, old, new = Shift(resource=ANN, window=hours(0, 0.5)), *CHAIRS
    in_use = Shift(resource=new, window=hours(0, 0.5))
    taken = [Busy(window=hours(0, 0.5), resources=(old,))]

    assert found([shift], taken, along=(old,)) == []
    assert found([shift], along=(old,))[0].resources == (ANN, old)
    assert found([shift, in_use], taken, along=(old,))[0].resources == (ANN, new)


def test_of_the_pms_own_slots_those_long_enough_and_still_free_are_offered() -> None:
    slots = [
        Opening(window=hours(0, 0.25), resources=(ANN,)),
        Opening(window=hours(1, 2), resources=(ANN,)),
        Opening(window=hours(3, 4), resources=(BEN,)),
        Opening(window=hours(5, 6), resources=(ANN,)),
    ]
    taken = [Busy(window=hours(3, 3.25), resources=(BEN,))]

    offer = offered(slots, taken, wanted=Wanted(window=DAY, minutes=30), bookable=ALWAYS)

    assert [one.window.start for one in offer] == [hours(1, 2).start, hours(5, 6).start]
    assert offer[0].window.end == offer[0].window.start + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({}, BookingRules()),
        ({"min_notice_minutes": 0}, BookingRules(min_notice_minutes=0)),
        ({"slot_minutes": 0, "max_days_ahead": "soon", "default_minutes": True}, BookingRules()),
        ({"max_days_ahead": 14, "unheard_of": 1}, BookingRules(max_days_ahead=14)),
    ],
    ids=["nothing", "no notice", "nonsense", "unknown"],
)
def test_rules_that_make_no_sense_are_as_usual(
    stored: dict[str, object], read: BookingRules
) -> None:
    assert BookingRules.read(stored) == read


def quarters(*starts: float, who: Resource = ANN) -> list[Opening]:
    return [Opening(window=hours(one, one + 0.25), resources=(who,)) for one in starts]


def test_slots_that_follow_each_other_are_long_enough_together() -> None:
    slots = [*quarters(0, 0.25, 0.5, 1.25), *quarters(0.75, who=BEN)]

    offer = offered(slots, [], wanted=Wanted(window=DAY, minutes=30), bookable=ALWAYS)

    assert times(offer) == ["09:00", "09:15"]
    assert [one.window.end - one.window.start for one in offer] == [timedelta(minutes=30)] * 2


def test_a_slot_that_is_held_breaks_the_time_before_it() -> None:
    held = [Busy(window=hours(0.25, 0.5), resources=(ANN,))]
    wanted = Wanted(window=DAY, minutes=30)

    offer = offered(quarters(0, 0.25, 0.5, 0.75), held, wanted=wanted, bookable=ALWAYS)

    assert times(offer) == ["09:30"]


WITH_ANN = (ANN, CHAIRS[0])


def left(there: list[Busy], *slots: tuple[float, float], minutes: int = 60) -> list[str]:
    """When the visit "a-1" may go, where the PMS has these slots of its own."""
    openings = [Opening(window=hours(*one), resources=WITH_ANN) for one in slots]
    openings += vacated(openings, there, "a-1", rules=RULES)
    wanted = Wanted(window=DAY, minutes=minutes)
    return times(offered(openings, [], wanted=wanted, bookable=ALWAYS))


@pytest.mark.parametrize(
    ("slot", "may_go"),
    [
        ((2, 2.5), ["10:00", "10:15", "10:30"]),
        ((0.5, 1), ["09:30", "10:00"]),
        ((3, 4), ["10:00", "12:00"]),
    ],
    ids=["free after it", "free before it", "free elsewhere"],
)
def test_a_visit_may_be_moved_into_what_it_leaves_itself(
    slot: tuple[float, float], may_go: list[str]
) -> None:
    own = Busy(window=hours(1, 2), resources=WITH_ANN, pms_id="a-1")

    assert left([own], slot) == may_go


@pytest.mark.parametrize(
    "other",
    [
        Busy(window=hours(1.5, 2), resources=(ANN,), pms_id="a-2"),
        Busy(window=hours(0.5, 1.25), resources=(CHAIRS[0],), pms_id=None),
    ],
)
def test_what_it_leaves_is_not_free_where_somebody_else_is_in_it(other: Busy) -> None:
    own = Busy(window=hours(1, 2), resources=WITH_ANN, pms_id="a-1")

    assert left([own, other], (2, 2.5)) == []


def test_what_it_leaves_is_no_time_of_others() -> None:
    own = Busy(window=hours(1, 2), resources=(BEN, CHAIRS[0]), pms_id="a-1")

    assert left([own], (2, 2.5)) == []
