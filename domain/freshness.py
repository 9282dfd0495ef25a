"""The promise that a connection's sheet is fresh: kept, broken or suspended, and in what words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.connections import State
from domain.counting import so_many
from domain.hours import OpeningHours
from domain.window import Window, zone

FAILING_AFTER = 3
LATE_AFTER = 2  # intervals without a complete sync
# How long after opening a practice may still show yesterday; two intervals where that is shorter.
GRACE = timedelta(hours=1)


class Status(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"
    FAILING = "failing"
    PAUSED = "paused"
    NEEDS_SIGN_IN = "needs_sign_in"
    NEVER_SYNCED = "never_synced"
    CLOSED = "closed"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a connection; `every` is None where it syncs only when asked to.

    Without `hours` the practice counts as always open. `waiting_for` is what a wait is spent on,
    in words for people ("Gentu's request limit"). Quiet as it is, or just started, it need not be
    read before `rests_until`.
    """

    created_at: datetime
    every: timedelta | None
    state: State = State.ACTIVE
    is_paused: bool = False
    state_at: datetime | None = None
    last_complete_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    hours: OpeningHours | None = None
    next_due_at: datetime | None = None
    rests_until: datetime | None = None
    waiting_for: str | None = None

    @property
    def fresh_at(self) -> datetime:
        """What lateness is counted from."""
        return self.last_complete_at or self.created_at


