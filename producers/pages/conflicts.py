"""The conflict inbox: what needs a decision, what was decided, and the syncs it came from."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import text

from adapters import pms
from adapters.storage.by_hand import chosen_clinicians, conflict_list, history
from adapters.storage.by_hand.conflict_list import Listed
from adapters.storage.runs import runs
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.sheet.sheet_status import read_connections
from domain.people import Permission
from domain.window import local_day
from producers.api.conflicts import Filter, matching
from producers.days import account_zone
from producers.doors import Door, door
from producers.pages.fields import LABELS, shown_value
from producers.pages.rendering import ENVIRONMENT, NavItem, moment, render
from producers.pages.whose import name_of
from producers.reading import count_each, reading

router = APIRouter(include_in_schema=False)

LATEST_RUNS = 60
SHOWN_RUNS = 8

_ZONE = text("SELECT timezone FROM run_sheet_appointments WHERE id = :id")
_STEPS: Mapping[str, str] = {
    "edited": "Edited",
    "reverted": "Undone",
    "undone": "Undone",
    "redone": "Done again",
    "settled": "Settled",
    "synced": "Changed by the PMS",
    "removed": "Taken off by a sync",
    "linked": "Joined with the same appointment",
    "added": "Added to",
    "created": "Added",
    "taken_off": "Taken off the sheet",
    "put_back": "Put back on the sheet",
    "rezoned": "Time zone of the practice put right",
}


NAV = NavItem(
    "/conflicts", "Conflicts", Permission.SEE_SHEET, order=10, count=conflict_list.waiting
)
Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]


@router.get("/conflicts")
def page(request: Request, door: Reader, wanted: Annotated[Filter, Query()]) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    return render(request, "conflicts.html", person=door.person, **_inbox(door, wanted))


@router.get("/conflicts/inbox")
def fragment(request: Request, door: Reader, wanted: Annotated[Filter, Query()]) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    return render(request, "_conflicts.html", person=door.person, **_inbox(door, wanted))


@router.get("/sheet/entries/{entry_id}/history")
def past(request: Request, door: Reader, entry_id: UUID) -> HTMLResponse:
    """What was done to a row, with its values; read only when somebody asks for it."""
    with reading(door) as db:
        count_each(db, door, [entry_id])
        steps = history.history_of(
            db, door.seal, entry_id, account_id=door.account_id, access=door.access
        )
        timezone = db.execute(_ZONE, {"id": entry_id}).scalar_one()
        clinicians = chosen_clinicians.names(db)
    return render(
        request,
        "_history.html",
        person=door.person,
        steps=steps,
        timezone=timezone,
        clinicians=clinicians,
        may_edit=door.person.may(Permission.EDIT_SHEET),
        labels=LABELS,
        words_for=_STEPS,
    )


def _inbox(door: Door, wanted: Filter) -> dict[str, Any]:
    now = door.ports.clock()
    with reading(door) as db:
        found = matching(db, door, wanted)
        of_practices = conflict_list.of_practices(db, wanted.wanted)
        connections = read_connections(db, now=now)
        latest = _changing(runs.listed(db, limit=LATEST_RUNS))
        clinicians = chosen_clinicians.names(db)
        timezone = account_zone(db)
    return {
        **dict(found),
        "wanted": wanted,
        "most": max((one.count for one in found.rules), default=1),
        "connections": {one.id: one for one in connections},
        "of_practices": of_practices,
        "runs": latest,
        "clinicians": clinicians,
        "timezone": timezone,
        "link": _linker(wanted),
        "may_edit": door.person.may(Permission.EDIT_SHEET),
        "labels": LABELS,
    }


def _changing(logged: Sequence[LoggedRun]) -> list[LoggedRun]:
    """The latest ended runs that changed the sheet."""
    told = [
        one
        for one in logged
        if not one.dry_run
        and one.status != "running"
        and (one.created or one.updated or one.removed)
    ]
    return told[:SHOWN_RUNS]


def _linker(wanted: Filter) -> Callable[..., str]:
    """The address of this list with some of what is asked for changed."""
    asked = wanted.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)

    def link(**changed: Any) -> str:
        kept = {**asked, **changed}
        said = {name: str(one) for name, one in kept.items() if one not in (None, "open")}
        return f"/conflicts?{urlencode(said)}" if said else "/conflicts"

    return link


def side(value: Any, conflict: Listed, clinicians: Mapping[UUID, str]) -> str:
    """A side's value in words; a time on another day says which."""
    value = name_of(value, clinicians)
    if isinstance(value, datetime):
        zone = conflict.timezone
        if local_day(value, zone) != local_day(conflict.start, zone):
            return moment(value, zone)
    return shown_value(value, conflict.field, conflict.timezone)


def step_value(value: Any, field: str, timezone: str, clinicians: Mapping[UUID, str]) -> str:
    """A value of a row's history in words."""
    value = name_of(value, clinicians)
    if isinstance(value, datetime):
        return moment(value, timezone)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value if one) or "nothing"
    return shown_value(value, field, timezone)


def did(run: LoggedRun) -> str:
    """What a run did to the sheet."""
    counts = ((run.created, "added"), (run.updated, "changed"), (run.removed, "taken off"))
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def vendor_or_name(by: str) -> str:
    """A step's hand: a PMS by its title, a person by their name."""
    return pms.title(by) or by


ENVIRONMENT.filters.update(
    side=side, did=did, step_value=step_value, vendor_or_name=vendor_or_name, local_date=local_day
)
