"""Connections as an operator sees them: listed, found, paused, resumed, mapped and removed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Text, case, cast, func, text, update
from sqlalchemy import Connection as Db
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from adapters.storage.id_starts import BETWEEN, bounds
from adapters.storage.practices import checks, connections, rhythms, same_practice
from adapters.storage.runs import recordings
from adapters.storage.tables import pms_connections
from adapters.storage.upkeep import emptying
from domain.connections import State
from domain.errors import BadInput
from domain.minimising import SETTING
from domain.sheet import NotOnSheet, Stale
from domain.work import EMPTY, RENEW_TOKEN, SETTLE, SYNC

COLUMNS: Mapping[str, str] = {
    "name": "display_name",
    "site": "site",
    "timezone": "timezone",
    "frequency_minutes": "sync_frequency_minutes",
    "days_ahead": "sync_days_ahead",
    "full_every_minutes": "full_every_minutes",
    "adaptive": "adaptive",
    "quiet_minutes": "quiet_minutes",
    "telehealth_only": "sync_telehealth_only",
    "sync_enabled": "sync_enabled",
    "opening_hours": "opening_hours",
    "setup_step": "setup_step",
    "features": "features",
    "booking_rules": "booking_rules",
    "state": "state",
    "state_reason": "state_reason",
    "next_sync_at": "next_sync_at",
    "rests_until": "rests_until",
}
"""What may be changed of a connection, and the column it is kept in."""

MERGED = frozenset({"features", "booking_rules"})
"""What is changed key by key."""

RHYTHM = frozenset({"frequency_minutes", "adaptive", "quiet_minutes", "opening_hours", "timezone"})
"""What decides how soon the next sync is."""

FILTERS = frozenset({"timezone", "telehealth_only", "days_ahead", "sync_enabled"})

_COLUMNS = """
    id, account_id, connector AS vendor,
    COALESCE(NULLIF(settings->>'pms_type', ''), pms_type) AS pms_type,
    display_name AS name, site, timezone, state, state_reason,
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
    f"""
    SELECT id, account_id, connector AS vendor, display_name AS name FROM pms_connections
    WHERE (removed_at IS NOT NULL) = :removed AND id {BETWEEN} LIMIT 2
    """  # noqa: S608 - our own words
)
_NAMES = text("SELECT id, display_name FROM pms_connections WHERE id = ANY(:ids)")
# Whoever is synced only when somebody asks is that after a pause, too.
_PAUSE = text(
    """
    UPDATE pms_connections SET by_hand = CASE state WHEN 'INACTIVE' THEN by_hand
                                                    ELSE NOT sync_enabled END,
                               sync_enabled = false, state = 'INACTIVE', state_reason = :reason,
                               next_sync_at = NULL, version = version + 1, updated_at = now()
    WHERE id = :id
    """
)
_RESUME = text(
    """
    UPDATE pms_connections SET sync_enabled = goes.by_itself, by_hand = false,
                               state = 'ACTIVE', state_reason = NULL, consecutive_failures = 0,
                               next_sync_at = CASE WHEN goes.by_itself THEN now() END,
                               rests_until = now(), next_renewal_at = NULL,
                               version = version + 1, updated_at = now()
    FROM (SELECT CASE state WHEN 'INACTIVE' THEN NOT by_hand ELSE sync_enabled END AS by_itself
          FROM pms_connections WHERE id = :id FOR NO KEY UPDATE) AS goes
    WHERE id = :id AND state <> 'SETUP_REQUIRED' RETURNING sync_enabled
    """
)
_REMOVE = text(
    """
    WITH gone AS (
      UPDATE pms_connections SET removed_at = now(), sync_enabled = false, state = 'INACTIVE',
                                 next_sync_at = NULL, next_renewal_at = NULL,
                                 version = version + 1, updated_at = now()
      WHERE id = :id AND removed_at IS NULL RETURNING id
    ), unmapped AS (
      UPDATE pms_clinician_mappings SET active = false, updated_at = now()
      FROM gone WHERE pms_connection_id = gone.id AND active
    )
    UPDATE pms_appointment_types SET active = false, updated_at = now()
    FROM gone WHERE pms_connection_id = gone.id AND active
    """
)
_CANCEL_READS = text(
    """
    UPDATE jobs SET state = 'cancelled', finished_at = now()
    WHERE connection_id = :id AND state = 'ready' AND kind = ANY(:kinds)
    """
)
_CANCEL_JOBS = text(
    """
    UPDATE jobs SET state = 'cancelled', finished_at = now()
    WHERE connection_id = :id AND state = 'ready' AND kind <> ALL(:but)
    """
)
_CLAIM = text(
    "SELECT version FROM pms_connections WHERE id = :id AND removed_at IS NULL FOR NO KEY UPDATE"
)
_RAISE = text("UPDATE pms_connections SET version = version + 1, updated_at = now() WHERE id = :id")
# What decides which rows there are is felt at once: the next sync is due, and reads whole days.
_SOON = text(
    """
    UPDATE pms_connections SET next_sync_at = now()
    WHERE id = :id AND state IN ('ACTIVE', 'ERROR') AND sync_enabled
    """
)
_REFS = text(
    "SELECT id, secret_ref FROM pms_connections WHERE id = ANY(:ids) AND removed_at IS NULL"
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


def find(db: Db, wanted: str, *, removed: bool = False) -> Found:
    """The connection of that id, or of an id that starts so; for the dispatch role."""
    held = bounds(wanted)
    what, where = ("removed connection", "removed") if removed else ("connection", "list")
    if held is None:
        raise BadInput(f"'{wanted}' is not a connection id; see 'pms-sync connections {where}'.")
    rows = db.execute(_FIND, {**held, "removed": removed}).all()
    if not rows:
        raise BadInput(f"There is no {what} {wanted}; see 'pms-sync connections {where}'.")
    if len(rows) > 1:
        raise BadInput(f"More than one connection id starts with {wanted}; give more of it.")
    return Found(**rows[0]._mapping)  # noqa: SLF001 - a row's documented mapping


def names(db: Db, ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """What each is called, removed ones too."""
    return {row.id: row.display_name for row in db.execute(_NAMES, {"ids": list(ids)})}


def pause(db: Db, connection_id: UUID, *, reason: str | None = None) -> None:
    """Sync no more until resumed; syncs that wait are called off."""
    db.execute(_PAUSE, {"id": connection_id, "reason": reason})
    # Whatever else waits is somebody's: a booking is followed to its end, a check is waited for,
    # and what a paused practice may not be asked is put back by its own handler.
    db.execute(_CANCEL_READS, {"id": connection_id, "kinds": [SYNC, RENEW_TOKEN]})


def resume(db: Db, connection_id: UUID) -> bool:
    """Sync again from now on, and be late from now on; failures so far are forgiven.

    Answers whether that goes by itself, or only when somebody asks.
    """
    row = db.execute(_RESUME, {"id": connection_id}).first()
    if row is None:
        raise BadInput("This connection is not set up yet; pair or test it first.")
    connections.let_in_again(db, connection_id)
    return bool(row.sync_enabled)


def remove(db: Db, connection_id: UUID) -> None:
    """Sync no more; rows, runs and audit stay, recordings go, waiting jobs are called off.

    Rows that stay are emptied all the same of what the practice left out, and whoever was promised
    a text gets one.
    """
    db.execute(_REMOVE, {"id": connection_id})
    recordings.forget_of(db, connection_id)
    db.execute(_CANCEL_JOBS, {"id": connection_id, "but": [EMPTY, SETTLE]})


def claim(db: Db, connection_id: UUID, *, expected: int | None) -> None:
    """Hold the connection for a change of its configuration, as it was when it was read.

    Raises Stale where somebody changed it since; None means whatever it is now.
    """
    row = db.execute(_CLAIM, {"id": connection_id}).first()
    if row is None:
        raise NotOnSheet("There is no such connection; it may have been removed.")
    if expected is not None and row.version != expected:
        raise Stale("This connection was changed since you read it; read it again, then decide.")


def configure(db: Db, connection_id: UUID, changes: Mapping[str, Any]) -> None:
    """Set the columns given and raise the version; `settings` given as None go away.

    Whatever decides which rows there are is synced at once.
    """
    given = dict(changes)
    settings = given.pop("settings", {})
    if settings or "site" in given:
        settings = _of_its_practice(db, connection_id, site=given.get("site"), settings=settings)
    own = pms_connections.c
    values = {**_columns(given), "version": own.version + 1, "updated_at": func.now()}
    if settings:
        values["settings"] = _merged(settings)
    db.execute(update(pms_connections).where(own.id == connection_id).values(values))
    if settings or FILTERS & given.keys():
        db.execute(_SOON, {"id": connection_id})
    elif RHYTHM & given.keys():
        rhythms.wake(db, connection_id)
        rhythms.sooner(db, connection_id)
    if SETTING in settings:
        emptying.begin_anew(db, connection_id)


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """What each is set to, and what follows from it."""
    own = pms_connections.c
    values: dict[str, Any] = {COLUMNS[name]: value for name, value in given.items()}
    for name in values.keys() & MERGED:
        values[name] = own[name].op("||")(cast(values[name], JSONB))
    if "sync_enabled" in given:
        values["by_hand"] = case(
            (own.state == State.INACTIVE.value, not given["sync_enabled"]), else_=own.by_hand
        )
    if "timezone" in given:
        is_same = own.timezone == given["timezone"]
        values["read_anew_since"] = case((is_same, own.read_anew_since), else_=func.now())
    return values


def _of_its_practice(
    db: Db, connection_id: UUID, *, site: str | None, settings: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The settings to change, of a practice that is its own and no other connection's."""
    held = connections.load(db, connection_id)
    settings = same_practice.numbered_anew(held, site=site, settings=settings)
    same_practice.require_its_own(db, connection_id, site=site, settings=settings)
    now = replace(held, site=site or held.site, settings={**held.settings, **settings})
    places = [same_practice.place(one.vendor, one.site, one.settings) for one in (held, now)]
    if places[0] != places[1]:
        checks.require_free(db, now, now.site)
    return settings


def touch(db: Db, connection_id: UUID) -> None:
    """Its mappings or types were changed: that is its configuration, too."""
    db.execute(_RAISE, {"id": connection_id})
    db.execute(_SOON, {"id": connection_id})


def secret_refs(db: Db, ids: Sequence[UUID]) -> Mapping[UUID, str | None]:
    return {row.id: row.secret_ref for row in db.execute(_REFS, {"ids": list(ids)})}


def mappings(db: Db, connection_id: UUID) -> list[RowMapping]:
    return list(db.execute(_MAPPINGS, {"id": connection_id}).mappings())


def _merged(settings: Mapping[str, Any]) -> ColumnElement[Any]:
    own = pms_connections.c.settings
    kept = {key: one for key, one in settings.items() if one is not None}
    gone = [key for key, one in settings.items() if one is None]
    return own.op("||")(cast(kept, JSONB)).op("-")(cast(array(gone), ARRAY(Text)))
