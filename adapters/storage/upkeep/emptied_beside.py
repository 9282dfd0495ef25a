"""Empties what is kept beside the rows of what is left out: conflicts, previews, found patients."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage.by_hand.conflicts import TABLE as CONFLICTS
from adapters.storage.runs import run_log
from adapters.storage.two_way import patient_links
from adapters.storage.upkeep.emptied_rows import FIRST, Emptied, LeftOut
from domain.minimising import Extra

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC).isoformat()

# In the order of the account's own index: each is come to once, whosever it is.
_CONFLICTS = text(
    """
    SELECT conflict.id, conflict.appointment_id, conflict.both_values, conflict.opened_at
    FROM run_sheet_conflicts AS conflict
    JOIN run_sheet_appointments AS entry ON entry.id = conflict.appointment_id
    WHERE conflict.account_id = :account_id AND entry.pms_connection_id = :connection_id
      AND conflict.field = ANY(:fields)
      AND (conflict.opened_at, conflict.id)
          > (CAST(:opened_at AS timestamptz), CAST(:after AS uuid))
    ORDER BY conflict.opened_at, conflict.id LIMIT :most FOR UPDATE OF conflict
    """
)
_BOTH = text(
    """
    UPDATE run_sheet_conflicts AS conflict SET both_values = one.both_values
    FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS bytea[])) AS one(id, both_values)
    WHERE conflict.id = one.id
    """
)
# One at a time: it holds a line for each row of its days.
_PREVIEW = text(
    """
    SELECT id, diff FROM pms_sync_log
    WHERE pms_connection_id = :connection_id AND diff IS NOT NULL AND id > CAST(:after AS uuid)
    ORDER BY id LIMIT 1 FOR NO KEY UPDATE
    """
)
_DIFF = text("UPDATE pms_sync_log SET diff = :diff WHERE id = :id")
_PATIENTS = text(
    """
    SELECT id, candidates FROM patient_links
    WHERE connection_id = :connection_id AND candidates IS NOT NULL AND id > CAST(:after AS uuid)
    ORDER BY id LIMIT :most FOR NO KEY UPDATE
    """
)
_CANDIDATES = text(
    """
    UPDATE patient_links AS held SET candidates = one.candidates
    FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS bytea[])) AS one(id, candidates)
    WHERE held.id = one.id
    """
)


def conflicts(db: Db, what: LeftOut, place: Mapping[str, Any]) -> Emptied:
    """Of each the PMS's side, also where it was settled long ago."""
    asked = {
        "account_id": what.account_id,
        "connection_id": what.connection_id,
        "fields": list(what.fields),
        "opened_at": place.get("opened_at", EARLIEST),
        "after": place.get("after", FIRST),
        "most": what.most,
    }
    found = db.execute(_CONFLICTS, asked).all()
    fresh = dict[UUID, bytes]()
    for one in found:
        row_id, sealed = one.appointment_id, bytes(one.both_values)
        kept = what.seal.open_document(row_id, "both_values", sealed, table=CONFLICTS)
        if kept.get("theirs") is not None:
            left = {**kept, "theirs": None}
            fresh[one.id] = what.seal.document(row_id, "both_values", left, table=CONFLICTS)
    if fresh:
        db.execute(_BOTH, {"ids": list(fresh), "documents": list(fresh.values())})
    if len(found) < what.most:
        return Emptied(None)
    opened_at = found[-1].opened_at.astimezone(UTC).isoformat()
    return Emptied({"opened_at": opened_at, "after": str(found[-1].id)})


def previews(db: Db, what: LeftOut, place: Mapping[str, Any]) -> Emptied:
    """What a dry run would have done; the next one shows it as it is by then."""
    asked = {"connection_id": what.connection_id, "after": place.get("after", FIRST)}
    run = db.execute(_PREVIEW, asked).first()
    if run is None:
        return Emptied(None)
    lines = what.seal.open_document(run.id, "diff", bytes(run.diff), table=run_log.TABLE)
    left = [_line(one, what) for one in lines]
    if left != lines:
        diff = what.seal.document(run.id, "diff", left, table=run_log.TABLE)
        db.execute(_DIFF, {"id": run.id, "diff": diff})
    return Emptied({"after": str(run.id)})


def patients(db: Db, what: LeftOut, place: Mapping[str, Any]) -> Emptied:
    """Who of the PMS's patients people of ours may be, without their day of birth."""
    if Extra.BIRTH_DATE not in what.extras:
        return Emptied(None)
    asked = {
        "connection_id": what.connection_id,
        "after": place.get("after", FIRST),
        "most": what.most,
    }
    found = db.execute(_PATIENTS, asked).all()
    fresh = {one.id: _unborn(one, what) for one in found}
    if fresh:
        db.execute(_CANDIDATES, {"ids": list(fresh), "documents": list(fresh.values())})
    return Emptied({"after": str(found[-1].id)} if len(found) == what.most else None)


def _line(line: Mapping[str, Any], what: LeftOut) -> dict[str, Any]:
    left = {name: None if name in what.fields else value for name, value in line.items()}
    if "changed" in line:
        told = line["changed"].items()
        left["changed"] = {name: one for name, one in told if name not in what.fields}
    return left


def _unborn(link: Row[Any], what: LeftOut) -> bytes:
    place = {"table": patient_links.TABLE}
    sealed = bytes(link.candidates)
    listed: Sequence[Any] = what.seal.open_document(link.id, "candidates", sealed, **place)
    left = [{**one, "date_of_birth": None} for one in listed]
    return what.seal.document(link.id, "candidates", left, **place)
