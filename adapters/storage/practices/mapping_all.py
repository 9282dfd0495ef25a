"""A column for every practitioner of a connection whose person asked for all of them."""

from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices import clinicians
from domain.connections import Connection

# Who was unmapped by a person keeps a clinician and is only switched off, so stays unmapped here.
_FRESH = text(
    """
    SELECT id, pms_practitioner_id AS pms_id, pms_practitioner_name AS name
    FROM pms_clinician_mappings
    WHERE pms_connection_id = :id AND run_sheet_clinician_id IS NULL AND sync_enabled
    ORDER BY pms_practitioner_name, pms_practitioner_id FOR UPDATE
    """
)
_TAKEN = text(
    """
    SELECT run_sheet_clinician_id FROM pms_clinician_mappings
    WHERE pms_connection_id = :id AND run_sheet_clinician_id IS NOT NULL
    """
)
_MAP = text(
    """
    UPDATE pms_clinician_mappings
    SET run_sheet_clinician_id = :clinician_id, auto_created = :is_new, updated_at = now()
    WHERE id = :id
    """
)


def map_everyone(db: Db, connection: Connection) -> None:
    """The column of that name, however it is written, or else a new one.

    Two people of one practice may have one name: each gets a column, told apart by a number.
    """
    clinicians.alone(db, connection.account_id)
    fresh = db.execute(_FRESH, {"id": connection.id}).all()
    taken = set(db.execute(_TAKEN, {"id": connection.id}).scalars()) if fresh else set()
    for one in fresh:
        free = [each for each in clinicians.called(db, one.name) if each not in taken]
        column = free[0] if free else _new(db, connection, one.name, one.pms_id)
        db.execute(_MAP, {"id": one.id, "clinician_id": column, "is_new": not free})
        taken.add(column)


def _new(db: Db, connection: Connection, name: str, pms_id: str) -> UUID:
    number, wanted = 1, name
    while clinicians.called(db, wanted):
        number += 1
        wanted = f"{name} ({number})"
    return clinicians.add_clinician(
        db,
        connection.account_id,
        wanted,
        connection_id=connection.id,
        practitioner_id=pms_id,
    )
