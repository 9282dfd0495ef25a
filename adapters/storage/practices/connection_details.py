"""A connection as its own page shows it: how it is set, what hangs on it, how it keeps up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.practices.rhythms import is_adaptive
from adapters.storage.sheet.sheet_status import read_connections
from domain.names import Confidence, suggestion
from domain.sheet import ConnectionView

# The rows of about now are read once for all: asked connection by connection, each would read all
# that it ever had.
_DETAILS = text(
    """
    WITH booked AS MATERIALIZED (
      SELECT pms_connection_id, CAST(appointment_time AT TIME ZONE timezone AS date) AS day,
             count(*) AS times
      FROM run_sheet_appointments
      WHERE appointment_time > CAST(:now AS timestamptz) - interval '26 hours'
        AND appointment_time < CAST(:now AS timestamptz) + interval '26 hours'
        AND removed_at IS NULL
      GROUP BY 1, 2
    )
    SELECT connection.id, connector AS vendor, display_name AS name, site, timezone, base_url,
           token_url, secret_ref IS NOT NULL AS has_secrets, settings, state, state_reason,
           setup_step, sync_enabled, by_hand, sync_frequency_minutes AS frequency_minutes,
           sync_days_ahead AS days_ahead, full_every_minutes, adaptive, quiet_minutes, rests_until,
           sync_telehealth_only AS telehealth_only, opening_hours, features, booking_rules,
           COALESCE(NULLIF(settings->>'pms_type', ''), pms_type) AS pms_type,
           last_sync_at, last_sync_status,
           last_sync_error, next_sync_at, webhook_key_made_at, created_at, version,
           people.practitioners, people.mapped, people.undecided,
           kinds.types, kinds.telehealth_types, coalesce(booked.times, 0) AS today
    FROM pms_connections AS connection
    LEFT JOIN booked ON booked.pms_connection_id = connection.id
      AND booked.day = CAST(CAST(:now AS timestamptz) AT TIME ZONE connection.timezone AS date),
    LATERAL (
      SELECT count(*) AS practitioners,
             count(*) FILTER (WHERE sync_enabled AND run_sheet_clinician_id IS NOT NULL) AS mapped,
             count(*) FILTER (WHERE sync_enabled AND run_sheet_clinician_id IS NULL) AS undecided
      FROM pms_clinician_mappings WHERE pms_connection_id = connection.id AND active
    ) AS people,
    LATERAL (
      SELECT count(*) AS types, count(*) FILTER (WHERE is_telehealth) AS telehealth_types
      FROM pms_appointment_types WHERE pms_connection_id = connection.id AND active
    ) AS kinds
    WHERE removed_at IS NULL AND (CAST(:id AS uuid) IS NULL OR connection.id = :id)
    ORDER BY display_name, connection.id
    """
)
_PRACTITIONERS = text(
    """
    SELECT mapping.pms_practitioner_id AS pms_id, pms_practitioner_name AS name, mapping.active,
           sync_enabled, run_sheet_clinician_id AS clinician_id, clinician.name AS clinician
    FROM pms_clinician_mappings AS mapping
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = run_sheet_clinician_id
    WHERE mapping.pms_connection_id = :id AND (mapping.active OR clinician.id IS NOT NULL)
    ORDER BY mapping.active DESC, lower(pms_practitioner_name), mapping.pms_practitioner_id
    """
)
_REMOVED = text(
    """
    SELECT display_name AS name, timezone, removed_at FROM pms_connections
    WHERE id = :id AND removed_at IS NOT NULL
    """
)
_CLINICIANS = text("SELECT id, name FROM run_sheet_clinicians ORDER BY lower(name), id")
_TYPES = text(
    """
    SELECT pms_type_id AS type_id, pms_type_name AS name, colour, classified, sync_enabled,
           default_duration_minutes AS duration_minutes, is_telehealth
    FROM pms_appointment_types WHERE pms_connection_id = :id AND active
    ORDER BY lower(pms_type_name), pms_type_id
    """
)

REASONS: Mapping[Confidence, str] = {
    Confidence.EXACT: "Same name",
    Confidence.LIKELY: "Looks like the same person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDetails:
    """One connection; counts are of those the PMS still lists, `undecided` wait for a person."""

    id: UUID
    vendor: str
    name: str
    site: str
    timezone: str
    base_url: str | None
    token_url: str | None
    has_secrets: bool
    settings: Mapping[str, Any]
    state: str
    state_reason: str | None
    setup_step: str | None
    sync_enabled: bool
    by_hand: bool
    frequency_minutes: int
    days_ahead: int
    full_every_minutes: int
    adaptive: bool
    quiet_minutes: int
    rests_until: datetime | None
    telehealth_only: bool
    opening_hours: Mapping[str, Any]
    features: Mapping[str, bool]
    booking_rules: Mapping[str, Any]
    pms_type: str
    last_sync_at: datetime | None
    last_sync_status: str | None
    last_sync_error: str | None
    next_sync_at: datetime | None
    webhook_key_made_at: datetime | None
    created_at: datetime
    version: int
    practitioners: int
    mapped: int
    undecided: int
    types: int
    telehealth_types: int
    today: int
    fresh: ConnectionView


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerRow:
    """A practitioner with what is done, or proposed: match, create or skip, and why."""

    pms_id: str
    name: str
    is_named: bool
    active: bool
    is_decided: bool
    action: str
    clinician_id: UUID | None
    clinician: str | None
    reason: str | None = None


def read_details(
    db: Db, *, now: datetime, connection_id: UUID | None = None
) -> Sequence[ConnectionDetails]:
    """Every connection of the account, or the one."""
    fresh = {one.id: one for one in read_connections(db, now=now)}
    rows = db.execute(_DETAILS, {"id": connection_id, "now": now}).mappings()
    return [_details(row, fresh[row["id"]]) for row in rows]


def _details(row: RowMapping, fresh: ConnectionView) -> ConnectionDetails:
    adaptive = is_adaptive(row["vendor"], row["adaptive"])
    return ConnectionDetails(**{**row, "adaptive": adaptive}, fresh=fresh)


def read_removed(db: Db, connection_id: UUID) -> RowMapping | None:
    """The name of one that was removed, and when; nothing of any other."""
    return db.execute(_REMOVED, {"id": connection_id}).mappings().first()


def read_clinicians(db: Db) -> Sequence[RowMapping]:
    return list(db.execute(_CLINICIANS).mappings())


def read_practitioners(db: Db, connection_id: UUID) -> Sequence[PractitionerRow]:
    """Everybody in the practice's book, or on our sheet though no longer there."""
    names = {str(one["id"]): one["name"] for one in read_clinicians(db)}
    rows = db.execute(_PRACTITIONERS, {"id": connection_id}).mappings()
    return [_practitioner(row, names) for row in rows]


def read_types(db: Db, connection_id: UUID) -> Sequence[RowMapping]:
    return list(db.execute(_TYPES, {"id": connection_id}).mappings())


def _practitioner(row: RowMapping, clinicians: Mapping[str, str]) -> PractitionerRow:
    """What was chosen stands; the undecided get the clinician whose name says it is them."""
    said = {key: row[key] for key in ("pms_id", "name", "active")}
    said["is_named"] = row["name"] != row["pms_id"]
    said["is_decided"] = row["clinician_id"] is not None or not row["sync_enabled"]
    if said["is_decided"]:
        action = "match" if row["sync_enabled"] else "skip"
        held = {key: row[key] for key in ("clinician_id", "clinician")}
        return PractitionerRow(**said, **held, action=action)
    found = suggestion(row["name"], clinicians)
    if found.match is None:
        return PractitionerRow(**said, action="create", clinician_id=None, clinician=None)
    return PractitionerRow(
        **said,
        action="match",
        clinician_id=UUID(found.match),
        clinician=clinicians[found.match],
        reason=REASONS[found.confidence],
    )
