"""Budgets as pages: weighed before anything is saved, shared fairly, and callers' deadlines."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from adapters.storage.phone import voice_board
from adapters.storage.phone.voice_board import HOURS, Answers, Hour
from domain.people import Permission
from producers.days import account_zone
from producers.doors import Door, door
from producers.pages.rendering import ENVIRONMENT, render
from producers.sharing import Share, Taker, shares
from producers.what_if import LONGEST_MINUTES, MOST_REQUESTS, Window, Wish, weigh
from producers.words import uuid_of

router = APIRouter(prefix="/queues", include_in_schema=False)

Operator = Annotated[Door, Depends(door(Permission.OPERATE))]

EVERY, LIMIT = "every-", "limit-"
LONGEST_FIELD = 60
WIDTH = 100.0
HEIGHT = 60.0
SHOWN_TAKERS = 12
AN_HOUR, A_DAY = 60, 1440
STATUS: Mapping[str, tuple[str, str]] = {
    "on_time": ("on_time", "On time"),
    "slowed": ("paused", "Slower"),
    "late": ("failing", "Late"),
    "by_hand": ("by_hand", "Not by itself"),
}
PARTS: Mapping[str, str] = {
    "answered": "answered",
    "fallback": "fallback",
    "late": "too late",
    "turned_away": "turned away",
    "waiting": "waiting",
}
"""Of a caller's questions, in the order of the bars."""


@router.get("/what-if")
def what_if(request: Request, door: Operator) -> HTMLResponse:
    """What is asked is in the address, so that it can be sent to somebody."""
    wish = wished(request.query_params)
    found = weigh(door, wish)
    with door.transaction() as db:
        timezone = account_zone(db)
    return render(
        request,
        "what_if.html",
        person=door.person,
        found=found,
        wish=wish,
        timezone=timezone,
        changes=sum(
            one.minutes != one.minutes_then for pool in found.pools for one in pool.connections
        ),
        may_configure=door.person.may(Permission.CONFIGURE),
        longest=LONGEST_MINUTES,
        most=MOST_REQUESTS,
    )


@router.get("/shares")
def fair_shares(request: Request, door: Operator) -> HTMLResponse:
    found = shares(door)
    return render(request, "shares.html", person=door.person, found=found, shown=SHOWN_TAKERS)


@router.get("/callers")
def callers(request: Request, door: Operator) -> HTMLResponse:
    with door.transaction() as db:
        found = voice_board.read_deadlines(db)
        timezone = account_zone(db)
    return render(
        request,
        "callers.html",
        person=door.person,
        found=found,
        timezone=timezone,
        parts=PARTS,
        patience=door.ports.voice.answer_seconds if door.ports.voice else None,
    )


def wished(asked: Mapping[str, str]) -> Wish:
    """Fields of the form that hold a number; the others ask for nothing."""
    minutes, limits = {}, {}
    for name, value in asked.items():
        number = int(value) if value.isdecimal() and len(value) < LONGEST_FIELD else 0
        if name.startswith(EVERY) and 1 <= number <= LONGEST_MINUTES:
            connection_id = uuid_of(name.removeprefix(EVERY))
            if connection_id is not None:
                minutes[connection_id] = number
        if name.startswith(LIMIT) and 1 <= number <= MOST_REQUESTS:
            vendor, _, seconds = name.removeprefix(LIMIT).rpartition("-")
            if seconds.isdecimal() and len(seconds) < LONGEST_FIELD:
                limits[vendor, int(seconds)] = number
    return Wish(minutes=minutes, limits=limits)


def part(window: Window) -> tuple[float, float]:
    """How full the window is now and then, in hundredths of a bar whose end is all of it."""
    return tuple(round(min(1.0, one) * WIDTH, 1) for one in (window.share, window.share_then))  # type: ignore[return-value]


def every(minutes: int | None) -> str:
    """`15 min`, `2 h`, `1 day`."""
    if minutes is None:
        return "never"
    if minutes % A_DAY == 0:
        return f"{minutes // A_DAY} {'day' if minutes == A_DAY else 'days'}"
    if minutes >= 2 * AN_HOUR:
        return f"{minutes / AN_HOUR:.3g} h"
    return f"{minutes} min"


def bar(taker: Taker, share: Share) -> tuple[float, float]:
    """What was taken and where the fair share ends, in hundredths of the largest."""
    most = max([1, *(max(one.took, one.fair) for one in share.takers)])
    return round(WIDTH * taker.took / most, 1), round(WIDTH * taker.fair / most, 1)


def hour_bars(hours: Sequence[Hour]) -> Sequence[tuple[Hour, Sequence[tuple[str, float, float]]]]:
    """Each hour's questions piled up by what became of them: name, top and height."""
    most = max([1, *(one.answers.asked for one in hours)])
    return [(one, _pile(one.answers, most)) for one in hours]


def _pile(answers: Answers, most: int) -> Sequence[tuple[str, float, float]]:
    piled, top = [], HEIGHT
    for name in PARTS:
        height = HEIGHT * getattr(answers, name) / most
        top -= height
        if height:
            piled.append((name, round(top, 1), round(height, 1)))
    return piled


def seconds(value: float | None) -> str:
    """`0.4 s`; nothing where nobody was answered."""
    return "" if value is None else f"{value:.1f} s"


def told(answers: Answers) -> str:
    """`12 answered, 1 too late`."""
    counts = [f"{getattr(answers, name)} {word}" for name, word in PARTS.items()]
    return ", ".join(one for one in counts if not one.startswith("0 ")) or "nobody asked"


ENVIRONMENT.filters.update(
    window_part=part,
    every_words=every,
    taker_bar=bar,
    hour_bars=hour_bars,
    short_seconds=seconds,
    answers_words=told,
    wished_tone=lambda status: STATUS[status][0],
    wished_status=lambda status: STATUS[status][1],
)
ENVIRONMENT.globals.update(voice_hours=HOURS)
