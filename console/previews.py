"""What a dry run would have done: read back audited, and shown on the practice's clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.storage import run_log, runs
from adapters.storage.audit import record
from adapters.storage.runs import LoggedRun
from console import output
from console.auditing import access
from console.wiring import Wiring
from infra.database import transaction

Line = dict[str, Any]

MARKS = {"add": "+", "change": "~", "remove": "-"}
PHI_PREFIX = "patient_"
PHI_ALSO = {"notes", "telehealth_links"}
UNREADABLE = {"clinician", "notes", "telehealth_links"}
"""An id, or too long for a line: that it changes is told, not from what to what."""
WORDS = {"start": "start", "duration_minutes": "minutes", "is_telehealth": "telehealth"}


def read(wiring: Wiring, run: LoggedRun) -> list[Line]:
    """The lines of a dry run; reading them is audited, for they name patients."""
    seal = wiring.entry_seal(run.account_id)
    with transaction(wiring.engine, account_id=run.account_id) as db:
        diff = runs.sealed_diff(db, run.id)
        stored: list[Line] = (
            [] if diff is None else seal.open_document(run.id, "diff", diff, table=run_log.TABLE)
        )
        record(
            db,
            access("sync --dry-run", trace_id=run.trace_id),
            account_id=run.account_id,
            action="dry_run.read",
            phi_fields=_phi(stored),
            connection_id=run.connection_id,
            summary=f"run {run.id}",
        )
    return [_read(one) for one in stored]


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
            for one in sorted(lines, key=_when)
        ],
    )


def _read(line: Line) -> Line:
    """With its instants as instants: they are stored as text."""
    found = {**line, "start": _instant(line.get("start"))}
    if "changed" in line:
        found["changed"] = {
            name: [_instant(one) for one in values] if name == "start" else values
            for name, values in line["changed"].items()
        }
    return found


def _instant(stored: Any) -> Any:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def _phi(lines: Sequence[Line]) -> list[str]:
    """Names of the fields somebody gets to see."""
    names = {name for line in lines for name in (*line, *line.get("changed", {}))}
    return sorted(one for one in names if one.startswith(PHI_PREFIX) or one in PHI_ALSO)


def _when(line: Line) -> str:
    start = line.get("start")
    return start.isoformat() if isinstance(start, datetime) else ""


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
