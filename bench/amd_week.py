"""A simulated week of an AdvancedMD office on four worker processes, judged by its invoice.

python -m bench amd-week

Of 200 visits a working day every one that is still to come is changed twice: once on the sheet,
whence the push flow brings it to AdvancedMD, and once there, whence a sync brings it here. Syncs
run on the real-time preset. The week has the change to summer time in it. How its hours pass, and
how all clocks are kept in step, is told in `bench.steered`; hours in which nobody changes anything
are left out whole, both edges of every peak are lived through. On Monday a queue of pushes is kept
waiting through an hour of the peak, and through twenty minutes of the evening: more calls than that
hour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import cycle
from operator import itemgetter
from statistics import quantiles
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from bench.amd_living import Happening, Living
from bench.amd_office import Office, at_work, office

HEADINGS = ("", "measured", "goal")
DENVER = ZoneInfo("America/Denver")
A_MINUTE = timedelta(minutes=1)
SETTLING = 3 * A_MINUTE
SATURDAY = 5
ARRIVED, COMPLETED = 1, 3
SCHEDULER = 3
QUEUE = 40

Clock = tuple[int, int]
Span = tuple[Clock, Clock]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """How long a queue is kept waiting, from when, and what the third tier allows a minute."""

    begins: Clock
    minutes: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which days are lived, which parts of them, and when more is wanted than is allowed."""

    first: date
    days: int
    visits: int
    workers: int
    working: Sequence[Span]
    weekend: Sequence[Span] = ()
    rushes: Mapping[str, Rush] = field(default_factory=dict)
    rush_on: int = 0

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """In Denver."""
        of_day = self.weekend if day.weekday() >= SATURDAY else self.working
        return [(at(day, start), at(day, end)) for start, end in of_day]


WEEK = Plan(
    first=date(2027, 3, 12),
    days=7,
    visits=200,
    workers=4,
    working=(((5, 57), (6, 5)), ((9, 30), (9, 50)), ((14, 0), (14, 20)), ((17, 55), (18, 6))),
    weekend=(((10, 0), (10, 10)),),
    rushes={
        "peak": Rush(begins=(15, 30), minutes=60, limit=24),
        "off-peak": Rush(begins=(19, 0), minutes=20, limit=120),
    },
)


@dataclass(slots=True)
class Outcome:
    """What a plan came to."""

    here: int = 0
    there: int = 0
    wrong: int = 0
    cents: int = 0
    violations: int = 0
    conflicts: int = 0
    given_up: int = 0
    syncs: int = 0
    leaps: int = 0
    seconds: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def of_tier(self, tier: int, *, at_peak: bool) -> int:
        return sum(one["tier"] == tier and one["is_peak"] is at_peak for one in self.calls)


def lived(plan: Plan) -> Outcome:
    """Everything from its first span to its last, and the simulator's word on it."""
    began, found = monotonic(), Outcome()
    begins = plan.spans(plan.dates[0])[0][0] - 2 * SETTLING
    with (
        office(plan.dates, visits=plan.visits, begins=begins) as here,
        at_work(here, processes=plan.workers),
    ):
        living = Living(here)
        for day in plan.dates:
            live(living, plan, day, found)
            found.wrong += here.wrong(day)
        found.cents, found.violations = here.told("invoice")["cents"], here.violations()
        found.calls, found.leaps = here.told("calls")["calls"], here.time.leaps
        found.conflicts, found.given_up = living.conflicts(), living.given_up()
        found.syncs = living.syncs()
    found.seconds = monotonic() - began
    return found


