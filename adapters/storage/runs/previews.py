"""A dry run's lines, opened for somebody who may see patients, and written down as seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import Access, record
from adapters.storage.practices.clinicians import columns_of
from adapters.storage.runs import run_log, runs
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.sheet.entries import EntrySeal
from domain.intake import Incoming

Line = dict[str, Any]

PHI_PREFIX = "patient_"
PHI_ALSO = {"notes", "telehealth_links"}
GROUPS = ("add", "change", "remove")


def untold(fresh: Sequence[Incoming], lines: Sequence[Mapping[str, Any]]) -> Sequence[Incoming]:
    """Rows without a line as yet: a listing that is read again, or twice, tells of each once."""
    told = {str(one["id"]) for one in lines}
    return [one for one in fresh if str(one.id) not in told]


def read_preview(db: Db, seal: EntrySeal, run: LoggedRun, *, access: Access) -> list[Line]:
    """The lines of a dry run in the order of the day; reading them is audited."""
    diff = runs.sealed_diff(db, run.id)
    stored: list[Line] = (
        [] if diff is None else seal.open_document(run.id, "diff", diff, table=run_log.TABLE)
    )
    record(
        db,
        access,
        account_id=run.account_id,
        action="dry_run.read",
        phi_fields=_phi(stored),
        connection_id=run.connection_id,
        summary=f"run {run.id}",
    )
    return sorted((_read(one) for one in stored), key=_when)


def grouped(db: Db, lines: Sequence[Line]) -> dict[str, list[Line]]:
    """What would be added, changed and removed; a clinician by name."""
    names = {str(one.id): one.name for one in columns_of(db)}
    return {what: [_named(one, names) for one in lines if one["what"] == what] for what in GROUPS}


def _named(line: Line, names: Mapping[str, str]) -> Line:
    changed = line.get("changed", {})
    if "clinician" not in changed:
        return line
    told = [names.get(str(one)) for one in changed["clinician"]]
    return {**line, "changed": {**changed, "clinician": told}}


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


def _when(line: Line) -> tuple[str, str]:
    start = line.get("start")
    told = start.isoformat() if isinstance(start, datetime) else ""
    return told, str(line.get("id", ""))
