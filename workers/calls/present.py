"""When and with whom an appointment is said to be now, apart from where it shall go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from domain.appointments import Appointment
from domain.choosing import names_nobody
from domain.connections import Connection
from domain.errors import BadInput
from domain.hearing import (
    heard_beside,
    heard_day,
    heard_instant,
    heard_part,
    heard_time,
    says_day,
)
from domain.instants import WHICH_DAY
from domain.names import called
from domain.window import zone
from workers.calls.arguments import DATE, PROVIDER, PROVIDER_TOO, START, TIME, Arguments, is_clock

NOW_ON = ("currentdate", "originaldate", "olddate", "appointmentdate", "fromdate", "currentday")
NOW_AT = ("currenttime", "originaltime", "oldtime", "fromtime")
NOW_FROM = ("currentstart", "currentstarttime", "currentdatetime", "originalstarttime")
NOW_WITH = ("currentprovider", "currentpractitioner", "currentclinician", "originalprovider")
NEW_CLOCK = ("newtime", "newstart", "newstarttime", "newdatetime")
WHENEVER = frozenset(
    {"any", "any time", "anytime", "unknown", "not sure", "not specified", "none", "n/a"}
)
Span = tuple[time, time]
"""From and to, both included, on the practice's own clock."""

NEVER: Span = (time.max, time.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """A clinician as they were called, with the ids of all who are called so."""

    said: str
    ids: frozenset[str]

    def sees(self, one: Appointment, connection: Connection) -> bool:
        """Also somebody the practice no longer lists, by the name the appointment shows."""
        whose = one.practitioner_id
        if whose is None or whose in self.ids:
            return True
        shown = one.practitioner_name or connection.practitioners.get(whose, "")
        return bool(called(self.said, {whose: shown}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What was said of it; what is None was not, and nothing fits what was not understood."""

    day: date | None = None
    span: Span | None = None
    whom: Whom | None = None

    def fits(self, one: Appointment, connection: Connection) -> bool:
        """Whether it may be this one. The day is left to whoever has asked the PMS for it."""
        if self.span is not None:
            clock = one.start.astimezone(zone(connection.timezone)).time()
            if not self.span[0] <= clock <= self.span[1]:
                return False
        return self.whom is None or self.whom.sees(one, connection)


def of_the_cancelled(told: Arguments, connection: Connection) -> Present:
    """Everything that is said is said of the appointment there is."""
    return _present(
        told,
        connection,
        lambda text: heard_day(told.with_weekday(text), told.place),
        dates=(*NOW_ON, *DATE),
        starts=(*NOW_FROM, *START),
        times=(*NOW_AT, *TIME),
        people=(*NOW_WITH, *PROVIDER, *PROVIDER_TOO),
    )


def of_the_moved(told: Arguments, connection: Connection) -> Present:
    """What is called new, or has nothing new beside it, says where it shall go."""
    has_new = any(key.startswith("new") for key in told.given)
    has_new_clock = told.text(*NEW_CLOCK) is not None
    return _present(
        told,
        connection,
        lambda text: heard_day(text, told.place),
        dates=(*NOW_ON, *(DATE if has_new else ())),
        starts=(*NOW_FROM, *(START if has_new_clock else ())),
        times=(*NOW_AT, *(TIME if has_new_clock else ())),
        people=NOW_WITH,
    )


def _present(  # noqa: PLR0913 - by which names each thing may be told
    told: Arguments,
    connection: Connection,
    hear: Callable[[str], date],
    *,
    dates: tuple[str, ...],
    starts: tuple[str, ...],
    times: tuple[str, ...],
    people: tuple[str, ...],
) -> Present:
    day, start, clock = told.text(*dates), _instant(told, starts), told.text(*times)
    if start is not None and is_clock(start):
        start, clock = None, clock or start
    if start is None and clock is not None and says_day(clock):
        start, clock = clock, None
    when = day or start
    try:
        days = {hear(one) for one in (when, start) if one and (one == when or says_day(one))}
    except BadInput as question:
        # Such as "the next one": who hears which there are can say.
        if str(question) != WHICH_DAY:
            raise
        return Present(span=NEVER)
    if len(days) > 1:
        return Present(span=NEVER)
    return Present(
        day=next(iter(days), None),
        span=_said(clock) if clock else _within(told, start) or _within(told, day),
        whom=_whom(told, connection, people),
    )


def _instant(told: Arguments, starts: tuple[str, ...]) -> str | None:
    """A model may also say the appointment itself by its day and time."""
    whole = told.text("appointment")
    return told.text(*starts) or (whole if whole and says_day(whole) else None)


def _whom(told: Arguments, connection: Connection, people: tuple[str, ...]) -> Whom | None:
    """Nobody in particular, where only what they are is said, and not who."""
    said = told.text(*people)
    if said is None or names_nobody(said):
        return None
    try:
        found = told.practitioner(connection, people)
    except BadInput:
        return Whom(said=said, ids=frozenset(called(said, connection.practitioners)))
    return Whom(said=said, ids=frozenset({found})) if found else None


def _said(clock: str) -> Span | None:
    exact = heard_time(clock)
    if exact is not None:
        return exact, exact
    return None if clock.casefold() in WHENEVER else heard_part(clock) or NEVER


def _within(told: Arguments, text: str | None) -> Span | None:
    """A time that stands beside the day; midnight is how models write that there is none."""
    if text is None:
        return None
    try:
        when = heard_instant(text, told.place)
    except BadInput:
        beside = heard_beside(text)
        return heard_part(text) if beside is None else (beside, beside)
    clock = when.astimezone(zone(told.place.timezone)).time()
    return None if clock == time() else (clock, clock)
