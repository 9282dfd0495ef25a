"""What is known of rows without opening them: the prints by which a page is told apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.arrays import array_of
from domain.intake import Reprint, Stored
from domain.window import Window
from infra.database import Direct

# Row by row by the key: a plan made while the table was small would read all of it for each page.
_BY_ID = """
    SELECT held.* FROM unnest(CAST(:ids AS uuid[])) AS wanted(id)
    CROSS JOIN LATERAL (
      SELECT entry.id, entry.fingerprint, entry.removed_at IS NOT NULL AS is_removed, entry.undone,
             cardinality(entry.undone_fields) > 0 AS has_undone, entry.pms_print,
             entry.pms_origin
      FROM run_sheet_appointments AS entry WHERE entry.id = wanted.id OFFSET 0
    ) AS held
"""
_FINGERPRINTS = Direct(_BY_ID)
# Also rows the ids do not name, so that the pages to come need not ask.
_FINGERPRINTS_AROUND = Direct(
    f"""
    {_BY_ID}
    UNION ALL
    SELECT id, fingerprint, removed_at IS NOT NULL, undone, cardinality(undone_fields) > 0,
           pms_print, pms_origin
    FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND pms_start >= :start AND pms_start < :end
      AND pms_practitioner_id = ANY(:practitioner_ids)
    """  # noqa: S608 - the statement above
)
_REPRINT = text(
    """
    UPDATE run_sheet_appointments AS entry
    SET fingerprint = one.fingerprint, pms_print = one.told,
        pms_origin = coalesce(one.origin, entry.pms_origin)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fingerprints AS bytea[]), CAST(:told AS bytea[]),
                CAST(:origins AS bytea[])) AS one(id, fingerprint, told, origin)
    WHERE entry.id = one.id
    """
)


def stored(db: Db, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
    """Of the rows we hold; nothing is opened or locked."""
    return _by_id(_FINGERPRINTS.rows(db, {"ids": array_of(ids)}))


def stored_around(
    db: Db,
    ids: Sequence[UUID],
    connection_id: UUID,
    *,
    window: Window,
    practitioner_ids: Sequence[str],
) -> Mapping[UUID, Stored]:
    """As `stored`, and of all rows these practitioners have in the window."""
    values = {
        "ids": array_of(ids),
        "connection_id": connection_id,
        "start": window.start,
        "end": window.end,
        "practitioner_ids": list(practitioner_ids),
    }
    return _by_id(_FINGERPRINTS_AROUND.rows(db, values))


def reprint(db: Db, rows: Sequence[Reprint]) -> None:
    """Known by the key in force from now on; nothing that anybody reads has changed."""
    if rows:
        values = {
            "ids": [one.id for one in rows],
            "fingerprints": [one.fingerprint for one in rows],
            "told": [one.told for one in rows],
            "origins": [one.origin for one in rows],
        }
        db.execute(_REPRINT, values)


def _by_id(rows: Iterable[tuple[Any, ...]]) -> Mapping[UUID, Stored]:
    """By position, as `_BY_ID` names them: there is one for each appointment of a listing."""
    return {row[0]: Stored(*row[1:]) for row in rows}
