"""Free times: what a PMS offers, or working hours less what is taken, held or against the rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.desk import Busy, Opening, Resource, Shift
from domain.window import Window, zone

PRACTITIONER, OPERATORY = "practitioner", "operatory"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRules:
    """What a practice lets callers book. Times of day are offered on a grid of its own clock."""

    min_notice_minutes: int = 60
    max_days_ahead: int = 90
    slot_minutes: int = 15
    default_minutes: int = 30

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "BookingRules":
        """As stored; what is missing or makes no sense is as usual."""
        given: dict[str, Any] = {name: stored.get(name) for name in cls.__slots__}
        return cls(**{name: value for name, value in given.items() if _makes_sense(name, value)})

    def bookable(self, now: datetime) -> Window:
        """From the shortest notice to the farthest day."""
        start = now + timedelta(minutes=self.min_notice_minutes)
        return Window(start, max(start, now + timedelta(days=self.max_days_ahead)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; a length in minutes, and a practitioner where one is wished for.

    `along` is what goes with a moved appointment, and has to be free as well.
    """

    window: Window
    minutes: int
    practitioner_id: str | None = None
    operatory_id: str | None = None
    along: tuple[Resource, ...] = ()


def offered(
    openings: Sequence[Opening], taken: Sequence[Busy], *, wanted: Wanted, bookable: Window
) -> list[Opening]:
    """Of the PMS's own free slots those long enough, still free and within the rules.

    Slots that follow each other without a gap, of the same people and chair, are one long one.
    """
    length = timedelta(minutes=wanted.minutes)
    found = []
    for one in sorted(_unbroken(openings), key=lambda one: (one.window.start, _order(one))):
        window = Window(one.window.start, one.window.start + length)
        if window.end > one.window.end or not _fits(window, wanted.window, bookable):
            continue
        resources = _with_them(one.resources, wanted.along)
        if not _is_wanted(one.resources, wanted) or _taken(window, resources, taken):
            continue
        found.append(Opening(window=window, resources=resources))
    return found


def vacated(
    openings: Sequence[Opening], there: Sequence[Busy], moving: str, *, rules: BookingRules
) -> list[Opening]:
    """The time that an appointment leaves when it is moved, which no slot of the PMS's own has.

    For such people and chairs as are offered otherwise, and where nobody else is in it.
    """
    step = timedelta(minutes=rules.slot_minutes)
    others = [one for one in there if one.pms_id != moving]
    found = []
    for own in (one for one in there if one.pms_id == moving):
        theirs = _keys(own.resources)
        for resources in {one.resources for one in openings if _keys(one.resources) <= theirs}:
            start = own.window.start
            while start < own.window.end and not _taken(own.window, resources, others):
                window = Window(start, own.window.end)
                found.append(Opening(window=window, resources=resources))
                start += step
    return found


def free(
    shifts: Sequence[Shift],
    taken: Sequence[Busy],
    *,
    wanted: Wanted,
    rules: BookingRules,
    bookable: Window,
    timezone: str,
) -> list[Opening]:
    """Where somebody works, nothing is in the way, and a chair is free where the PMS has chairs."""
    length = timedelta(minutes=wanted.minutes)
    step = timedelta(minutes=rules.slot_minutes)
    chairs = [one for one in shifts if one.resource.kind == OPERATORY]
    found = []
    for shift in shifts:
        if shift.resource.kind != PRACTITIONER or not _is_wanted((shift.resource,), wanted):
            continue
        for start in _grid(_common(shift.window, wanted.window, bookable), step, timezone):
            window = Window(start, start + length)
            if not _within(window, shift.window) or not _fits(window, wanted.window, bookable):
                continue
            if _taken(window, (shift.resource,), taken):
                continue
            chair = _chair(chairs, window, taken, wanted)
            if chairs and chair is None:
                continue
            chosen = (shift.resource, chair) if chair else (shift.resource,)
            resources = _with_them(chosen, wanted.along)
            if not _taken(window, resources[len(chosen) :], taken):
                found.append(Opening(window=window, resources=resources))
    return sorted(_distinct(found), key=lambda one: (one.window.start, _order(one)))


