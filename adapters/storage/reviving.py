"""A practice connected again gets its removed connection back: rows, edits and mappings go on."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from domain.connections import State

# Two that connect the same practice at once are one after the other.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
# One that had rows comes before one that was begun and given up.
_GONE = text(
    """
    SELECT id, secret_ref, removed_at FROM pms_connections AS gone
    WHERE account_id = :account_id AND connector = :vendor AND site = :site AND site <> ''
      AND removed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM pms_connections AS own
        WHERE own.account_id = gone.account_id AND own.connector = gone.connector
          AND own.site = gone.site AND own.removed_at IS NULL AND own.id <> :but)
    ORDER BY EXISTS (
        SELECT FROM run_sheet_appointments WHERE pms_connection_id = gone.id) DESC, removed_at DESC
    LIMIT 1 FOR UPDATE
    """
)
# As it is asked for now. The mark is forgotten, so that the next sync reads its days whole and
# learns what became of the rows meanwhile; the webhook key was forgotten by the removal.
_BACK = text(
    """
    UPDATE pms_connections SET
      removed_at = NULL, display_name = :name, pms_type = :pms_type, timezone = :timezone,
      base_url = :base_url, token_url = :token_url, secret_ref = :secret_ref,
      settings = CAST(:settings AS jsonb), state = :state, state_reason = NULL,
      setup_step = :setup_step, sync_enabled = true, sync_frequency_minutes = :frequency_minutes,
      sync_telehealth_only = :telehealth_only, consecutive_failures = 0,
      next_sync_at = CASE WHEN :state = 'ACTIVE' THEN now() END, next_renewal_at = NULL,
      last_full_at = NULL, changes_mark = NULL, changes_from = NULL, changes_to = NULL,
      webhook_key_hash = NULL, webhook_key_made_at = NULL, emptied = '{}',
      version = version + 1, updated_at = now()
    WHERE id = :id
    """
)
# Those the removal switched off, and no others: it left them its own instant.
_MAPPED_AGAIN = text(
    """
    UPDATE pms_clinician_mappings SET active = true, updated_at = now()
    WHERE pms_connection_id = :id AND NOT active AND updated_at = :removed_at
    """
)
_TYPES_AGAIN = text(
    """
    UPDATE pms_appointment_types SET active = true, updated_at = now()
    WHERE pms_connection_id = :id AND NOT active AND updated_at = :removed_at
    """
)
# Rows that were taken off because nothing kept them up to date, or that stand behind another
# practice's, are the PMS's again: it says whether they are on the sheet.
_ROWS_AGAIN = text(
    """
    UPDATE run_sheet_appointments AS entry
    SET undone = false, linked_to = NULL, version = version + 1, updated_at = now()
    WHERE pms_connection_id = :id AND source = 'pms' AND (
      linked_to IS NOT NULL OR undone AND EXISTS (
      SELECT FROM run_sheet_history AS line
      WHERE line.appointment_id = entry.id AND line.what = 'taken_off'
        AND line.at = entry.removed_at))
    """
)
# Secrets that nobody uses any more; the next clearing away deletes them from the store.
_LEFT_OVER = text(
    """
    INSERT INTO pms_connection_checks (account_id, pms_connection_id, kind, state, trial_ref,
                                       asked_by, ended_at)
    VALUES (:account_id, :id, 'credentials', 'ok', :ref, 'removed', now())
    """
)
_BEGUN = text(
    """
    SELECT id, account_id, connector AS vendor, pms_type, display_name AS name, site, timezone,
           base_url, token_url, secret_ref, settings, state, setup_step,
           sync_frequency_minutes AS frequency_minutes, sync_telehealth_only AS telehealth_only
    FROM pms_connections
    WHERE id = :id AND state = 'SETUP_REQUIRED' AND site <> '' AND removed_at IS NULL FOR UPDATE
    """
)
_TAKEN_OVER = text(
    """
    UPDATE pms_connections SET
      removed_at = now(), site = '', secret_ref = NULL, state = :state, sync_enabled = false,
      setup_step = NULL, next_sync_at = NULL, version = version + 1, updated_at = now()
    WHERE id = :id
    """
)


def alone(db: Db, account_id: str) -> None:
    """Until the transaction's end nobody else of the account gives a connection its site."""
    db.execute(_ALONE, {"name": f"connections:{account_id}"})


def revived(db: Db, values: Mapping[str, Any]) -> UUID | None:
    """The removed connection of that account, vendor and site, in use again; None without one."""
    alone(db, values["account_id"])
    gone = db.execute(_GONE, {**values, "but": values["id"]}).first()
    if gone is None:
        return None
    _bring_back(db, gone, values)
    return gone.id  # type: ignore[no-any-return]


def settled(db: Db, connection_id: UUID) -> UUID:
    """The connection that goes on once the site of one that was begun is known and answers.

    Where the practice was connected before, that is the removed connection; the one that was begun
    hands over to it and is gone.
    """
    begun = db.execute(_BEGUN, {"id": connection_id}).mappings().first()
    if begun is None:
        return connection_id
    alone(db, begun["account_id"])
    gone = db.execute(_GONE, {**begun, "but": connection_id}).first()
    if gone is None:
        return connection_id
    db.execute(_TAKEN_OVER, {"id": connection_id, "state": State.INACTIVE.value})
    _bring_back(db, gone, {**begun, "settings": json.dumps(begun["settings"])})
    return gone.id  # type: ignore[no-any-return]


def _bring_back(db: Db, gone: Row[Any], values: Mapping[str, Any]) -> None:
    owner = {"id": gone.id, "account_id": values["account_id"]}
    db.execute(_BACK, {**values, **owner})
    again = {"id": gone.id, "removed_at": gone.removed_at}
    db.execute(_MAPPED_AGAIN, again)
    db.execute(_TYPES_AGAIN, again)
    db.execute(_ROWS_AGAIN, again)
    if gone.secret_ref is not None and gone.secret_ref != values["secret_ref"]:
        db.execute(_LEFT_OVER, {**owner, "ref": gone.secret_ref})
