"""What syncs did over a span of time, in equal steps, beside when the practice was open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.hours import OpeningHours
from domain.window import Window

STEPS = 96


class Span(StrEnum):
    """How far a timeline reaches back."""

    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return timedelta(days=1 if self is Span.DAY else 7)

    @property
    def step(self) -> timedelta:
        return self.length / STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All runs that began in one step, the first being 0: how many, how they ended, what they did.

    `worst` is failed, partial, running or success.
    """

    place: int
    runs: int
    worst: str
    counts: Mapping[str, int]

    @property
    def done(self) -> int:
        """What changed on the sheet or could not be read."""
        named = ("created", "updated", "removed", "rejected", "conflicts")
        return sum(self.counts.get(name, 0) for name in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One practice's syncs from `since` on, and the openings in that time; none where always."""

    since: datetime
    span: Span
    steps: Sequence[Step] = ()
    openings: Sequence[Window] = ()
    always_open: bool = True
    totals: Mapping[str, int] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        return sum(one.runs for one in self.steps)

    def at(self, place: int) -> datetime:
        """When a step begins."""
        return self.since + place * self.span.step

    def part(self, instant: datetime) -> float:
        """Where an instant lies, from 0 at the start to 1 at the end."""
        return min(1.0, max(0.0, (instant - self.since) / self.span.length))


def timeline(
    steps: Sequence[Step], *, since: datetime, span: Span, hours: OpeningHours | None
) -> Timeline:
    until = since + span.length
    totals: dict[str, int] = {}
    for one in steps:
        for name, count in one.counts.items():
            totals[name] = totals.get(name, 0) + count
    return Timeline(
        since=since,
        span=span,
        steps=steps,
        openings=openings(hours, since, until) if hours else (),
        always_open=hours is None,
        totals=totals,
    )


def openings(hours: OpeningHours, since: datetime, until: datetime) -> Sequence[Window]:
    """Every opening that reaches into the span, cut to it."""
    found, at = [], since
    while at < until:
        held = hours.opening(at)
        if held is not None:
            found.append(Window(max(held.start, since), min(held.end, until)))
            at = held.end
            continue
        following = hours.next_opening(at)
        if following is None:
            break
        at = following
    return found
