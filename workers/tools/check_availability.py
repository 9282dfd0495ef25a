"""check-availability: a few free times of the day that is wished for, or the next ones."""

from collections.abc import Sequence
from datetime import date, time

from domain.desk import Ability, Opening
from domain.errors import BadInput
from domain.hearing import check_zone, heard_time
from domain.instants import at, is_instant
from domain.speech import MOST_CHOICES, is_late, said_on, said_when
from domain.tools import ToolAnswer, ToolRequest
from domain.window import local_day, zone
from domain.wished_times import WHICH, Span, is_unheard, wants_latest, wished_span
from workers.calls.arguments import DATE, START, TIME, Arguments, arguments_of
from workers.calls.times import (
    Sought,
    alternatives,
    near,
    none_but,
    on_day,
    said,
    the_earliest,
    too_soon_or_far,
    wished_for,
)

NAME = "check-availability"
ABILITIES = frozenset({Ability.OPENINGS, Ability.BOOK})
PHI: tuple[str, ...] = ()


def answer(request: ToolRequest) -> ToolAnswer:
    told = arguments_of(request)
    day = told.day() or told.place.today
    type_id, _ = told.type(request.connection)
    sought = Sought(
        minutes=told.minutes(type_id, request.connection, request.rules),
        practitioner_id=told.practitioner(request.connection),
    )
    found = on_day(request, day, sought)
    if told.wants_earliest():
        return ToolAnswer(text=the_earliest(request, day, sought, found))
    text = _offer(request, told, day, found, sought) if found else _nothing_on(request, day, sought)
    return ToolAnswer(text=text)


def _nothing_on(request: ToolRequest, day: date, sought: Sought) -> str:
    """A day beyond the horizon has its own words; so has one that is full."""
    timezone = request.connection.timezone
    end = request.rules.bookable(request.now).end
    today = local_day(request.now, timezone)
    if day > local_day(end, timezone):
        return too_soon_or_far(request, end) or ""
    named = said_on(day, today=today, is_night=is_late(request.now, timezone))
    name = wished_for(request, sought)
    nothing = f"{name} has nothing free {named}." if name else f"Nothing is free {named}."
    return f"{nothing} {none_but(request, day, sought)}"


def _offer(
    request: ToolRequest, told: Arguments, day: date, found: Sequence[Opening], sought: Sought
) -> str:
    """At a time or in a part of the day, where one was wished for; else spread over the day."""
    timezone = request.connection.timezone
    wished, named = told.text(*TIME, *START), told.text(*DATE) or ""
    clock = _clock(told, wished, named) if wished else told.beside(named)
    if clock is not None:
        start = at(day, clock, told.place)
        if any(one.window.start == start for one in found):
            when = said_when(start, timezone, now=request.now)
            return f"Yes, {when} is free. Shall I make the appointment?"
        return alternatives(request, start, sought, found)
    sorry = ""
    span = wished_span(wished or named)
    if span is not None:
        inside = [one for one in found if _is_in(one, span, timezone)]
        sorry = "" if inside else "Nothing is free then. "
        found = inside or found
    elif wants_latest(wished or named):
        found = near(found, found[-1].window.start)
    elif is_unheard(told.text(*TIME) or ""):
        raise BadInput(WHICH)
    offers = said(request, found)
    more = ", among others" if len(found) > MOST_CHOICES else ""
    return f"{sorry}I could offer {offers}{more}. Which would you like?"


def _is_in(opening: Opening, span: Span, timezone: str) -> bool:
    return span[0] <= opening.window.start.astimezone(zone(timezone)).time() < span[1]


def _clock(told: Arguments, wished: str, named: str) -> time | None:
    """A time with its day may be told by another clock's offset; any other is the practice's."""
    if is_instant(wished):
        return told.beside(wished)
    check_zone(wished, told.place)
    return heard_time(wished, day=named)
