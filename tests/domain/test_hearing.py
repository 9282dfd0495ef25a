"""Days and times as callers say them and models write them, on the practice's own clock."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.hearing import Place, heard_date, heard_day, heard_instant, heard_part, heard_time

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
        ("next week", date(2026, 11, 23)),
        ("next week on Wednesday", date(2026, 11, 25)),
        ("November 30th", date(2026, 11, 30)),
        ("30 Nov", date(2026, 11, 30)),
        ("the 3rd of December, 2026", date(2026, 12, 3)),
        ("January 2", date(2027, 1, 2)),
        ("12/1", date(2026, 12, 1)),
        ("12/01/2026", date(2026, 12, 1)),
        ("31/12/2026", date(2026, 12, 31)),
        ("as soon as possible", date(2026, 11, 21)),
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
    ],
)
def test_a_birthday_is_heard(said: str, meant: date | None) -> None:
    assert heard_date(said, HERE) == meant


def test_a_birthday_follows_the_practices_country() -> None:
    assert heard_date("3/2/1985", ABROAD) == date(1985, 2, 3)


def test_a_part_of_the_day_is_heard() -> None:
    assert heard_part("in the Morning") == (time(0), time(12))
    assert heard_part("10:00") is None


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
