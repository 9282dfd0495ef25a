"""An account's week over JSON: what was synced and booked, beside the week before."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from adapters.storage.runs import summaries
from domain.people import Permission
from domain.summaries import Summary, monday
from producers.answers import Success
from producers.doors import Door, door
from producers.problems import Problem

router = APIRouter(prefix="/api/pms", tags=["connections"])

NONE_YET = "There is no summary yet; the first comes on Monday morning."


class SummaryAnswer(Success):
    """One week; `weeks` are the Mondays of those there are, the newest first."""

    summary: Summary
    weeks: Sequence[date]


@router.get("/summary", summary="Read a week's summary")
def read(
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))], week: date | None = None
) -> SummaryAnswer:
    """The newest week that was told, or the one that holds the day `week`."""
    with door.transaction() as db:
        found = summaries.find(db, week=week and monday(week))
        weeks = summaries.weeks(db)
    if found is None:
        raise Problem(
            HTTPStatus.NOT_FOUND, "There is no summary of that week." if weeks else NONE_YET
        )
    return SummaryAnswer(summary=found, weeks=weeks)
