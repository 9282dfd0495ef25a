"""The syncs as a page: each practice's latest runs, what goes on, previews and ranges of days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from adapters.pace import seconds_left
from adapters.storage.jobs.register import living_workers
from adapters.storage.runs import approvals, boards, runs, timelines
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.runs.timelines import Outward
from adapters.storage.sheet.sheet_status import read_connections, read_facts, read_waiting
from domain.backfills import Backfill, BackfillState
from domain.counting import so_many
from domain.durations import took
from domain.freshness import Facts, Freshness, Owed, assess_outward
from domain.jobs import Queue
from domain.people import Permission
from domain.sheet import ConnectionView, WaitingView
from domain.timelines import Span, Timeline
from domain.window import local_day
from infra.database import dispatch
from producers.api.runs import diff_of
from producers.doors import Door, door
from producers.pages.connecting import BADGES
from producers.pages.fields import LABELS, shown_value
from producers.pages.rendering import ENVIRONMENT, NavItem, clock, moment, render
from producers.reading import reading
from producers.troubles import WRONG

router = APIRouter(include_in_schema=False)

NAV = NavItem("/sync", "Sync", Permission.SEE_STATUS, order=20)
Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]

USUAL_RUNS = 6
MORE_RUNS = 40
MOST_BOARDS = 60
WIDTH = 100.0
LEAST = 1.5
SHARES: Mapping[str, str] = {
    "created": "new",
    "updated": "changed",
    "removed": "removed",
    "rejected": "unreadable",
    "unchanged": "unchanged",
    "skipped": "left out",
}
"""In the order of the bar: what was done first, what was left alone last."""
DONE = {name: SHARES[name] for name in ("created", "updated", "removed", "rejected")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One practice: how fresh it is, its runs newest first, what waits, a range being read."""

    connection: ConnectionView
    runs: Sequence[LoggedRun]
    waiting: WaitingView | None
    backfill: Backfill | None
    seconds_left: float | None
    surprises: int
    today: date
    timeline: Timeline
    outward: Freshness | None

    @property
    def running(self) -> LoggedRun | None:
        return next((run for run in self.runs if not run.is_over), None)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a run's bar, in hundredths."""

    name: str
    start: float
    width: float


class Shown(BaseModel):
    """How many runs of each practice, how far its timeline reaches, and whether of every one."""

    model_config = ConfigDict(extra="ignore")

    runs: Annotated[int, Query(ge=1, le=100)] = USUAL_RUNS
    span: Span = Span.DAY
    every: bool = False


Chosen = Annotated[Shown, Depends()]


@router.get("/sync")
def page(request: Request, door: Reader, shown: Chosen) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    return render(request, "sync.html", person=door.person, **_boards(door, shown))


@router.get("/sync/boards")
def fragment(request: Request, door: Reader, shown: Chosen) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    return render(request, "_sync.html", person=door.person, **_boards(door, shown))


@router.get("/sync/runs/{run_id}")
def one_run(request: Request, door: Reader, run_id: UUID) -> HTMLResponse:
    """One run in detail; a preview's lines for those who may see patients."""
    now = door.ports.clock()
    with reading(door) as db:
        run = runs.read(db, run_id)
        reasons = runs.reasons(db, run_id)
        diff = diff_of(db, door, run)
        connections = {one.id: one for one in read_connections(db, now=now)}
        may_be = run.may_be_approved and door.person.may(Permission.SYNC)
        prospect = approvals.prospect(db, run_id, at=now) if may_be else None
        stale = approvals.stale(db, [run], at=now)
    return render(
        request,
        "_run.html",
        person=door.person,
        run=run,
        prospect=prospect,
        stale=stale,
        now=now,
        reasons=reasons,
        diff=diff,
        connection=connections.get(run.connection_id),
        may_see=door.person.may(Permission.SEE_SHEET),
        may_edit=door.person.may(Permission.EDIT_SHEET),
    )


def _boards(door: Door, shown: Shown) -> dict[str, Any]:
    now = door.ports.clock()
    with door.transaction() as db:
        connections = read_connections(db, now=now)
        latest = boards.latest_runs(db, each=shown.runs)
        stale = approvals.stale(db, chain.from_iterable(latest.values()), at=now)
        backfills = boards.latest_backfills(db)
        surprises = boards.surprises(db)
        waiting = {one.connection_id: one for one in reversed(read_waiting(db))}
        lines, at = timelines.read_timelines(db, shown.span)
        outward = _outward(read_facts(db), timelines.read_outward(db), now=at)
    with dispatch(door.ports.database) as db:
        workers = living_workers(db).get(Queue.SYNC.value, 0)
    found = [
        Board(
            connection=one,
            runs=latest.get(one.id, ()),
            waiting=waiting.get(one.id),
            backfill=backfills.get(one.id),
            seconds_left=_left(backfills.get(one.id), one),
            surprises=surprises.get(one.id, 0),
            today=local_day(now, one.timezone),
            timeline=lines[one.id],
            outward=outward.get(one.id),
        )
        for one in connections
    ]
    foremost = found if shown.every else _foremost(found)
    return {
        "boards": foremost,
        "stale": stale,
        "hidden": len(found) - len(foremost),
        "is_busy": any(one.waiting and _is_due(one.waiting, now) for one in found),
        "workers": workers,
        **_offered(door, shown),
    }


