"""The queues as a page: how deep, who carries what, what died and why; and jobs to look for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from adapters.storage.jobs import job_search, trails
from adapters.storage.jobs.job_acts import FROM, MOST, WARNS, Act
from adapters.storage.jobs.job_search import JobView, Wanted
from adapters.storage.runs.boards import latest_backfills
from adapters.storage.sheet.sheet_status import read_connections
from domain import work
from domain.jobs import JobState, Queue
from domain.people import Permission
from domain.sheet import as_json
from domain.window import local_day
from producers import cursors
from producers.boards import board
from producers.cursors import Cursor
from producers.days import account_zone
from producers.doors import Door, door
from producers.estimates import Estimate, Through, by_connection, estimates, short
from producers.pages.connecting import BADGES
from producers.pages.rendering import ENVIRONMENT, NavItem, clock, moment, render, words
from producers.troubles import troubles
from producers.words import uuid_of

router = APIRouter(include_in_schema=False)

NAV = NavItem("/queues", "Queues", Permission.OPERATE, order=35)
Operator = Annotated[Door, Depends(door(Permission.OPERATE))]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]

PAGE = 40
LONGEST_NUMBER = 18
MOST_TROUBLES = 12
NONE = "none"
SHOWN_NAME = 22
MINUTE, HOUR, DAY = 60, 3600, 86_400
HEIGHT = 34.0
WORD = r"^[A-Za-z0-9_.:-]*$"

KINDS: Mapping[str, str] = {
    work.SYNC: "Sync",
    work.REFETCH: "Look up webhooks",
    work.RENEW_TOKEN: "Renew sign-in",
    work.CHECK: "Try a connection",
    work.ANSWER: "Answer a caller",
    work.DESK_CALL: "Answer at the desk",
    work.SETTLE: "Follow a booking",
    work.SEND_TEXT: "Send a text",
    work.PUSH_ENTRY: "Push a row",
    work.PUSH_RANGE: "Push days",
    work.LINK_PATIENT: "Link a patient",
    work.AUTHORISE: "Let offices in",
    work.EMPTY: "Empty what is left out",
    work.PRUNE: "Clear away",
    work.CHAIN_AUDIT: "Chain the audit",
    work.WATCH_ACCESS: "Watch accesses",
    work.TELL_ENDPOINT: "Tell a program",
}
TONES: Mapping[str, str] = {
    "ready": "paused",
    "running": "on_time",
    "done": "on_time",
    "dead": "failing",
    "cancelled": "paused",
}
STATES: Mapping[str, str] = {
    "ready": "Waits",
    "running": "Runs",
    "done": "Done",
    "dead": "Dead",
    "cancelled": "Called off",
}
ORIGINS: Mapping[str, str] = {
    "webhook": "A webhook set it off",
    "call": "A caller set it off",
    "person": "A person asked for it",
    "timetable": "The timetable set it off",
}
STEPS: Mapping[str, str] = {
    "delivery": "Webhook",
    "call": "Caller's question",
    "job": "Job",
    "requests": "Asked of the vendor",
    "rows": "Rows on the sheet",
    "conflicts": "Conflicts",
    "write": "Written to the PMS",
}
VERBS: Mapping[Act, str] = {
    Act.RETRY: "Retry",
    Act.CANCEL: "Cancel",
    Act.DISCARD: "Discard",
}


class Chosen(BaseModel):
    """What is to be shown; `q` is a job's number or a trace id. A form sends empty words too."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Query(max_length=64, pattern=WORD)] = ""
    state: Annotated[str, Query(max_length=20, pattern=WORD)] = ""
    queue: Annotated[str, Query(max_length=20, pattern=WORD)] = ""
    kind: Annotated[str, Query(max_length=60, pattern=WORD)] = ""
    connection_id: Annotated[str, Query(max_length=36, pattern=WORD)] = ""
    """`none` is what belongs to no practice."""

    error_kind: Annotated[str, Query(max_length=60, pattern=WORD)] = ""

    @property
    def wanted(self) -> Wanted:
        """What is not a number, a state, ... of ours looks for nothing of that sort."""
        is_number = self.q.isdecimal() and len(self.q) <= LONGEST_NUMBER
        return Wanted(
            id=int(self.q) if is_number else None,
            trace_id=self.q if self.q and not is_number else None,
            kind=self.kind or None,
            queue=Queue(self.queue) if self.queue in set(Queue) else None,
            state=JobState(self.state) if self.state in set(JobState) else None,
            connection_id=uuid_of(self.connection_id),
            no_connection=self.connection_id == NONE,
            error_kind=self.error_kind or None,
        )

    @property
    def matching(self) -> Mapping[str, Any]:
        """The same as the API takes it."""
        named = as_json(self.wanted)
        return {name: one for name, one in named.items() if one}

    def address(self, **changed: str | None) -> str:
        """The same page with something else chosen."""
        chosen = {**self.model_dump(), **changed}
        query = urlencode({name: one for name, one in chosen.items() if one})
        return f"/queues?{query}#jobs" if query else "/queues"


