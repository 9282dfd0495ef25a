"""Connections as an operator sees them: listed, found, paused, resumed, mapped and removed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from domain.connections import Connection
from domain.errors import BadInput

_COLUMNS = """
    id, account_id, connector AS vendor, display_name AS name, site, timezone, state, state_reason,
    sync_enabled, sync_frequency_minutes AS frequency_minutes,
    sync_telehealth_only AS telehealth_only, next_sync_at, last_sync_at, last_sync_status,
    last_sync_error, consecutive_failures, settings
"""
_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM pms_connections
    WHERE removed_at IS NULL
      AND (CAST(:account_id AS text) IS NULL OR account_id = :account_id)
    ORDER BY account_id, created_at, id
    """  # noqa: S608 - the columns are this module's own
)
_FIND = text(
    """
    SELECT id, account_id, connector AS vendor, display_name AS name FROM pms_connections
    WHERE removed_at IS NULL AND id::text LIKE :start LIMIT 2
    """
)
_PAUSE = text(
    """
    UPDATE pms_connections SET sync_enabled = false, state = 'INACTIVE', state_reason = :reason,
                               next_sync_at = NULL, updated_at = now()
    WHERE id = :id
    """
)
_RESUME = text(
    """
    UPDATE pms_connections SET sync_enabled = true, state = 'ACTIVE', state_reason = NULL,
                               consecutive_failures = 0, next_sync_at = now(),
                               next_renewal_at = NULL, updated_at = now()
    WHERE id = :id AND state <> 'SETUP_REQUIRED'
    """
)
_RECONNECT = text(
    """
    UPDATE pms_connections SET
      base_url = :base_url, token_url = :token_url, secret_ref = :secret_ref,
      sync_enabled = true, state = 'ACTIVE', state_reason = NULL, consecutive_failures = 0,
      next_sync_at = now(), next_renewal_at = NULL, updated_at = now()
    WHERE id = :id AND removed_at IS NULL
    """
)
_REMOVE = text(
    """
    WITH gone AS (
      UPDATE pms_connections SET removed_at = now(), sync_enabled = false, state = 'INACTIVE',
                                 next_sync_at = NULL, next_renewal_at = NULL, updated_at = now()
      WHERE id = :id AND removed_at IS NULL RETURNING id
    ), unmapped AS (
      UPDATE pms_clinician_mappings SET active = false, updated_at = now()
      FROM gone WHERE pms_connection_id = gone.id
    )
    UPDATE pms_appointment_types SET active = false, updated_at = now()
    FROM gone WHERE pms_connection_id = gone.id
    """
)
_CANCEL_JOBS = text(
    """
    UPDATE jobs SET state = 'cancelled', finished_at = now()
    WHERE connection_id = :id AND state = 'ready'
    """
)
_SETTINGS = text(
    """
    UPDATE pms_connections SET
      settings = (settings || CAST(:set AS jsonb)) - CAST(:unset AS text[]),
      display_name = COALESCE(:name, display_name),
      sync_frequency_minutes = COALESCE(:frequency_minutes, sync_frequency_minutes),
      sync_telehealth_only = COALESCE(:telehealth_only, sync_telehealth_only), updated_at = now()
    WHERE id = :id
    """
)
_SET_HOURS = text(
    """
    UPDATE pms_connections SET opening_hours = CAST(:hours AS jsonb), updated_at = now()
    WHERE id = :id
    """
)
_CLINICIAN = text("SELECT id FROM run_sheet_clinicians WHERE lower(name) = lower(:name) LIMIT 2")
_NEW_CLINICIAN = text(
    """
    INSERT INTO run_sheet_clinicians (account_id, name, position, pms_practitioner_id,
                                      pms_connection_id)
    SELECT :account_id, :name, count(*), :practitioner_id, :id FROM run_sheet_clinicians
    RETURNING id
    """
)
_MAP = text(
    """
    UPDATE pms_clinician_mappings SET run_sheet_clinician_id = :clinician_id, sync_enabled = true,
                                      auto_created = false, updated_at = now()
    WHERE pms_connection_id = :id AND pms_practitioner_id = :practitioner_id
    """
)
_UNMAP = text(
    """
    UPDATE pms_clinician_mappings SET sync_enabled = false, updated_at = now()
    WHERE pms_connection_id = :id AND pms_practitioner_id = :practitioner_id
    """
)
_MAPPINGS = text(
    """
    SELECT mapping.pms_practitioner_id AS practitioner_id, pms_practitioner_name AS practitioner,
           CASE WHEN mapping.sync_enabled THEN clinician.name END AS clinician,
           mapping.active
    FROM pms_clinician_mappings AS mapping
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = run_sheet_clinician_id
    WHERE mapping.pms_connection_id = :id ORDER BY practitioner, practitioner_id
    """
)
_TYPES = text(
    """
    SELECT pms_type_id AS type_id, pms_type_name AS name,
           default_duration_minutes AS duration_minutes, is_telehealth, classified, sync_enabled
    FROM pms_appointment_types WHERE pms_connection_id = :id AND active ORDER BY name, type_id
    """
)


