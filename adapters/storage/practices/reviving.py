"""A practice connected again gets its removed connection back: rows, edits and mappings go on."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage import locks
from adapters.storage.by_hand import taken_back
from adapters.storage.practices import same_practice
from domain.connections import State
from domain.minimising import SETTING
from domain.rezoning import NO_ZONE_YET, Rezoned

# One that had rows comes before one that was begun and given up.
_GONE = text(
    """
    SELECT id, secret_ref, removed_at, timezone FROM pms_connections AS gone
    WHERE id = ANY(:ids) AND removed_at IS NOT NULL
    ORDER BY EXISTS (
        SELECT FROM run_sheet_appointments WHERE pms_connection_id = gone.id) DESC, removed_at DESC
    LIMIT 1 FOR UPDATE
    """
)
# As it is asked for now, but that nobody who says nothing of it is taken to want what the practice
# left out. The mark is forgotten, so that the next sync reads its days whole and learns what became
# of the rows meanwhile; the webhook key was forgotten by the removal.
_BACK = text(
    """
    UPDATE pms_connections SET
      removed_at = NULL, display_name = :name, pms_type = :pms_type,
      timezone = coalesce(nullif(:timezone, :no_zone_yet), timezone), site = :site,
      base_url = :base_url, token_url = :token_url, secret_ref = :secret_ref,
      settings = jsonb_strip_nulls(
          jsonb_build_object(CAST(:left_out AS text), settings -> CAST(:left_out AS text)))
        || CAST(:settings AS jsonb),
      state = :state, state_reason = NULL,
      setup_step = :setup_step, sync_enabled = true, by_hand = false,
      sync_frequency_minutes = :frequency_minutes, sync_telehealth_only = :telehealth_only,
      consecutive_failures = 0,
      next_sync_at = CASE WHEN :state = 'ACTIVE' THEN now() END, next_renewal_at = NULL,
      rests_until = CASE WHEN :state = 'ACTIVE' THEN now() END, unchanged_runs = 0,
      last_full_at = NULL, changes_mark = NULL, changes_from = NULL, changes_to = NULL,
      read_anew_since = coalesce(CAST(:at AS timestamptz), now()),
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
# What its syncs read again, by either time, for a person may have moved it: days that are over are
# left as they were settled meanwhile.
_FROM_TODAY = """
    pms_connection_id = :id AND source = 'pms'
    AND greatest(pms_start, appointment_time)
        >= date_trunc('day', coalesce(CAST(:at AS timestamptz), now()) AT TIME ZONE timezone)
           AT TIME ZONE timezone
"""
# Rows that were taken off because nothing kept them up to date are the PMS's again: it says whether
# they are on the sheet.
_ROWS_AGAIN = text(
    f"""
    UPDATE run_sheet_appointments AS entry
    SET undone = false, version = version + 1, updated_at = now()
    WHERE {_FROM_TODAY} AND undone AND EXISTS (
      SELECT FROM run_sheet_history AS line
      WHERE line.appointment_id = entry.id AND line.what = 'taken_off'
        AND line.at = entry.removed_at)
    """  # noqa: S608 - the words above
)
# Those that stand behind another practice's come forth once the PMS lists them, and what people
# typed in others meanwhile is held against what it says: they are read as if they were told anew.
_ROWS_ANEW = text(
    f"""
    UPDATE run_sheet_appointments SET fingerprint = NULL, pms_origin = NULL
    WHERE {_FROM_TODAY} AND (linked_to IS NOT NULL OR touched IS NOT NULL)
    """  # noqa: S608 - the words above
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

OnTheClock = Callable[[UUID, Rezoned], None]
"""Keeps what was typed or scanned for a practice at the time it says, in another zone."""


def alone(db: Db, account_id: str) -> None:
    """Until the transaction's end nobody else of the account gives a connection its site."""
    locks.take(db, f"connections:{account_id}")


def revived(
    db: Db,
    asked: same_practice.Asked,
    values: Mapping[str, Any],
    *,
    at: datetime | None,
    on_the_clock: OnTheClock | None = None,
) -> UUID | None:
    """The removed connection to that practice, in use again; None without one.

    `at` tells which day it is, else the database's clock does.
    """
    alone(db, asked.account_id)
    gone = _gone(db, asked)
    if gone is None:
        return None
    _bring_back(db, gone, values, at=at, on_the_clock=on_the_clock)
    return gone.id  # type: ignore[no-any-return]


def settled(
    db: Db,
    connection_id: UUID,
    *,
    at: datetime | None = None,
    on_the_clock: OnTheClock | None = None,
) -> UUID:
    """The connection that goes on once the site of one that was begun is known and answers.

    Where the practice was connected before, that is the removed connection; the one that was begun
    hands over to it and is gone.
    """
    begun = db.execute(_BEGUN, {"id": connection_id}).mappings().first()
    if begun is None:
        return connection_id
    alone(db, begun["account_id"])
    told = {name: begun[name] for name in ("account_id", "vendor", "site", "settings")}
    gone = _gone(db, same_practice.Asked(**told, but=connection_id))
    if gone is None:
        return connection_id
    db.execute(_TAKEN_OVER, {"id": connection_id, "state": State.INACTIVE.value})
    values = {**begun, "settings": json.dumps(begun["settings"])}
    _bring_back(db, gone, values, at=at, on_the_clock=on_the_clock)
    return gone.id  # type: ignore[no-any-return]


def _gone(db: Db, asked: same_practice.Asked) -> Row[Any] | None:
    """None, too, where the practice is connected otherwise by now."""
    ids = same_practice.removed(db, asked)
    if not ids or same_practice.connected(db, asked) is not None:
        return None
    return db.execute(_GONE, {"ids": ids}).first()


def _bring_back(
    db: Db,
    gone: Row[Any],
    values: Mapping[str, Any],
    *,
    at: datetime | None,
    on_the_clock: OnTheClock | None,
) -> None:
    owner = {"id": gone.id, "account_id": values["account_id"]}
    own = {**owner, "left_out": SETTING, "no_zone_yet": NO_ZONE_YET, "at": at}
    db.execute(_BACK, {**values, **own})
    if on_the_clock is not None:
        on_the_clock(gone.id, Rezoned(was=gone.timezone, now=values["timezone"]))
    again = {"id": gone.id, "removed_at": gone.removed_at}
    db.execute(_MAPPED_AGAIN, again)
    db.execute(_TYPES_AGAIN, again)
    rows = {"id": gone.id, "at": at}
    db.execute(_ROWS_AGAIN, rows)
    db.execute(_ROWS_ANEW, rows)
    taken_back.compare_by_value(db, gone.id)
    if gone.secret_ref is not None and gone.secret_ref != values["secret_ref"]:
        db.execute(_LEFT_OVER, {**owner, "ref": gone.secret_ref})