@router.get("/queues")
def page(
    request: Request, door: Operator, chosen: Annotated[Chosen, Depends()], cursor: Cursor = None
) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    shown = _shown(door, chosen, cursor)
    return render(request, "queues.html", person=door.person, **shown)


@router.get("/queues/board")
def fragment(
    request: Request, door: Operator, chosen: Annotated[Chosen, Depends()], cursor: Cursor = None
) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    shown = _shown(door, chosen, cursor)
    return render(request, "_queues.html", person=door.person, **shown)


@router.get("/queues/estimates")
def foreseen(request: Request, door: Operator) -> HTMLResponse:
    """When what waits would be through; asked for apart, for it asks the vendors' clocks."""
    with door.transaction() as db:
        timezone = account_zone(db)
    told = estimates(door)
    return render(
        request,
        "_estimates.html",
        person=door.person,
        found=by_connection(told),
        short=short(door, told),
        timezone=timezone,
    )


@router.get("/queues/jobs/{job_id}")
def one_job(request: Request, door: Operator, job_id: Number) -> HTMLResponse:
    """One job, and the trail it is part of."""
    with door.transaction() as db:
        job = job_search.read(db, job_id)
        trail = trails.follow(db, job.trace_id)
        timezone = account_zone(db)
    return render(
        request,
        "queue_job.html",
        person=door.person,
        job=job,
        trail=trail,
        timezone=timezone,
        acts=acts(job),
    )


def _shown(door: Door, chosen: Chosen, cursor: str | None) -> dict[str, Any]:
    with door.transaction() as db:
        rows = job_search.find(db, chosen.wanted, before=cursors.decode(cursor), limit=PAGE + 1)
        timezone = account_zone(db)
        practices = job_search.practices(db)
        connections = read_connections(db, now=door.ports.clock())
        ranges = latest_backfills(db)
    jobs, following = cursors.paged(rows, limit=PAGE, mark=job_search.mark)
    shown = board(door)
    seen_to = troubles(connections, shown.dead, ranges)
    return {
        "board": shown,
        "troubles": seen_to[:MOST_TROUBLES],
        "more_troubles": max(0, len(seen_to) - MOST_TROUBLES),
        "badges": BADGES,
        "jobs": jobs,
        "next_href": following and chosen.address(cursor=following),
        "is_first": cursor is None,
        "chosen": chosen,
        "connections": practices,
        "kinds": KINDS,
        "states": STATES,
        "timezone": timezone,
        "acts_on_all": [act for act, states in FROM.items() if chosen.wanted.state in states],
        "most": MOST,
        "may_configure": door.person.may(Permission.CONFIGURE),
    }


def acts(job: JobView) -> Sequence[Act]:
    """What may be done to a job as it stands."""
    return [act for act, states in FROM.items() if job.state in states]


def bars(counts: Sequence[float], *others: Sequence[float]) -> Sequence[tuple[float, float]]:
    """Top and height of each bar, the highest of all series filling the chart."""
    most = max([1, *counts, *(one for other in others for one in other)])
    heights = [round(HEIGHT * count / most, 1) for count in counts]
    return [(round(HEIGHT - one, 1), one) for one in heights]


def lasted(seconds: float | None) -> str:
    """`8 s`, `12 min`, `3 h`, `2 days`."""
    if seconds is None:
        return ""
    if seconds < MINUTE:
        return f"{max(0, seconds):.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def foreseen_end(one: Estimate | Through, timezone: str) -> str:
    """`14:05`, with its day where that is not the day it starts on."""
    if one.starts_at is None or one.ends_at is None:
        return ""
    is_same = local_day(one.starts_at, timezone) == local_day(one.ends_at, timezone)
    return (clock if is_same else moment)(one.ends_at, timezone)


def told_counts(counts: Mapping[str, int]) -> str:
    """`12 created, 3 updated`; what is nought is not told unless all is."""
    some = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join(some) or ("nothing" if counts else "")


def shown_args(args: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Name and value; what is off or empty says nothing."""
    return [
        (words(name), "yes" if one is True else str(one))
        for name, one in args.items()
        if one is not False
    ]


def short_worker(name: str | None) -> str:
    """The end of a worker's name tells it apart."""
    return "" if name is None else name if len(name) <= SHOWN_NAME else f"…{name[-SHOWN_NAME:]}"


ENVIRONMENT.filters.update(
    bars=bars,
    lasted=lasted,
    foreseen_end=foreseen_end,
    told_counts=told_counts,
    shown_args=shown_args,
    short_worker=short_worker,
    job_kind=lambda kind: KINDS.get(kind) or words(kind),
    job_state=lambda state: STATES.get(state) or words(state),
    job_tone=lambda state: TONES.get(state, "paused"),
    job_acts=acts,
    job_warning=lambda kind: WARNS.get(kind, ""),
    act_verb=lambda act: VERBS[act],
    step_title=lambda step: STEPS[step],
    origin_words=lambda origin: ORIGINS[origin],
)