@dataclass(frozen=True, slots=True)
class Freshness:
    status: Status
    since: datetime
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What people changed and the PMS does not have yet: the oldest `since`, `stuck` for good."""

    waiting: int = 0
    stuck: int = 0
    since: datetime | None = None


def assess(facts: Facts, *, now: datetime) -> Freshness:
    for status, since_when in CHECKS:
        since = since_when(facts, now)
        if since is not None:
            return Freshness(status, since, SENTENCES[status](facts, now))
    return Freshness(Status.ON_TIME, facts.fresh_at, _synced(facts, now))


def assess_outward(facts: Facts, owed: Owed, *, now: datetime) -> Freshness:
    """The same promise the other way: what was changed here reaches the PMS within two intervals.

    Pauses, closing time and a lost sign-in suspend it as they suspend the other; that the practice
    is quiet does not.
    """
    if owed.stuck:
        since = owed.since or now
        return Freshness(Status.FAILING, since, f"{_rows(owed.stuck)} did not go out")
    if not owed.waiting or owed.since is None:
        return Freshness(Status.ON_TIME, facts.fresh_at, "Everything has gone out")
    told = f"{_rows(owed.waiting)} to go out, the oldest for {span(now - owed.since)}"
    every = facts.every or GRACE
    since_then = replace(
        facts, every=every, last_complete_at=owed.since, failures=0, rests_until=None
    )
    inward = assess(since_then, now=now)
    return Freshness(inward.status, owed.since, told + SUSPENDED.get(inward.status, ""))


SUSPENDED: Mapping[Status, str] = {
    Status.PAUSED: "; syncing is paused",
    Status.NEEDS_SIGN_IN: "; it needs a sign-in first",
    Status.CLOSED: "; the practice is closed",
}


def _rows(count: int) -> str:
    return so_many(count, "change")


SEVERITY: Mapping[Status, int] = {Status.LATE: 1, Status.FAILING: 2, Status.NEEDS_SIGN_IN: 3}


def _paused(facts: Facts, now: datetime) -> datetime | None:
    paused = facts.is_paused or facts.state is State.INACTIVE
    return (facts.state_at or facts.fresh_at) if paused else None


def _signed_out(facts: Facts, now: datetime) -> datetime | None:
    needed = facts.state is State.NEEDS_SIGN_IN
    return (facts.state_at or facts.fresh_at) if needed else None


def _not_set_up(facts: Facts, now: datetime) -> datetime | None:
    return facts.created_at if facts.state is State.SETUP_REQUIRED else None


def _failing(facts: Facts, now: datetime) -> datetime | None:
    broken = facts.state is State.ERROR or facts.failures >= FAILING_AFTER
    return (facts.failing_since or facts.fresh_at) if broken and _is_open(facts, now) else None


def _by_hand(facts: Facts, now: datetime) -> datetime | None:
    return facts.fresh_at if facts.every is None else None


def _late(facts: Facts, now: datetime) -> datetime | None:
    deadline = _deadline(facts, now)
    return deadline if deadline and now >= deadline and _is_open(facts, now) else None


def _never(facts: Facts, now: datetime) -> datetime | None:
    return facts.created_at if facts.last_complete_at is None else None


def _closed(facts: Facts, now: datetime) -> datetime | None:
    return facts.fresh_at if not _is_open(facts, now) else None


# The first check that knows since when decides.
CHECKS: tuple[tuple[Status, Callable[[Facts, datetime], datetime | None]], ...] = (
    (Status.PAUSED, _paused),
    (Status.NEEDS_SIGN_IN, _signed_out),
    (Status.NEVER_SYNCED, _not_set_up),
    (Status.FAILING, _failing),
    (Status.BY_HAND, _by_hand),
    (Status.LATE, _late),
    (Status.NEVER_SYNCED, _never),
    (Status.CLOSED, _closed),
)


def _is_open(facts: Facts, now: datetime) -> bool:
    return facts.hours is None or facts.hours.opening(now) is not None


def _opened(facts: Facts, now: datetime) -> Window | None:
    return facts.hours.opening(now) if facts.hours else None


def _deadline(facts: Facts, now: datetime) -> datetime | None:
    if facts.every is None:
        return None
    allowed = LATE_AFTER * facts.every
    grace = min(allowed, GRACE)
    return max(facts.fresh_at + allowed, *(at + grace for at in _begins(facts, now)))


def _begins(facts: Facts, now: datetime) -> Sequence[datetime]:
    """When it was last awaited anew: as it opened, was started or resumed, and after a rest."""
    opened = _opened(facts, now)
    found = (facts.fresh_at, opened.start if opened else None, facts.rests_until)
    return [at for at in found if at is not None]


def _synced(facts: Facts, now: datetime) -> str:
    told = f"Synced {ago(facts.fresh_at, now)}"
    rests = facts.rests_until
    if facts.every is None or rests is None or rests <= now:
        return told
    return f"{told}, quiet: next in {span(rests - now)}"


def _late_by(facts: Facts, now: datetime) -> str:
    promised = facts.fresh_at + (facts.every or timedelta())
    overdue = now - max(promised, *_begins(facts, now))
    return f"Late by {span(overdue)}{_why(facts, now)}"


def _why(facts: Facts, now: datetime) -> str:
    if facts.waiting_for:
        return f": waiting for {facts.waiting_for}"
    if facts.next_due_at and facts.next_due_at > now:
        return f": next try in {span(facts.next_due_at - now)}"
    return ""


def _broken(facts: Facts, now: datetime) -> str:
    tries = f" {facts.failures} times in a row" if facts.failures > 1 else ""
    last = ago(facts.last_complete_at, now) if facts.last_complete_at else "never"
    return f"Failed{tries}, last synced {last}{_why(facts, now)}"


def _first(facts: Facts, now: datetime) -> str:
    unready = facts.state is State.SETUP_REQUIRED
    return "Setup is not finished" if unready else f"Not synced yet{_why(facts, now)}"


def _reopens(facts: Facts, now: datetime) -> str:
    opens = facts.hours.next_opening(now) if facts.hours else None
    if facts.hours is None or opens is None:
        return f"Closed, synced {ago(facts.fresh_at, now)}"
    local = opens.astimezone(zone(facts.hours.timezone))
    return f"Closed until {local:%a %H:%M}, synced {ago(facts.fresh_at, now)}"


SENTENCES: Mapping[Status, Callable[[Facts, datetime], str]] = {
    Status.LATE: _late_by,
    Status.FAILING: _broken,
    Status.PAUSED: lambda facts, now: f"Paused, {_last(facts, now)}",
    Status.NEEDS_SIGN_IN: lambda facts, now: f"Needs sign-in, {_last(facts, now)}",
    Status.NEVER_SYNCED: _first,
    Status.BY_HAND: lambda facts, now: f"Syncs when somebody asks, {_last(facts, now)}",
    Status.CLOSED: _reopens,
}


def _last(facts: Facts, now: datetime) -> str:
    last = facts.last_complete_at
    return f"last synced {ago(last, now)}" if last else "never synced"


def ago(then: datetime, now: datetime) -> str:
    return "just now" if now - then < timedelta(minutes=1) else f"{span(now - then)} ago"


def span(length: timedelta) -> str:
    """A length in the unit a person would use."""
    minutes = max(int(length / timedelta(minutes=1)), 1)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004 - two days