@dataclass(frozen=True, slots=True)
class Found:
    """Enough of a connection to open it in its own account."""

    id: UUID
    account_id: str
    vendor: str
    name: str


def listed(db: Db, *, account_id: str | None = None) -> list[RowMapping]:
    """Every connection that was not removed; across accounts for the dispatch role."""
    return list(db.execute(_LIST, {"account_id": account_id}).mappings())


def find(db: Db, wanted: str) -> Found:
    """The connection of that id, or of an id that starts so; for the dispatch role."""
    start = wanted.strip().lower()
    if not start or not set(start) <= set("0123456789abcdef-"):
        raise BadInput(f"'{wanted}' is not a connection id; see 'pms-sync connections list'.")
    rows = db.execute(_FIND, {"start": f"{start}%"}).all()
    if not rows:
        raise BadInput(f"There is no connection {wanted}; see 'pms-sync connections list'.")
    if len(rows) > 1:
        raise BadInput(f"More than one connection id starts with {wanted}; give more of it.")
    return Found(**rows[0]._mapping)  # noqa: SLF001 - a row's documented mapping


def pause(db: Db, connection_id: UUID, *, reason: str | None = None) -> None:
    """Sync no more until resumed; waiting jobs are called off."""
    db.execute(_PAUSE, {"id": connection_id, "reason": reason})
    db.execute(_CANCEL_JOBS, {"id": connection_id})


def resume(db: Db, connection_id: UUID) -> None:
    """Sync again from now on; failures so far are forgiven."""
    if db.execute(_RESUME, {"id": connection_id}).rowcount != 1:
        raise BadInput("This connection is not set up yet; pair or test it first.")


def reconnect(db: Db, connection: Connection) -> None:
    """Take up its addresses and where its secrets are, and sync again from now on."""
    values = {
        "id": connection.id,
        "base_url": connection.base_url,
        "token_url": connection.token_url,
        "secret_ref": connection.secret_ref,
    }
    if db.execute(_RECONNECT, values).rowcount != 1:
        raise BadInput("This connection was removed meanwhile; add the practice anew.")


def remove(db: Db, connection_id: UUID) -> None:
    """Sync no more; rows, runs and audit stay, waiting jobs are called off."""
    db.execute(_REMOVE, {"id": connection_id})
    db.execute(_CANCEL_JOBS, {"id": connection_id})


def change(
    db: Db,
    connection_id: UUID,
    *,
    settings: Mapping[str, Any],
    name: str | None = None,
    frequency_minutes: int | None = None,
    telehealth_only: bool | None = None,
) -> None:
    """Change what is given; a setting with the value None goes back to the vendor's default."""
    db.execute(
        _SETTINGS,
        {
            "id": connection_id,
            "set": json.dumps({key: one for key, one in settings.items() if one is not None}),
            "unset": [key for key, one in settings.items() if one is None],
            "name": name,
            "frequency_minutes": frequency_minutes,
            "telehealth_only": telehealth_only,
        },
    )


def set_opening_hours(db: Db, connection_id: UUID, hours: Mapping[str, Any]) -> None:
    """When the practice is open, as `domain.hours` reads it; nothing means always."""
    db.execute(_SET_HOURS, {"id": connection_id, "hours": json.dumps(dict(hours))})


def map_practitioner(
    db: Db, connection: Connection, practitioner_id: str, *, clinician: str
) -> None:
    """Give the practitioner a column: the clinician of that name, or a new one."""
    found = db.execute(_CLINICIAN, {"name": clinician}).all()
    if len(found) > 1:
        raise BadInput(f"More than one clinician is called '{clinician}'; rename one on the sheet.")
    where = {"id": connection.id, "practitioner_id": practitioner_id}
    clinician_id = (
        found[0].id
        if found
        else db.execute(
            _NEW_CLINICIAN, {**where, "account_id": connection.account_id, "name": clinician}
        ).scalar_one()
    )
    if db.execute(_MAP, {**where, "clinician_id": clinician_id}).rowcount != 1:
        raise BadInput(f"This connection knows no practitioner '{practitioner_id}'.")


def unmap_practitioner(db: Db, connection_id: UUID, practitioner_id: str) -> None:
    """Leave the practitioner off the sheet; the next sync takes their rows off it."""
    values = {"id": connection_id, "practitioner_id": practitioner_id}
    if db.execute(_UNMAP, values).rowcount != 1:
        raise BadInput(f"This connection knows no practitioner '{practitioner_id}'.")


def mappings(db: Db, connection_id: UUID) -> list[RowMapping]:
    return list(db.execute(_MAPPINGS, {"id": connection_id}).mappings())


def types(db: Db, connection_id: UUID) -> list[RowMapping]:
    return list(db.execute(_TYPES, {"id": connection_id}).mappings())