def in_the_way(taken: Iterable[Busy], resources: Iterable[Resource]) -> list[Busy]:
    """What of it takes any of these."""
    keys = _keys(resources)
    return [one for one in taken if keys & _keys(one.resources)]


def _with_them(chosen: tuple[Resource, ...], along: Iterable[Resource]) -> tuple[Resource, ...]:
    """Besides what was chosen; the chair it had only where no other was chosen."""
    has = _keys(chosen)
    has_chair = any(one.kind == OPERATORY for one in chosen)
    kept = (one for one in along if not (has_chair and one.kind == OPERATORY))
    return (*chosen, *(one for one in kept if (one.kind, one.pms_id) not in has))


def _makes_sense(name: str, value: Any) -> bool:
    least = 0 if name == "min_notice_minutes" else 1
    return type(value) is int and value >= least


def _chair(
    chairs: Sequence[Shift], window: Window, taken: Sequence[Busy], wanted: Wanted
) -> Resource | None:
    """The first chair that is in use then and free; the wished-for one where one is wished for."""
    for one in chairs:
        is_it = wanted.operatory_id in {None, one.resource.pms_id}
        if is_it and _within(window, one.window) and not _taken(window, (one.resource,), taken):
            return one.resource
    return None


def _grid(span: Window | None, step: timedelta, timezone: str) -> Iterator[datetime]:
    """Round times of the practice's clock, whatever it does that night."""
    if span is None:
        return
    place = zone(timezone)
    local = span.start.astimezone(place)
    since = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    behind = (since + timedelta(microseconds=local.microsecond)) % step
    start = span.start + (step - behind if behind else timedelta())
    while start < span.end:
        yield start
        start += step


def _common(*windows: Window) -> Window | None:
    start, end = max(one.start for one in windows), min(one.end for one in windows)
    return Window(start, end) if start < end else None


def _fits(window: Window, wanted: Window, bookable: Window) -> bool:
    return window.start in wanted and window.start in bookable


def _unbroken(openings: Sequence[Opening]) -> Iterator[Opening]:
    """Each to the end of what is free from its start on, for the same people and chair."""
    run: list[Opening] = []
    end: datetime | None = None
    for one in sorted(openings, key=lambda one: (_order(one), one.window.start)):
        is_apart = end is None or one.window.start > end
        if run and (is_apart or _order(run[0]) != _order(one)):
            yield from _to_its_end(run, end)
            run, end = [], None
        run.append(one)
        end = one.window.end if end is None else max(end, one.window.end)
    yield from _to_its_end(run, end)


def _to_its_end(run: Sequence[Opening], end: datetime | None) -> Iterator[Opening]:
    for one in run:
        window = Window(one.window.start, end or one.window.end)
        yield Opening(window=window, resources=one.resources)


def _within(window: Window, around: Window) -> bool:
    return around.start <= window.start and window.end <= around.end


def _taken(window: Window, resources: Iterable[Resource], taken: Sequence[Busy]) -> bool:
    keys = _keys(resources)
    return any(
        one.window.start < window.end
        and window.start < one.window.end
        and any((thing.kind, thing.pms_id) in keys for thing in one.resources)
        for one in taken
    )


def _keys(resources: Iterable[Resource]) -> set[tuple[str, str]]:
    return {(one.kind, one.pms_id) for one in resources}


def _is_wanted(resources: Iterable[Resource], wanted: Wanted) -> bool:
    wished = {PRACTITIONER: wanted.practitioner_id, OPERATORY: wanted.operatory_id}
    return all(wished.get(one.kind) in {None, one.pms_id} for one in resources)


def _distinct(openings: Iterable[Opening]) -> list[Opening]:
    """Shifts may overlap; an opening is offered once."""
    return list({(one.window.start, _order(one)): one for one in openings}.values())


def _order(opening: Opening) -> tuple[tuple[str, str], ...]:
    return tuple((one.kind, one.pms_id) for one in opening.resources)
