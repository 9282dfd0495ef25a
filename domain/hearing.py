"""What callers mean by the days and times they say, as a model wrote them down.

Nothing that was said is passed over: a word that is not understood is a question, not a guess.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from domain import phrases
from domain.clocks import PARTS, clock_of, part_of
from domain.errors import BadInput
from domain.instants import FIRST_YEAR, LAST_YEAR, WHICH_DAY, Place, at, exact_at, in_reach
from domain.phrases import Phrase, plain
from domain.speech import MONTHS, WEEKDAYS, joined, said_day
from domain.window import halves, local_day

CENTURY = 100
WEEK = len(WEEKDAYS)
DAYS_OF = {"day": 1, "week": WEEK, "fortnight": 2 * WEEK}
PAST = re.compile(r"\b(yesterday|days? ago|weeks? ago|last (week|\w+day)\b(?! (of|in)\b))")
AGAINST = re.compile(r"\b(?:no(?! preference)|not|but|except|other than|instead of|\w+n't)\b")

WHICH_TIME = "Which time of that day would you like?"
WHOSE_TIME = "Times are told on the practice's own clock here. What time is that there?"
WHICH_MIDNIGHT = "Is that the midnight with which that day begins, or the one with which it ends?"


def heard_day(text: str, place: Place) -> date:
    """The date the words mean: a date, today, tomorrow, next week, or a weekday to come.

    Raises BadInput, with a question to ask, where they mean none. A date with a weekday beside it
    must fall on that weekday, and none may be past: models are not to be trusted with calendars.
    """
    exact = exact_at(text, place)
    if exact is not None and exact.tzinfo is not None:
        return _to_come(local_day(in_reach(exact), place.timezone), place)
    return _day(_said(plain(text), place, phrases.DAY_ALONE), place)


def heard_date(text: str, place: Place) -> date | None:
    """A date as it is written, past or not, such as one of birth; None where there is none."""
    said = phrases.phrases(plain(text), phrases.DAY_ALONE) or []
    named = [(name, found) for name, found in said if name in phrases.DAYS]
    if any(name not in {*phrases.WRITTEN, "weekday"} for name, _ in named):
        return None
    dates = {_written(found, place, is_past=True) for name, found in named if name != "weekday"}
    found = dates.pop() if len(dates) == 1 else None
    return found if found is None or _weekdays(named) <= {found.weekday()} else None


def heard_time(text: str, *, day: str = "") -> time | None:
    """A time of day; from 1 to 6 without am or pm it is the afternoon's, as practices are open.

    The `day` beside it may say which part of it is meant: 7 of Monday evening is 7 pm.
    """
    return clock_of([*_clock_said(text), *_part_said(day)])


def heard_clock(text: str, *, day: str = "") -> time:
    """As `heard_time`; BadInput, with a question to ask, where that is not plain."""
    return _plain_clock([*_clock_said(text), *_part_said(day)])


def heard_beside(day: str) -> time | None:
    """The time that is said beside a day; midnight is how a model writes that there is none."""
    found = clock_of(phrases.phrases(plain(day), phrases.DAY_ALONE) or [])
    return None if found == time(0) else found


def heard_part(text: str) -> tuple[time, time] | None:
    """Morning, afternoon or evening; or what is before or after some time."""
    words = plain(text)
    limits = [one for name, one in phrases.phrases(words, {}) or [] if name == "limit"]
    clock = heard_time(limits[0]["clock"]) if len(limits) == 1 else None
    if clock is not None:
        is_first = limits[0]["limit"] in {"after", "from"}
        return (clock, time.max) if is_first else (time(0), clock)
    return named_part(words)


def named_part(words: str) -> tuple[time, time] | None:
    """From the first to the last that is named; none by "not in the morning"."""
    parts = [span for name, span in PARTS.items() if re.search(rf"\b(to)?{name}", words)]
    if not parts or AGAINST.search(words):
        return None
    return min(first for first, _ in parts), max(last for _, last in parts)


def names_day(text: str) -> bool:
    """Whether more than a time is said."""
    said = phrases.phrases(plain(text), phrases.CLOCK_ALONE)
    return said is None or any(name in phrases.DAYS for name, _ in said)


def says_day(text: str) -> bool:
    """Whether a certain day is said, and nothing that is not understood."""
    said = phrases.phrases(plain(text), phrases.CLOCK_ALONE) or []
    return any(name == "weekday" or name in MEANT for name, _ in said)


def heard_instant(text: str, place: Place) -> datetime:
    """The instant the words mean, on the practice's own clock.

    A time without an offset is the practice's. So is one that ends in Z: a model that was told a
    caller's "10 am" writes it so, and a caller never means Greenwich.
    """
    exact = exact_at(text, place)
    if exact is not None and exact.tzinfo is not None:
        return in_reach(exact)
    if exact is not None:
        return at(_to_come(exact.date(), place), exact.time(), place)
    said = _said(plain(text), place, {})
    return at(_day(said, place), _plain_clock(said), place)


def _clock_said(text: str) -> Sequence[Phrase]:
    return phrases.phrases(plain(text), phrases.CLOCK_ALONE) or []


def _part_said(day: str) -> Sequence[Phrase]:
    """The part of the day that a day is named with."""
    said = phrases.phrases(plain(day), phrases.DAY_ALONE) or []
    return [(name, found) for name, found in said if part_of(found)]


def _to_come(day: date, place: Place) -> date:
    if day < place.today:
        raise BadInput(_passed(place))
    return day


def _passed(place: Place) -> str:
    today = said_day(place.today, today=date.min)
    return f"That day has passed: today is {today}. Which day would you like?"


def check_zone(text: str, place: Place) -> None:
    """Raise BadInput where a time is told on another clock than the practice's own."""
    told = set(plain(text).split()) & phrases.ZONES
    here = halves(place.today.year, place.timezone)
    own = {(one.tzname() or "").lower() for one in here}
    if told - own - {re.sub("[sd]t$", "t", one) for one in own}:
        raise BadInput(WHOSE_TIME)