def live(living: Living, plan: Plan, day: date, found: Outcome) -> None:
    """The spans of one day, and the changes in them."""
    spans = plan.spans(day)
    living.leave_out_until(spans[0][0] - SETTLING)
    living.until(spans[0][0])
    visits, since = living.here.visits(day), living.last_job()
    if day.weekday() >= SATURDAY:
        visits = visits[: len(visits) // 10]
    living.plan(changes(living.here, visits, spans, found))
    parts = [(start, partial(calm, living, start, end)) for start, end in spans]
    rushes = plan.rushes if day.weekday() == plan.rush_on else {}
    for name, rush in rushes.items():
        start = at(day, rush.begins)
        parts.append((start, partial(rushed, living, start, (name, rush), visits, found)))
    for _, act in sorted(parts, key=itemgetter(0)):
        act()
    living.rest(SETTLING)
    if not rushes:
        found.waits += living.push_seconds(since=since)


def calm(living: Living, start: datetime, end: datetime) -> None:
    """As much is wanted as people do."""
    living.leave_out_until(start)
    living.until(end)


def changes(
    here: Office, visits: Sequence[str], spans: Sequence[tuple[datetime, datetime]], found: Outcome
) -> list[Happening]:
    """Each visit once from either side, well apart; half of them are changed here first."""
    instants = list(spread(spans, 2 * len(visits)))
    made = []
    for number, pms_id in enumerate(visits):
        first, second = instants[number], instants[number + len(visits)]
        ours, theirs = (first, second) if number % 2 else (second, first)
        status, code = ("arrived", COMPLETED) if number % 2 else ("completed", ARRIVED)
        made.append(Happening(ours, partial(_here, here, pms_id, status, found)))
        made.append(Happening(theirs, partial(_there, here, pms_id, code, found)))
    return made


def spread(spans: Sequence[tuple[datetime, datetime]], count: int) -> Iterator[datetime]:
    """So many instants, evenly over the spans one after the other."""
    whole = sum((end - start for start, end in spans), timedelta())
    for number in range(count):
        left = whole * number / count
        for start, end in spans:
            if left < end - start:
                yield start + left
                break
            left -= end - start


def rushed(
    living: Living, start: datetime, named: tuple[str, Rush], visits: Sequence[str], found: Outcome
) -> None:
    """More is wanted than is allowed, all the time: which share of that is called."""
    name, rush = named
    lasts = rush.minutes * A_MINUTE
    living.leave_out_until(start - SETTLING)
    turns = cycle([(one, to) for to in ("in_progress", "completed") for one in visits])
    living.until(start)
    since = living.here.last_call()
    found.here += living.until(start + lasts, queue=lambda: next(turns), at_least=QUEUE)
    calls = living.here.told("calls", since=since)["calls"]
    within = [one for one in calls if start <= datetime.fromisoformat(one["at"]) < start + lasts]
    used = sum(one["tier"] == SCHEDULER for one in within)
    found.shares[name] = used / (rush.limit * rush.minutes)


def rows(plan: Plan = WEEK) -> Iterator[Sequence[str]]:
    """The figures of a plan."""
    found = lived(plan)
    yield ("excess calls billed", f"${found.cents / 100:.2f}", "$0.00")
    yield ("calls beyond a window", str(found.violations), "0")
    for name, share in found.shares.items():
        yield (f"used with a queue, {name}", f"{share:.1%}", ">= 95 %")
    yield ("calls in all", str(len(found.calls)), "")
    for tier, name in ((1, "feed"), (2, "days by message"), (3, "scheduler and look-ups")):
        counts = [str(found.of_tier(tier, at_peak=at_peak)) for at_peak in (True, False)]
        yield (f"  {name}: peak, off-peak", ", ".join(counts), "")
    logins = sum(found.of_tier(0, at_peak=at_peak) for at_peak in (True, False))
    yield ("  posts of logins, two to a login", str(logins), "")
    yield ("changed here, there", f"{found.here}, {found.there}", "")
    yield ("fields that differ at the days' ends", str(found.wrong), "0")
    yield ("conflicts, jobs given up", f"{found.conflicts}, {found.given_up}", "0, 0")
    if len(found.waits) > 1:
        cuts = quantiles(found.waits, n=20)
        yield ("edit to sent, p50, p95", f"{cuts[9]:.1f}, {cuts[18]:.1f} s", "")
    yield ("syncs, leaps", f"{found.syncs}, {found.leaps}", "")
    yield ("it took", f"{found.seconds:.0f} s", "")


def at(day: date, clock: Clock) -> datetime:
    """By the clock of Denver."""
    return datetime.combine(day, time(*clock), DENVER)


def _here(here: Office, pms_id: str, status: str, found: Outcome) -> None:
    found.here += here.change_here(pms_id, status)


def _there(here: Office, pms_id: str, code: int, found: Outcome) -> None:
    here.change_there(pms_id, code)
    found.there += 1