def _offered(door: Door, shown: Shown) -> dict[str, Any]:
    """What was chosen, and what whoever looks may do."""
    return {
        "every": shown.every,
        "each": shown.runs,
        "span": shown.span.value,
        "may_configure": door.person.may(Permission.CONFIGURE),
        "more": MORE_RUNS,
        "may_sync": door.person.may(Permission.SYNC),
        "badges": BADGES,
    }


def _foremost(found: Sequence[Board]) -> Sequence[Board]:
    """Of very many practices those that break their promise first, as many as can be read."""
    if len(found) <= MOST_BOARDS:
        return found
    rank = {name: place for place, name in enumerate(WRONG)}
    ordered = sorted(found, key=lambda one: rank.get(one.connection.status, len(WRONG)))
    return ordered[:MOST_BOARDS]


def _outward(
    facts: Mapping[UUID, Facts], owed: Mapping[UUID, Outward], *, now: datetime
) -> Mapping[UUID, Freshness]:
    """How the promise the other way is kept, where anything is owed."""
    return {
        key: assess_outward(
            facts[key], Owed(waiting=one.waiting, stuck=one.stuck, since=one.since), now=now
        )
        for key, one in owed.items()
        if key in facts
    }


def _is_due(waiting: WaitingView, now: Any) -> bool:
    return waiting.state == "running" or waiting.waiting_for is not None or waiting.due_at <= now


def _left(backfill: Backfill | None, connection: ConnectionView) -> float | None:
    if backfill is None or backfill.state is not BackfillState.RUNNING:
        return None
    return seconds_left(backfill, vendor=connection.vendor)


def segments(run: LoggedRun) -> Sequence[Segment]:
    """The run's bar: each share as wide as its count, the smallest still to be seen."""
    counts = {name: getattr(run, name) for name in SHARES if getattr(run, name)}
    total = sum(counts.values())
    widths = {name: max(LEAST, WIDTH * count / total) for name, count in counts.items()}
    scale = WIDTH / sum(widths.values()) if widths else 1.0
    made, start = [], 0.0
    for name, width in widths.items():
        made.append(Segment(name, round(start, 2), round(width * scale, 2)))
        start += width * scale
    return made


def counted(run: LoggedRun) -> str:
    """`412 read: 3 new, 2 changed`, or why none were; what was left alone is not told."""
    done = [f"{getattr(run, name)} {word}" for name, word in DONE.items() if getattr(run, name)]
    if run.conflicts:
        done.append(so_many(run.conflicts, "conflict"))
    if not run.fetched and not done:
        return (run.error_message or "no appointments") if run.is_over else "nothing read yet"
    if not done and run.is_over:
        done.append((run.error_message or "nothing to change").rstrip("."))
    return ": ".join(filter(None, (f"{run.fetched} read", ", ".join(done))))


def kind(run: LoggedRun) -> str:
    """What sort of run it was, in a word."""
    if run.dry_run:
        return "Preview"
    if run.backfill_id:
        return "Range"
    if run.compared:
        return "Approved"
    return {"incremental": "Changes", "manual": "By hand"}.get(run.sync_type, "Whole")


def days(run: LoggedRun | Backfill) -> str:
    """`23 Nov`, or `1 to 7 Jun`."""
    first = run.day_from if isinstance(run, LoggedRun) else run.first_day
    last = run.day_to if isinstance(run, LoggedRun) else run.last_day
    if first == last:
        return f"{first:%-d %b}"
    start = f"{first:%-d}" if (first.year, first.month) == (last.year, last.month) else ""
    return f"{start or format(first, '%-d %b')} to {last:%-d %b}"


def lasting(seconds: float | None) -> str:
    """A length as a person says it."""
    return "" if seconds is None else took(seconds)


def line_start(line: Mapping[str, Any], run: LoggedRun, timezone: str) -> str:
    """When the appointment is; its day only where the run has several."""
    if line.get("start") is None:
        return ""
    return (clock if run.day_from == run.day_to else moment)(line["start"], timezone)


def changes(line: Mapping[str, Any], run: LoggedRun, timezone: str) -> list[tuple[str, str, str]]:
    """Each changed field: its name, what it was, what it becomes."""
    found = []
    for field, (was, becomes) in line.get("changed", {}).items():
        told = [_said(one, field, run, timezone) for one in (was, becomes)]
        found.append((LABELS.get(field, field), *told))
    return found


def _said(value: Any, field: str, run: LoggedRun, timezone: str) -> str:
    if field == "telehealth_links":
        return "a link" if value else "nothing"
    if field == "start" and value is not None and run.day_from != run.day_to:
        return moment(value, timezone)
    return shown_value(value, field, timezone)


ENVIRONMENT.filters.update(
    segments=segments,
    counted=counted,
    run_kind=kind,
    run_days=days,
    lasting=lasting,
    line_start=line_start,
    line_changes=changes,
)
ENVIRONMENT.globals.update(shares=SHARES)
