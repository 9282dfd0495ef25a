"""A practice's free times: shortly remembered to be offered, asked for anew to be booked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from domain.connections import Connection
from domain.desk import Ability, Busy, Opening, PracticeDesk, Resource, Shift
from domain.hours import CLOSED_ON, OpeningHours, closed_days
from domain.slots import BookingRules, Wanted, free, in_the_way, offered, vacated
from domain.window import Window, zone

OFFERED_FOR = timedelta(seconds=60)
MOST_KEPT = 256
LONGEST_VISIT = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the PMS said of a span, and when; nothing of a patient."""

    window: Window
    at: datetime
    openings: tuple[Opening, ...] | None
    shifts: tuple[Shift, ...] = ()
    busy: tuple[Busy, ...] = ()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was seen lately of each connection, shared by the threads of a process."""

    _seen: dict[UUID, list[Seen]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, connection_id: UUID, window: Window, *, now: datetime) -> Seen | None:
        """Something recent that covers all of the window."""
        with self._lock:
            kept = [one for one in self._seen.get(connection_id, ()) if now - one.at <= OFFERED_FOR]
            return next((one for one in kept if _covers(one.window, window)), None)

    def keep(self, connection_id: UUID, seen: Seen) -> None:
        with self._lock:
            recent = [
                one
                for one in self._seen.get(connection_id, ())
                if seen.at - one.at <= OFFERED_FOR and not _covers(seen.window, one.window)
            ]
            if connection_id not in self._seen and len(self._seen) >= MOST_KEPT:
                self._seen.pop(next(iter(self._seen)))
            self._seen[connection_id] = [*recent, seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """Implements `domain.tools.FreeTimes` over a desk and the slots held for others."""

    desk: PracticeDesk
    connection: Connection
    rules: BookingRules
    held: Callable[[Window], Sequence[Busy]] = field(repr=False)
    remembered: Remembered
    written_since: Callable[[datetime], bool] = field(repr=False)
    clock: Callable[[], datetime]
    hours: OpeningHours | None = None
    """In which anybody is booked, whatever the PMS says of who works then; None at any time."""

    def free(
        self, wanted: Wanted, *, fresh: bool = False, moving: str | None = None
    ) -> Sequence[Opening]:
        """At most four requests; what an appointment takes or holds itself is free to move it."""
        now = self.clock()
        bookable = self.rules.bookable(now)
        window = _both(wanted.window, bookable)
        if window is None:
            return []
        seen = None if fresh else self._lately(window, now)
        if seen is None:
            seen = self._look(window, now)
            self.remembered.keep(self.connection.id, seen)
        wanted = replace(wanted, window=window)
        held = self.held(Window(window.start, window.end + LONGEST_VISIT))
        if seen.openings is not None:
            found = self._offered(seen.openings, held, wanted, bookable=bookable, moving=moving)
            return self._in_hours(found)
        taken = _without((*seen.busy, *held), moving)
        found = free(
            seen.shifts,
            taken,
            wanted=wanted,
            rules=self.rules,
            bookable=bookable,
            timezone=self.connection.timezone,
        )
        return self._in_hours(found)

    def _offered(
        self,
        openings: Sequence[Opening],
        held: Sequence[Busy],
        wanted: Wanted,
        *,
        bookable: Window,
        moving: str | None,
    ) -> Sequence[Opening]:
        """The PMS's own slots, which tell nothing of who comes along.

        Nor have they the time that a moved appointment leaves; where it stands it is not moved to.
        """
        if moving is None and not wanted.along:
            return offered(openings, held, wanted=wanted, bookable=bookable)
        there = self.desk.busy(_to_the_end(wanted.window, openings))
        left = vacated(openings, there, moving, rules=self.rules) if moving else []
        taken = _without((*in_the_way(there, wanted.along), *held), moving)
        found = offered([*openings, *left], taken, wanted=wanted, bookable=bookable)
        return [one for one in found if not _stands_there(one, there, moving)]

    def taken_by(self, pms_id: str, start: datetime) -> Sequence[Resource]:
        """One request; what was moved a moment ago may be seen by what is held alone."""
        around = Window(start, start + timedelta(minutes=1))
        found = [*self.desk.busy(around), *self.held(around)]
        return tuple(thing for one in found if one.pms_id == pms_id for thing in one.resources)

    def _in_hours(self, found: Sequence[Opening]) -> Sequence[Opening]:
        """Those that begin and end while it is open: a schedule may be left at all day.

        None of them is on a day the practice is shut. Of an hour that comes twice the first alone
        counts: no word tells a caller or a PMS the other.
        """
        here = zone(self.connection.timezone)
        shut = closed_days(self.connection.settings.get(CLOSED_ON))
        local = ((one, one.window.start.astimezone(here)) for one in found)
        found = [one for one, start in local if not start.fold and start.date() not in shut]
        if self.hours is None or not found:
            return found
        spans = self.hours.during(Window(found[0].window.start, found[-1].window.end))
        return [one for one in found if any(_covers(open_, one.window) for open_ in spans)]

    def _lately(self, window: Window, now: datetime) -> Seen | None:
        """Unless any process has written there since: a sync may show it, and end its hold."""
        seen = self.remembered.find(self.connection.id, window, now=now)
        return None if seen is None or self.written_since(seen.at) else seen

    def _look(self, window: Window, now: datetime) -> Seen:
        """The PMS's own free slots where it has some to offer, else its working hours."""
        if Ability.OPENINGS in self.desk.abilities:
            openings = self.desk.openings(window)
            if openings is not None:
                return Seen(window=window, at=now, openings=tuple(openings))
        shifts = tuple(self.desk.shifts(window))
        found = self.desk.busy(_to_the_end(window, shifts)) if shifts else ()
        busy = tuple(replace(one, patient_id=None) for one in found)
        return Seen(window=window, at=now, openings=None, shifts=shifts, busy=busy)


def _without(taken: Sequence[Busy], moving: str | None) -> list[Busy]:
    return [one for one in taken if moving is None or one.pms_id != moving]


def _stands_there(opening: Opening, there: Sequence[Busy], moving: str | None) -> bool:
    """Whether it is where the moved appointment stands already, with whom it is."""
    offered_with = {(one.kind, one.pms_id) for one in opening.resources}
    return any(
        one.window.start == opening.window.start
        and offered_with <= {(each.kind, each.pms_id) for each in one.resources}
        for one in there
        if moving is not None and one.pms_id == moving
    )


def _covers(one: Window, other: Window) -> bool:
    return one.start <= other.start and other.end <= one.end


def _to_the_end(window: Window, free: Sequence[Shift | Opening]) -> Window:
    """As far as what begins in the window may last."""
    return Window(window.start, max([window.end, *(one.window.end for one in free)]))


def _both(one: Window, other: Window) -> Window | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if start < end else None
