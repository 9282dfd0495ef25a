"""An account's week as a page: figures beside those of the week before, and what went wrong."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from adapters.storage.runs import summaries
from domain.people import Permission
from domain.summaries import monday
from domain.summary_words import lines, title_of
from producers.doors import Door, door
from producers.pages.rendering import ENVIRONMENT, NavItem, render

router = APIRouter(include_in_schema=False)

NAV = NavItem("/summary", "Week", Permission.SEE_STATUS, order=35, wanted=summaries.is_any)


@router.get("/summary")
def page(
    request: Request,
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))],
    week: date | None = None,
) -> HTMLResponse:
    """The newest week, or the one that holds that day."""
    with door.transaction() as db:
        found = summaries.find(db, week=week and monday(week))
        weeks = summaries.weeks(db)
    return render(
        request,
        "summary.html",
        person=door.person,
        told=found,
        lines=lines(found) if found else (),
        weeks=weeks,
    )


ENVIRONMENT.filters.update(week_title=title_of)
