"""Finding times to offer: on the day that is wished for, else on the next days that have some."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.appointments import Appointment
from domain.desk import Opening, Resource
from domain.names import spoken
from domain.slots import PRACTITIONER, Wanted
from domain.speech import MOST_CHOICES, said_day, said_openings, said_when
from domain.tools import ToolRequest
from domain.window import local_day, whole_day, whole_days

LOOK_AHEAD_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What kind of time is looked for."""

    minutes: int
    practitioner_id: str | None = None
    moving: str | None = None
    along: tuple[Resource, ...] = ()

    def on(self, request: ToolRequest, first: date, last: date | None = None) -> Wanted:
        zone = request.connection.timezone
        window = whole_days(first, last, zone) if last else whole_day(first, zone)
        return Wanted(
            window=window,
            minutes=self.minutes,
            practitioner_id=self.practitioner_id,
            along=self.along,
        )


def taking_along(request: ToolRequest, sought: Sought, found: Appointment) -> Sought:
    """With whom it takes besides its practitioner: they stay with it wherever it is moved."""
    takes = request.diary.taken_by(found.pms_id, found.start)
    theirs = (PRACTITIONER, found.practitioner_id)
    kept = dict.fromkeys(one for one in takes if (one.kind, one.pms_id) != theirs)
    return replace(sought, along=tuple(kept))


def on_day(
    request: ToolRequest, day: date, sought: Sought, *, fresh: bool = False
) -> Sequence[Opening]:
    return request.diary.free(sought.on(request, day), fresh=fresh, moving=sought.moving)


def later(request: ToolRequest, day: date, sought: Sought) -> Sequence[Opening]:
    """What the days after it have, looked at together."""
    first, last = day + timedelta(days=1), day + timedelta(days=LOOK_AHEAD_DAYS)
    return request.diary.free(sought.on(request, first, last), moving=sought.moving)


def on_first_day(openings: Sequence[Opening], timezone: str) -> list[Opening]:
    """Those of the first two days there are: a caller can hold no more in mind."""
    days = sorted({local_day(one.window.start, timezone) for one in openings})[:2]
    return [one for one in openings if local_day(one.window.start, timezone) in days]


def near(openings: Sequence[Opening], start: datetime) -> list[Opening]:
    """The few nearest to a time, in their order; each time once."""
    distinct = list({one.window.start: one for one in reversed(openings)}.values())
    nearest = sorted(distinct, key=lambda one: abs(one.window.start - start))[:MOST_CHOICES]
    return sorted(nearest, key=lambda one: one.window.start)


def said(request: ToolRequest, openings: Sequence[Opening]) -> str:
    """A few of them, in the practice's time, with whom."""
    connection = request.connection
    return said_openings(
        openings, connection.timezone, now=request.now, names=connection.practitioners
    )


def the_earliest(
    request: ToolRequest, day: date, sought: Sought, openings: Sequence[Opening]
) -> str:
    """The first of those of a day, or of the days after it: who wishes for that one gets it."""
    first = openings or later(request, day, sought)
    if not first:
        return none_but(request, day, sought)
    return f"The earliest is {said(request, first[:1])}. Shall I make the appointment?"


def alternatives(
    request: ToolRequest, start: datetime, sought: Sought, openings: Sequence[Opening]
) -> str:
    """That this time is not free, and what is."""
    zone = request.connection.timezone
    when = said_when(start, zone, now=request.now)
    sorry = f"I am sorry, {when} is not free."
    offers = near([one for one in openings if one.window.start != start], start)
    if offers:
        told = said(request, offers)
        return f"{sorry} I could offer {told}. Which would you like?"
    return f"{sorry} {none_but(request, local_day(start, zone), sought)}"


def none_but(request: ToolRequest, day: date, sought: Sought) -> str:
    """For a day that has nothing: the next free times, if there are any soon."""
    zone = request.connection.timezone
    found = on_first_day(later(request, day, sought), zone)
    today = local_day(request.now, zone)
    if found:
        told = said(request, found)
        return f"The next free times are {told}. Which would you like?"
    end = said_day(day + timedelta(days=LOOK_AHEAD_DAYS), today=today)
    name = wished_for(request, sought)
    if name:
        return (
            f"From then until {end} {name} has nothing free. Shall I look for somebody else or at"
            " another date, or connect you with the practice?"
        )
    return (
        f"From then until {end} I have nothing free. Shall I look at another date, or connect you"
        " with the practice?"
    )


def wished_for(request: ToolRequest, sought: Sought) -> str:
    """The one clinician it shall be with: that they have no time says nothing of the others."""
    return spoken(request.connection.practitioners.get(sought.practitioner_id or "", ""))


def too_soon_or_far(request: ToolRequest, start: datetime) -> str | None:
    """Why that time cannot be offered whatever is free, if so."""
    zone = request.connection.timezone
    bookable = request.rules.bookable(request.now)
    if start < request.now:
        return "That time has passed. Which day and time would you like?"
    if start < bookable.start:
        earliest = said_when(bookable.start, zone, now=request.now)
        return f"That is too soon to arrange by phone; the earliest is {earliest}. When suits you?"
    if start >= bookable.end:
        last = said_day(local_day(bookable.end, zone), today=local_day(request.now, zone))
        return f"I can only offer times until {last}. Which day would you like?"
    return None


def resource_id(opening: Opening, kind: str) -> str | None:
    return next((one.pms_id for one in opening.resources if one.kind == kind), None)