def _said(words: str, place: Place, alone: Mapping[str, str]) -> Sequence[Phrase]:
    check_zone(words, place)
    said = phrases.phrases(words, alone)
    if said is None:
        raise BadInput(_passed(place) if PAST.search(words) else WHICH_DAY)
    # "Monday 15 am" may be the 15th, in the morning.
    if any(name in phrases.CLOCKS and clock_of([(name, found)]) is None for name, found in said):
        raise BadInput(WHICH_DAY)
    return said


def _day(said: Sequence[Phrase], place: Place) -> date:
    """The one day that all of it agrees on."""
    today = place.today
    named = [(name, found) for name, found in said if name in phrases.DAYS]
    meant = [MEANT[name](found, place) for name, found in named if name in MEANT]
    weekdays = _weekdays(named)
    weeks = {found["which"] == "next" for name, found in named if name == "week"}
    # "A week from Monday the 30th" is the 30th, or a week after it.
    is_doubtful = len(meant) > 1 and any(name in AFTER_A_WEEKDAY for name, _ in named)
    if not named or len(weekdays) > 1 or len(weeks) > 1 or is_doubtful:
        raise BadInput(WHICH_DAY)
    days = set.intersection(*meant) if meant else _counted(weekdays, weeks, place)
    fitting = {one for one in days if not weekdays or one.weekday() in weekdays}
    if len(days) == 1 and not fitting:
        other = WEEKDAYS[weekdays.pop()].title()
        meant_day = said_day(days.pop(), today=today)
        raise BadInput(f"That date is {meant_day}, not a {other}. Which one do you mean?")
    if weeks:
        fitting = _of_week(fitting, int(*weeks), today=today)
    if len(fitting) > 1:
        several = sorted(fitting)
        both = joined([said_day(one, today=today, is_night=place.is_night) for one in several])
        raise BadInput(f"Which day do you mean, {both}?")
    if not fitting:
        raise BadInput(WHICH_DAY)
    return _to_come(fitting.pop(), place)


def _counted(weekdays: set[int], weeks: set[bool], place: Place) -> set[date]:
    """A weekday to come, or of a week; next week begins on its Monday; else as soon as can be.

    That is where free times are offered: nobody is booked on a day of which they named the week.
    """
    today = place.today
    if not weekdays and not place.offering:
        which = [" of next week" if is_next else " of this week" for is_next in weeks]
        raise BadInput(f"Which day{''.join(which)} do you mean?")
    if weekdays and not weeks:
        return {day for one in weekdays for day in _next(one, place)}
    if not weekdays and True not in weeks:
        return {today}
    days = {today + timedelta(days=days) for days in range(2 * WEEK + 1)}
    found = {one for one in days if one.weekday() in (weekdays or {0})}
    found = _of_week(found, int(*weeks), today=today)
    return found if weekdays else {min(found)}


def _of_week(days: set[date], ahead: int, *, today: date) -> set[date]:
    """Those surely in it; where none is, as on a Sunday, those in it as some count weeks."""
    surely = {one for one in days if _weeks_off(one, today) == {ahead}}
    return surely or {one for one in days if ahead in _weeks_off(one, today)}


