"""Days and times as callers say them and models write them, on the practice's own clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.hearing import (
    check_zone,
    heard_clock,
    heard_date,
    heard_day,
    heard_instant,
    heard_part,
    heard_time,
)
from domain.instants import Place

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
HERE = Place(timezone="America/New_York", now=NOW)
ABROAD = Place(timezone="Australia/Melbourne", now=NOW, month_first=False)
"""Where it is the 22nd by then, and the day comes before the month."""

STRANGE = st.text("aZ09 :-/.+TZpmond,\u0663\u00bd\n", max_size=24)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-23", date(2026, 11, 23)),
        ("Monday, 2026-11-23", date(2026, 11, 23)),
        ("2026-11-23T09:00:00Z", date(2026, 11, 23)),
        ("today", date(2026, 11, 21)),
        ("Tomorrow", date(2026, 11, 22)),
        ("the day after tomorrow", date(2026, 11, 23)),
        ("next Tuesday", date(2026, 11, 24)),
        ("saturday", date(2026, 11, 28)),
        ("next week on Wednesday", date(2026, 11, 25)),
        ("November 30th", date(2026, 11, 30)),
        ("30 Nov", date(2026, 11, 30)),
        ("the 3rd of December, 2026", date(2026, 12, 3)),
        ("January 2", date(2027, 1, 2)),
        ("12/1", date(2026, 12, 1)),
        ("12/01/2026", date(2026, 12, 1)),
        ("31/12/2026", date(2026, 12, 31)),
        ("today, Saturday", date(2026, 11, 21)),
        ("tomorrow, Sunday", date(2026, 11, 22)),
        ("tonight", date(2026, 11, 21)),
        ("this afternoon, please", date(2026, 11, 21)),
        ("tomorrow morning", date(2026, 11, 22)),
        ("Monday the 30th", date(2026, 11, 30)),
        ("the thirtieth", date(2026, 11, 30)),
        ("on the 30th in the morning", date(2026, 11, 30)),
        ("the 5th", date(2026, 12, 5)),
        ("Tuesday the first", date(2026, 12, 1)),
        ("Tuesday December the 1st", date(2026, 12, 1)),
        ("December first", date(2026, 12, 1)),
        ("the twenty-first of December", date(2026, 12, 21)),
        ("1st of December", date(2026, 12, 1)),
        ("Sept 14", date(2027, 9, 14)),
        ("Tuesday, Sept. 14, 2027", date(2027, 9, 14)),
        ("2 December 9 am", date(2026, 12, 2)),
        ("Tue", date(2026, 11, 24)),
        ("next Tuesday, the 24th", date(2026, 11, 24)),
        ("this coming Friday", date(2026, 11, 27)),
        ("first available on Tuesday", date(2026, 11, 24)),
        ("Tuesday of next week", date(2026, 11, 24)),
        ("Saturday this week", date(2026, 11, 21)),
        ("in 3 days", date(2026, 11, 24)),
        ("in a week", date(2026, 11, 28)),
        ("in two weeks' time", date(2026, 12, 5)),
        ("in two weeks, on Saturday", date(2026, 12, 5)),
        ("ten days from now", date(2026, 12, 1)),
        ("a week from tomorrow", date(2026, 11, 29)),
        ("a week from tomorrow, Sunday", date(2026, 11, 29)),
        ("a week from Tuesday", date(2026, 12, 1)),
        ("a week on Tuesday", date(2026, 12, 1)),
        ("two weeks from Tuesday at 9 am", date(2026, 12, 8)),
        ("in a fortnight", date(2026, 12, 5)),
        ("Monday at half past two", date(2026, 11, 23)),
        ("Monday after 3 pm", date(2026, 11, 23)),
        ("2026-11-23T23:30:00-08:00", date(2026, 11, 24)),
    ],
)
def test_a_day_is_heard(said: str, meant: date) -> None:
    assert heard_day(said, HERE) == meant


def test_a_day_is_the_practices_own() -> None:
    assert heard_day("today", ABROAD) == date(2026, 11, 22)
    assert heard_day("3/12/2026", ABROAD) == date(2026, 12, 3)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("whenever", "Which day"),
        ("", "Which day"),
        ("2026-02-30", "Which day"),
        ("2026-11-20", "today is Saturday 21 November 2026"),
        ("Tuesday 2026-11-23", "That date is Monday 23 November, not a Tuesday."),
        ("tomorrow, Tuesday", "That date is tomorrow, not a Tuesday."),
        ("today, Sunday", "That date is today, not a Sunday."),
        ("Tuesday the 30th", "That date is Monday 30 November, not a Tuesday."),
        ("Friday the 13th", "That date is Sunday 13 December, not a Friday."),
        ("Monday, Sept 14", "That date is Tuesday 14 September 2027, not a Monday."),
        ("in two weeks on Tuesday", "That date is Saturday 5 December, not a Tuesday."),
        ("next Sunday", "do you mean, tomorrow or Sunday 29 November"),
        ("this Saturday", "do you mean, today or Saturday 28 November"),
        ("a week from Saturday", "do you mean, Saturday 28 November or Saturday 5 December"),
        ("the 31st", "Which day"),
        ("30", "Which day"),
        ("Monday 30", "Which day"),
        ("December", "Which day"),
        ("Monday or Tuesday", "Which day"),
        ("Monday Tuesday", "Which day"),
        ("not Monday", "Which day"),
        ("the Monday after next", "Which day"),
        ("next but one Monday", "Which day"),
        ("Tuesday week", "Which day"),
        ("the first Monday", "Which day"),
        ("first on Monday", "Which day"),
        ("the first Monday of January", "Which day"),
        ("last Monday of January", "Which day"),
        ("the first of next week", "Which day"),
        ("a week from Monday the 30th", "Which day"),
        ("a week from December 1st", "Which day"),
        ("two weeks from next Tuesday", "Which day"),
        ("after Tuesday", "Which day"),
        ("after 3 December at 9 am", "Which day"),
        ("in 3 business days", "Which day"),
        ("in a month", "Which day"),
        ("Tuesday this week", "Which day"),
        ("Sunday next week", "Which day"),
        ("this weekend", "Which day"),
        ("December 1st, the 2nd", "Which day"),
        ("Saturday 9-11", "Which day"),
        ("tomorrow the other one", "Which day"),
        ("2 days after the 30th", "Which day"),
        ("Monday 30 in the morning", "Which day"),
        ("Monday at 30", "Which day"),
        ("Monday 15 am", "Which day"),
    ],
)
def test_a_day_that_is_none_is_asked_about(said: str, question: str) -> None:
    with pytest.raises(BadInput, match=question):
        heard_day(said, HERE)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("10:00", time(10)),
        ("9 am", time(9)),
        ("9 a.m.", time(9)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
        ("2:30 PM", time(14, 30)),
        ("2:30", time(14, 30)),
        ("02:30", time(2, 30)),
        ("14", time(14)),
        ("3", time(15)),
        ("at 8 o'clock", time(8)),
        ("noon", time(12)),
        ("midnight", time(0)),
        ("9.15", time(9, 15)),
        ("25:00", None),
        ("13 pm", time(13)),
        ("half past", None),
        ("half past two", time(14, 30)),
        ("half past 2 pm", time(14, 30)),
        ("quarter to three pm", time(14, 45)),
        ("a quarter to 7", time(18, 45)),
        ("quarter to 1 pm", time(12, 45)),
        ("quarter past nine", time(9, 15)),
        ("ten past 9 am", time(9, 10)),
        ("ten minutes to nine", time(8, 50)),
        ("twenty-five to ten", time(9, 35)),
        ("ten to three", None),
        ("around noon", time(12)),
        ("noonish", time(12)),
        ("ten-ish", time(10)),
        ("3ish", time(15)),
        ("half three", None),
        ("quarter to 12 pm", None),
        ("half 2", None),
        ("2 15 pm", time(14, 15)),
        ("two fifteen", time(14, 15)),
        ("at two thirty", time(14, 30)),
        ("2.30pm", time(14, 30)),
        ("2:30p", time(14, 30)),
        ("nine", time(9)),
        ("nine o\u2019clock", time(9)),
        ("around 3, please", time(15)),
        ("3 in the morning", time(3)),
        ("9 in the morning", time(9)),
        ("7 in the evening", time(19)),
        ("tonight at 8 o'clock", time(20)),
        ("14:30 in the afternoon", time(14, 30)),
        ("9 am in the afternoon", None),
        ("11 in the afternoon", None),
        ("15 am", None),
        ("12 noon", time(12)),
        ("9 am or 10 am", None),
        ("9 am 10 am", None),
        ("9 am eastern", None),
        ("after 3 pm", None),
        ("before noon", None),
        ("9 to 5", None),
        ("Monday at 9 am", time(9)),
        ("2026-11-23T10:00:00Z", time(10)),
        ("2026-11-23", None),
    ],
)
def test_a_time_is_heard(said: str, meant: time | None) -> None:
    assert heard_time(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-23T10:00:00", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-23T10:00:00.000Z", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-23T10:00:00+00:00", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-23T10:00:00-08:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        ("2026-11-23 10:00", datetime(2026, 11, 23, 15, tzinfo=UTC)),
        ("2026-11-23T9:00", datetime(2026, 11, 23, 14, tzinfo=UTC)),
        ("Monday at 2 pm", datetime(2026, 11, 23, 19, tzinfo=UTC)),
        ("Monday the 30th at half past 2 pm", datetime(2026, 11, 30, 19, 30, tzinfo=UTC)),
        ("Dec 1 2 15 pm", datetime(2026, 12, 1, 19, 15, tzinfo=UTC)),
        ("2 December 9 am", datetime(2026, 12, 2, 14, tzinfo=UTC)),
        ("Tuesday 23 November 2027 at 9 am", datetime(2027, 11, 23, 14, tzinfo=UTC)),
        ("tomorrow at 3", datetime(2026, 11, 22, 20, tzinfo=UTC)),
        ("a week from tomorrow at noon", datetime(2026, 11, 29, 17, tzinfo=UTC)),
        ("Monday at 10.30", datetime(2026, 11, 23, 15, 30, tzinfo=UTC)),
        ("July 6 at 9 am", datetime(2027, 7, 6, 13, tzinfo=UTC)),
    ],
)
def test_an_instant_is_on_the_practices_clock(said: str, meant: datetime) -> None:
    assert heard_instant(said, HERE) == meant


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("2026-11-23", "Which time"),
        ("10 am", "Which day"),
        ("Monday after 3 pm", "Which time"),
        ("Monday in the afternoon", "Which time"),
        ("Monday at midnight", "the midnight with which that day begins"),
        ("Monday at 9 am or 10 am", "Which day"),
        ("Tuesday the 30th at 9 am", "not a Tuesday"),
        ("2027-03-14T02:30:00", "The clocks change then"),
        ("9999-12-31T23:59:59-05:00", "Which day"),
        ("2024-03-05T10:00", "That day has passed"),
    ],
)
def test_an_instant_that_is_none_is_asked_about(said: str, question: str) -> None:
    with pytest.raises(BadInput, match=question):
        heard_instant(said, HERE)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1985-03-02", date(1985, 3, 2)),
        ("March 2, 1985", date(1985, 3, 2)),
        ("3/2/85", date(1985, 3, 2)),
        ("03/02/2019", date(2019, 3, 2)),
        ("2 March", None),
        ("the second", None),
        ("Sept. 14, 1985", date(1985, 9, 14)),
        ("the second of March 1985", date(1985, 3, 2)),
        ("1985/03/02", date(1985, 3, 2)),
        ("Saturday, March 2, 1985", date(1985, 3, 2)),
        ("Sunday, March 2, 1985", None),
        ("1985-03-02T00:00:00Z", date(1985, 3, 2)),
        ("March 2, 1985 or 1986", None),
        ("March 2, 85", None),
        ("March 2, 1066", None),
        ("0985-03-02", None),
    ],
)
def test_a_birthday_is_heard(said: str, meant: date | None) -> None:
    assert heard_date(said, HERE) == meant


def test_a_birthday_follows_the_practices_country() -> None:
    assert heard_date("3/2/1985", ABROAD) == date(1985, 2, 3)


def test_a_part_of_the_day_is_heard() -> None:
    assert heard_part("in the Morning") == (time(0), time(12))
    assert heard_part("tonight") == (time(17), time.max)
    assert heard_part("10:00") is None
    assert heard_part("midnight") is None


def test_before_and_after_a_time_are_parts_of_the_day() -> None:
    assert heard_part("after 3 pm") == (time(15), time.max)
    assert heard_part("Monday before noon") == (time(0), time(12))
    assert heard_part("after three") == (time(15), time.max)
    assert heard_part("after lunch") is None


def test_what_is_said_against_a_part_of_the_day_is_not_that_part() -> None:
    assert heard_part("the one that is not in the morning") is None
    assert heard_part("morning or afternoon") == (time(0), time(17))


def test_which_midnight_is_asked() -> None:
    with pytest.raises(BadInput, match="begins"):
        heard_clock("midnight")

    assert heard_clock("00:00") == time(0)


def said_ways(day: date, today: date) -> list[str]:
    """How somebody who means that day says it: where they mean another, they say something else."""
    weekday, away = f"{day:%A}", (day - today).days
    nth = f"{day.day}{({1: 'st', 2: 'nd', 3: 'rd'}).get(day.day % 10, 'th')}"
    ways = dated_ways(day, nth)
    if 0 < away < 28:
        ways += [f"the {nth}", f"{weekday} the {nth}", f"{weekday} {nth}"]
    if away > 0:
        ways += [f"in {away} days", f"{away} days from today", f"{away - 1} days from tomorrow"]
        ways += [f"{(away - 1) // 7} weeks from {weekday}"]
    if 0 < away <= 7:
        ways += [weekday, f"this coming {weekday}", f"the first available on {weekday}"]
    if away <= 2:
        near = ("today", "tomorrow", "the day after tomorrow")[away]
        ways += [near, f"{near}, {weekday}", f"{weekday}, {near}"]
    return ways + weekly_ways(day, today)


def dated_ways(day: date, nth: str) -> list[str]:
    weekday, month = f"{day:%A}", f"{day:%B}"
    ways = [f"{day}", f"{day:%m/%d/%Y}", f"{month} {day.day}, {day.year}"]
    ways += [f"the {nth} of {month} {day.year}", f"{weekday}, {day.day} {month} {day.year}"]
    ways += [f"{month} the {nth}", f"{nth} of {month}", f"{weekday}, {month[:3]}. {day.day}"]
    ways += [f"{weekday} {month} {nth}", f"{day.month}/{day.day}", f"{day.day} {month[:3]}"]
    return ways


def weekly_ways(day: date, today: date) -> list[str]:
    """For those whose week begins on Monday and for those whose week begins on Sunday."""
    weekday, away = f"{day:%A}", (day - today).days
    ways = [f"in {away // 7} weeks", f"{weekday}, {away // 7} weeks from now"]
    ways = ways if away and away % 7 == 0 else []
    for since in (today.weekday(), (today.weekday() + 1) % 7):
        if 7 <= away + since < 14:
            ways += [f"next {weekday}", f"{weekday} next week", f"next week on {weekday}"]
        if away + since < 7:
            ways += [f"{weekday} this week"]
    return ways


NOWS = st.integers(0, 1460).map(
    lambda days: datetime(2026, 1, 1, 17, tzinfo=UTC) + timedelta(days=days)
)
MORE = ("from", "after", "but", "not", "or", "week", "weeks", "first", "next", "7", "31", "xyz")
LATER = st.one_of(st.integers(0, 15), st.integers(0, 364))


def heard_or_asked(said: str, place: Place) -> date | None:
    try:
        return heard_day(said, place)
    except BadInput:
        return None


@given(NOWS, LATER, st.sampled_from(["", " at 9 am", " at half past two", " 2 15 pm", " please"]))
def test_the_day_that_is_heard_is_the_one_that_is_meant(
    now: datetime, away: int, after: str
) -> None:
    place = Place(timezone="America/New_York", now=now)
    meant = place.today + timedelta(days=away)

    heard = {way: heard_or_asked(way + after, place) for way in said_ways(meant, place.today)}

    assert {way: day for way, day in heard.items() if day not in {meant, None}} == {}
    assert heard[f"{meant}"] == heard[f"{meant:%A}, {meant.day} {meant:%B} {meant.year}"] == meant


@given(
    NOWS,
    LATER,
    st.sampled_from(MORE),
    st.data(),
)
def test_a_word_more_never_makes_it_another_day_silently(
    now: datetime, away: int, more: str, data: st.DataObject
) -> None:
    place = Place(timezone="America/New_York", now=now)
    meant = place.today + timedelta(days=away)
    words = data.draw(st.sampled_from(said_ways(meant, place.today))).split()
    where = data.draw(st.integers(0, len(words)))
    said = " ".join([*words[:where], more, *words[where:]])

    assert heard_or_asked(said, place) in {heard_or_asked(" ".join(words), place), None}


@given(STRANGE)
def test_whatever_is_said_is_heard_or_asked_about(said: str) -> None:
    heard_time(said)
    heard_part(said)
    heard_date(said, HERE)
    questions = []
    for hear in (heard_day, heard_instant):
        try:
            hear(said, HERE)
        except BadInput as question:
            questions.append(str(question))
    assert all(one.endswith("?") for one in questions)


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-23T10:00:00-05:00",
        "10:00:00-05:00",
        "10:00 AM EST",
        "10 am ET",
        "10:00-10:30",
        "10:00 - 10:30",
    ],
)
def test_a_time_is_heard_with_a_zone_or_an_end_behind_it(said: str) -> None:
    assert heard_time(said) == time(10)


def test_of_a_span_in_halves_of_the_day_nothing_is_guessed() -> None:
    assert heard_time("11:30 - 12:30 pm") is None


@pytest.mark.parametrize("said", ["next week", "monday next week", "next week monday"])
def test_next_week_said_on_a_sunday_is_a_monday_or_a_question_of_two(said: str) -> None:
    sunday = Place(timezone="America/New_York", now=datetime(2026, 11, 22, 17, tzinfo=UTC))

    if said == "next week":
        assert heard_day(said, replace(sunday, offering=True)) == date(2026, 11, 23)
        return
    with pytest.raises(BadInput, match=r"Which day do you mean, .*30 November"):
        heard_day(said, sunday)


@pytest.mark.parametrize(
    ("timezone", "said"),
    [
        ("America/New_York", ["9 am ET", "9 am EST", "9 am EDT"]),
        ("America/Phoenix", ["9 am MT", "9 am MST"]),
        ("Australia/Melbourne", ["9 am AEST", "9 am AEDT"]),
    ],
)
def test_the_practices_own_zone_behind_a_time_says_nothing_else(
    timezone: str, said: list[str]
) -> None:
    for one in said:
        check_zone(one, Place(timezone=timezone, now=NOW))


@pytest.mark.parametrize(
    ("timezone", "said"),
    [
        ("America/New_York", "Monday at 9 am CT"),
        ("America/New_York", "Monday at 9 PST"),
        ("America/Phoenix", "Monday at 9 am MDT"),
        ("Europe/London", "Monday at 9 am EST"),
    ],
)
def test_another_zone_than_the_practices_is_asked_about(timezone: str, said: str) -> None:
    place = Place(timezone=timezone, now=NOW)

    for hear in (heard_day, heard_instant, check_zone):
        with pytest.raises(BadInput, match="on the practice's own clock"):
            hear(said, place)


NIGHT = Place(timezone="America/New_York", now=datetime(2026, 11, 20, 5, 2, tzinfo=UTC))
"""Two minutes past midnight, early on a Friday."""


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("tomorrow", "Friday 20 November or Saturday 21 November"),
        ("tomorrow morning", "Friday 20 November or Saturday 21 November"),
        ("day after tomorrow", "Saturday 21 November or Sunday 22 November"),
        ("Friday", "Friday 20 November or Friday 27 November"),
        ("this coming Friday", "Friday 20 November or Friday 27 November"),
    ],
)
def test_after_midnight_what_may_be_either_day_is_asked_about(said: str, question: str) -> None:
    with pytest.raises(BadInput, match=f"Which day do you mean, {question}"):
        heard_day(said, NIGHT)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("tomorrow, Friday", date(2026, 11, 20)),
        ("tomorrow, Saturday", date(2026, 11, 21)),
        ("today", date(2026, 11, 20)),
        ("Thursday", date(2026, 11, 26)),
        ("next Friday", date(2026, 11, 27)),
        ("2026-11-21", date(2026, 11, 21)),
    ],
)
def test_after_midnight_what_can_be_one_day_only_is_that_day(said: str, meant: date) -> None:
    assert heard_day(said, NIGHT) == meant


@pytest.mark.parametrize(
    ("clock", "day", "meant"),
    [
        ("7:00", "Monday evening", time(19)),
        ("8", "tonight", time(20)),
        ("7:30", "this evening", time(19, 30)),
        ("9:00", "Monday morning", time(9)),
        ("3", "Monday afternoon", time(15)),
        ("19:00", "Monday evening", time(19)),
        ("14:30", "Monday morning", None),
        ("7:00", "Monday", time(7)),
        ("7:00", "2026-11-23", time(7)),
    ],
)
def test_the_part_of_the_day_may_be_said_with_the_day(
    clock: str, day: str, meant: time | None
) -> None:
    assert heard_time(clock, day=day) == meant


@pytest.mark.parametrize(
    ("timezone", "now", "said", "meant"),
    [
        ("America/New_York", "2026-10-30T14:00Z", "2026-11-02T10:00:00-04:00", "11-02 10:00"),
        ("America/New_York", "2026-10-30T14:00Z", "2026-11-02T00:00:00-04:00", "11-02 00:00"),
        ("America/New_York", "2027-03-12T14:00Z", "2027-03-15T23:30:00-05:00", "03-15 23:30"),
        ("Australia/Sydney", "2026-10-02T00:00Z", "2026-10-05T10:00:00+10:00", "10-05 10:00"),
        ("Australia/Adelaide", "2027-04-02T00:00Z", "2027-04-05T10:00:00+10:30", "04-05 10:00"),
        # Another place's clock is another time here, and of an hour that comes twice either is.
        ("America/New_York", "2026-10-30T14:00Z", "2026-11-02T10:00:00-08:00", "11-02 13:00"),
        ("Australia/Brisbane", "2026-10-02T00:00Z", "2026-10-05T10:00:00+11:00", "10-05 09:00"),
        ("America/New_York", "2026-10-30T14:00Z", "2026-11-01T01:30:00-05:00", "11-01 01:30"),
    ],
)
def test_todays_offset_behind_a_time_after_the_clocks_change_changes_nothing(
    timezone: str, now: str, said: str, meant: str
) -> None:
    place = Place(timezone=timezone, now=datetime.fromisoformat(now))

    local = heard_instant(said, place).astimezone(ZoneInfo(timezone))

    assert f"{local:%m-%d %H:%M}" == meant
    assert heard_day(said, place) == local.date()


def test_a_leap_day_to_come_is_heard_in_the_year_before() -> None:
    place = Place(timezone="America/New_York", now=datetime(2027, 12, 20, 17, tzinfo=UTC))

    assert heard_day("February 29", place) == date(2028, 2, 29)
    with pytest.raises(BadInput, match="Which day"):
        heard_day("February 30", place)
