"""An account's week as a page: figures beside those of the week before, and what went wrong."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection as Db

from adapters.storage.runs import summaries
from domain.people import Permission
from domain.summaries import Summary, monday
from domain.summary_words import lines, title_of
from producers.doors import Door, door
from producers.pages.queues import bars
from producers.pages.rendering import ENVIRONMENT, NavItem, render

router = APIRouter(include_in_schema=False)

NAV = NavItem("/summary", "Week", Permission.SEE_STATUS, order=35, wanted=summaries.is_any)

DRAWN = 12
FEWEST_DRAWN = 3
"""Two weeks stand beside each other anyway."""


@router.get("/summary")
def page(
    request: Request,
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))],
    week: date | None = None,
) -> HTMLResponse:
    """The newest week that anything happened in, or the one that holds that day."""
    with door.transaction() as db:
        going_on = summaries.so_far(db, door.account_id, now=door.ports.clock())
        weeks = summaries.weeks(db)
        found = _chosen(db, going_on, week and monday(week))
        earlier = summaries.earlier(db, found.week, most=DRAWN - 1) if found else ()
    return render(
        request,
        "summary.html",
        person=door.person,
        told=found,
        lines=lines(found, earlier) if found else (),
        drawn=len(earlier) + 1 if len(earlier) + 1 >= FEWEST_DRAWN else 0,
        so_far=found is going_on,
        weeks=[going_on.week, *weeks],
        going_on=going_on.week,
    )


def _chosen(db: Db, going_on: Summary, week: date | None) -> Summary | None:
    if week == going_on.week:
        return going_on
    found = summaries.find(db, week=week)
    is_news = week is None and (found is None or found.this.is_empty)
    return going_on if is_news and not going_on.this.is_empty else found


ENVIRONMENT.filters.update(
    week_title=title_of,
    course_bars=lambda course: bars(course.figures),
)