def _weeks_off(day: date, today: date) -> set[int]:
    """How many weeks ahead it is, for those whose week begins on Monday and on Sunday."""
    firsts = (today.weekday(), (today.weekday() + 1) % WEEK)
    return {((day - today).days + since) // WEEK for since in firsts}


def _coming(weekday: int, today: date) -> date:
    return today + timedelta(days=(weekday - today.weekday()) % WEEK or WEEK)


def _next(weekday: int, place: Place) -> set[date]:
    """At night a weekday may be the one that has just begun."""
    has_just_begun = place.is_night and weekday == place.today.weekday()
    return {_coming(weekday, place.today), *([place.today] if has_just_begun else [])}


def _weekdays(said: Sequence[Phrase]) -> set[int]:
    return {_weekday(found) for name, found in said if name == "weekday"}


def _weekday(found: re.Match[str]) -> int:
    return next(at for at, one in enumerate(WEEKDAYS) if one.startswith(found["weekday"][:3]))


def _this_or_next(found: re.Match[str], place: Place) -> set[date]:
    """The one to come; what is left of this week may be skipped by next, and today by this."""
    today, weekday = place.today, _weekday(found)
    coming = _coming(weekday, today)
    if found["which"] == "next" and _weeks_off(coming, today) != {1}:
        return {coming, coming + timedelta(days=WEEK)}
    if found["which"] == "this" and weekday == today.weekday():
        return {today, coming}
    return {coming} if found["which"] == "next" else _next(weekday, place)


def _nth(found: re.Match[str], place: Place) -> set[date]:
    """Of this month, or of the next one where it has passed."""
    today, day = place.today, int(found["day"])
    later = (today.replace(day=1) + timedelta(days=31)) if day < today.day else today
    return _known(_date(later.year, later.month, day))


def _ahead(found: re.Match[str], place: Place, *, since: int = 0) -> set[date]:
    count = 1 if found["count"].startswith("a") else int(found["count"])
    return {place.today + timedelta(days=since + count * DAYS_OF[found["unit"]])}


def _after_a_weekday(found: re.Match[str], place: Place) -> set[date]:
    away = (_coming(_weekday(found), place.today) - place.today).days
    either = {0, WEEK} if away == WEEK else {away}
    return set().union(*(_ahead(found, place, since=one) for one in either))


def _tomorrow(place: Place) -> set[date]:
    days = {place.today + timedelta(days=1)}
    return days | {place.today} if place.is_night else days


def _known(day: date | None) -> set[date]:
    if day is None:
        raise BadInput(WHICH_DAY)
    return {day}


AFTER_A_WEEKDAY = frozenset({"from weekday", "on weekday"})
MEANT: Mapping[str, Callable[[re.Match[str], Place], set[date]]] = {
    **dict.fromkeys(phrases.WRITTEN, lambda found, place: _known(_written(found, place))),
    **dict.fromkeys(AFTER_A_WEEKDAY, _after_a_weekday),
    "nth": _nth,
    "which weekday": _this_or_next,
    "in": _ahead,
    "from now": _ahead,
    "from tomorrow": lambda found, place: _ahead(found, place, since=1),
    "day after tomorrow": lambda _, place: {one + timedelta(days=1) for one in _tomorrow(place)},
    "tomorrow": lambda _, place: _tomorrow(place),
    "today": lambda _, place: {place.today},
}
"""The days a phrase may mean, of those that mean some by themselves."""


def _written(found: re.Match[str], place: Place, *, is_past: bool = False) -> date | None:
    """A date in figures or with the name of its month."""
    parts = found.groupdict()
    if "one" in parts:
        month, day = (found["one"], found["two"])[:: 1 if place.month_first else -1]
        if int(month) > len(MONTHS):
            month, day = day, month
    else:
        month, day = parts["month"], parts["day"]
    number = int(month) if month.isdigit() else _month(month)
    return _dated(parts["year"] or None, number, day, place, is_past=is_past)


def _dated(year: str | None, month: int, day: str, place: Place, *, is_past: bool) -> date | None:
    """Without a year it is the next one to come; a short year is of a life, or of this century."""
    today = place.today
    if year is None:
        found = None if is_past else _date(today.year, month, day)
        is_over = not is_past and (found is None or found < today)
        return _date(today.year + 1, month, day) if is_over else found
    number = int(year)
    if number < CENTURY:
        number += today.year // CENTURY * CENTURY
        number -= CENTURY if is_past and number > today.year else 0
    return _date(number, month, day)


def _date(year: str | int, month: str | int, day: str | int) -> date | None:
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _month(name: str) -> int:
    return next(at for at, one in enumerate(MONTHS, 1) if one.lower().startswith(name[:3]))


def _plain_clock(said: Sequence[Phrase]) -> time:
    if any(name == "midnight" for name, _ in said):
        raise BadInput(WHICH_MIDNIGHT)
    clock = clock_of(said)
    if clock is None:
        raise BadInput(WHICH_TIME)
    return clock
