"""What a dry run would have done: read back audited, and shown on the practice's clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from adapters.storage.runs import approvals
from adapters.storage.runs.previews import Line, read_preview
from adapters.storage.runs.runs import LoggedRun
from console import output
from console.auditing import access
from console.wiring import Wiring
from domain.window import zone
from infra.clock import system_clock
from infra.database import transaction

MARKS = {"add": "+", "change": "~", "remove": "-"}
UNREADABLE = {"clinician", "notes", "telehealth_links"}
"""An id, or too long for a line: that it changes is told, not from what to what."""
_ZONE = text("SELECT timezone FROM pms_connections WHERE id = :id")

WORDS = {"start": "start", "duration_minutes": "minutes", "is_telehealth": "telehealth"}


def read(wiring: Wiring, run: LoggedRun, *, command: str) -> list[Line]:
    """The lines of a dry run; reading them is audited, for they name patients."""
    if not run.dry_run:
        return []
    seal = wiring.entry_seal(run.account_id)
    at_the_door = access(command, trace_id=run.trace_id)
    with transaction(wiring.engine, account_id=run.account_id) as db:
        return read_preview(db, seal, run, access=at_the_door)


def place_of(wiring: Wiring, run: LoggedRun) -> ZoneInfo:
    """Where the run's practice is; one that was removed since still has its clock."""
    with transaction(wiring.engine, account_id=run.account_id) as db:
        return zone(db.execute(_ZONE, {"id": run.connection_id}).scalar_one())


def offer(wiring: Wiring, run: LoggedRun) -> str:
    """How the preview is done as it stands, and by when; or why it cannot be any more."""
    now = system_clock()
    with transaction(wiring.engine, account_id=run.account_id) as db:
        found = approvals.prospect(db, run.id, at=now)
    if found.until is None:
        return str(found.refused)
    how = f"To do exactly this: pms-sync runs approve {output.short(run.id)}"
    if found.until <= now:
        return f"{how} (at once: the next sync of these days is due, and ends it)"
    at = f"{found.until.astimezone(place_of(wiring, run)):%a %d %b %H:%M}"
    if not found.is_synced_then:
        return f"{how} (until {at})"
    left = output.span((found.until - now).total_seconds())
    return f"{how} (until the next sync of these days, {at}, in {left})"


def show(lines: Sequence[Line], place: ZoneInfo) -> None:
    """In the order of the day, as the practice's clock tells it."""
    output.table(
        ["", "Start", "Patient", "Type", "Status", "Changes"],
        [
            (
                MARKS.get(one["what"], "?"),
                _told(one.get("start"), place),
                one.get("patient_name"),
                one.get("appointment_type"),
                one.get("status"),
                "; ".join(
                    _change(name, values, place) for name, values in one.get("changed", {}).items()
                ),
            )
            for one in lines
        ],
    )


def _change(name: str, values: Sequence[Any], place: ZoneInfo) -> str:
    """`start Sat 21 Nov 09:00 to Sat 21 Nov 09:15`."""
    words = WORDS.get(name, name.replace("_", " "))
    if name in UNREADABLE:
        return words
    was, now = (_told(one, place) for one in values)
    return f"{words} {was} to {now}"


def _told(value: Any, place: ZoneInfo) -> Any:
    match value:
        case datetime():
            return value.astimezone(place).strftime("%a %d %b %H:%M")
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
    return value
