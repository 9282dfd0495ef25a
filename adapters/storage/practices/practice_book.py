"""Who works at a practice and what it offers, as its PMS and people say."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices import clinicians
from adapters.storage.practices.mapping_all import map_everyone
from domain.appointments import AppointmentType, Practitioner
from domain.connections import Connection

_SAVE_PRACTITIONERS = text(
    """
    INSERT INTO pms_clinician_mappings AS held
      (account_id, pms_connection_id, pms_practitioner_id, pms_practitioner_name, active)
    SELECT :account_id, :id, pms_id, full_name, active
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(pms_id text, full_name text, active boolean)
    ON CONFLICT (pms_connection_id, pms_practitioner_id) DO UPDATE SET
      pms_practitioner_name = EXCLUDED.pms_practitioner_name, active = EXCLUDED.active,
      updated_at = now()
    WHERE (held.pms_practitioner_name, held.active)
          IS DISTINCT FROM (EXCLUDED.pms_practitioner_name, EXCLUDED.active)
    """
)
# Once a person (or the PMS) has said whether a type is telehealth, that stands.
_SAVE_TYPES = text(
    """
    INSERT INTO pms_appointment_types AS held
      (account_id, pms_connection_id, pms_type_id, pms_type_name, default_duration_minutes, colour,
       is_telehealth, classified)
    SELECT :account_id, :id, pms_id, name, duration_minutes, colour,
           COALESCE(is_telehealth, false), is_telehealth IS NOT NULL
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r(pms_id text, name text, duration_minutes int, colour text, is_telehealth boolean)
    ON CONFLICT (pms_connection_id, pms_type_id) DO UPDATE SET
      pms_type_name = EXCLUDED.pms_type_name,
      default_duration_minutes = EXCLUDED.default_duration_minutes,
      colour = EXCLUDED.colour, active = true,
      is_telehealth = CASE WHEN held.classified THEN held.is_telehealth
                      ELSE EXCLUDED.is_telehealth END,
      classified = held.classified OR EXCLUDED.classified,
      updated_at = now()
    WHERE (held.pms_type_name, held.default_duration_minutes, held.colour, held.active)
          IS DISTINCT FROM (EXCLUDED.pms_type_name, EXCLUDED.default_duration_minutes,
                            EXCLUDED.colour, true)
       OR (EXCLUDED.classified AND NOT held.classified)
    """
)
_MARK_TELEHEALTH = text(
    """
    INSERT INTO pms_appointment_types
      (account_id, pms_connection_id, pms_type_id, pms_type_name, is_telehealth, classified)
    SELECT :account_id, :id, type_id, type_id, true, true
    FROM unnest(CAST(:type_ids AS text[])) AS type_id
    ON CONFLICT (pms_connection_id, pms_type_id)
    DO UPDATE SET is_telehealth = true, classified = true, updated_at = now()
    """
)


def save_practitioners(
    db: Db,
    connection: Connection,
    practitioners: Sequence[Practitioner],
    *,
    map_all: bool | None = None,
) -> None:
    """Remember whom the PMS named; a new one has no column until a person maps it.

    With `map_all` (by default the connection's own setting) each gets a clinician at once. A
    rename changes the PMS's name only, never the clinician's.
    """
    rows = [
        {"pms_id": one.pms_id, "full_name": one.full_name, "active": one.in_book}
        for one in {one.pms_id: one for one in practitioners}.values()
    ]
    owner = {"account_id": connection.account_id, "id": connection.id}
    maps = connection.settings.get("map_all", False) if map_all is None else map_all
    if maps:
        clinicians.alone(db, connection.account_id)
    if rows:
        db.execute(_SAVE_PRACTITIONERS, {**owner, "rows": json.dumps(rows)})
    if maps:
        map_everyone(db, connection)


def save_types(db: Db, connection: Connection, types: Sequence[AppointmentType]) -> None:
    """Remember the types the PMS offers; whether a type is telehealth is asked of a person once."""
    rows = [
        {
            "pms_id": one.pms_id,
            "name": one.name,
            "duration_minutes": one.duration_minutes,
            "colour": one.colour,
            "is_telehealth": one.is_telehealth,
        }
        for one in {one.pms_id: one for one in types}.values()
    ]
    owner = {"account_id": connection.account_id, "id": connection.id}
    if rows:
        db.execute(_SAVE_TYPES, {**owner, "rows": json.dumps(rows)})


def mark_telehealth(db: Db, connection: Connection, type_ids: Sequence[str]) -> None:
    """A person's word on which types are telehealth, before the PMS has named any of them."""
    owner = {"account_id": connection.account_id, "id": connection.id}
    db.execute(_MARK_TELEHEALTH, {**owner, "type_ids": list(set(type_ids))})
