"""Connections that go both ways at a glance: what agrees, what waits, what failed, since when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices.connections import load
from adapters.storage.practices.own_practice import OF_ENTRY
from adapters.storage.two_way import push_ranges
from adapters.storage.two_way.push_standing import OWN_PRACTICE, STATE
from domain.pushes import DISPUTED

MOST_TO_SEE_TO = 30

# What waits for somebody to choose a side is not on its way, however long it waits.
_IS_DISPUTED = "entry.push_state = 'pending' AND entry.push_reason = :disputed"
_STATE = f"CASE WHEN {_IS_DISPUTED} THEN 'disputed' ELSE {STATE} END"

_ANY = text(
    """
    SELECT EXISTS (
      SELECT FROM pms_connections
      WHERE connector = ANY(:vendors) AND removed_at IS NULL AND state <> 'SETUP_REQUIRED')
    """
)
_CONNECTIONS = text(
    """
    SELECT connection.id, display_name AS name, connector AS vendor, site, timezone, state,
           settings, last_sync_at AS heard_at, last_sync_error AS error, features, sync_enabled,
           sync_frequency_minutes AS frequency_minutes, sent.at AS sent_at
    FROM pms_connections AS connection
    LEFT JOIN LATERAL (
      SELECT max(settled_at) AS at FROM pms_writes
      WHERE connection_id = connection.id AND state = 'confirmed'
        AND (entry_id IS NOT NULL OR patient_link_id IS NOT NULL)
    ) AS sent ON true
    WHERE connector = ANY(:vendors) AND removed_at IS NULL AND state <> 'SETUP_REQUIRED'
    ORDER BY display_name, connection.id
    """
)
# The rows from then on are read once for all practices, and joined with none: taken for one, each
# would read them all again.
_APPOINTMENTS = text(
    f"""
    SELECT coalesce(entry.pms_connection_id, own.id) AS id, {_STATE} AS state, count(*) AS times
    FROM run_sheet_appointments AS entry
    LEFT JOIN LATERAL ({OF_ENTRY}) AS own ON entry.pms_connection_id IS NULL
    WHERE coalesce(entry.pms_connection_id, own.id) = ANY(:ids)
      AND entry.linked_to IS NULL AND entry.removed_at IS NULL
      AND entry.appointment_time >= :since
      AND (entry.pms_appointment_id IS NOT NULL OR entry.patient_name IS NOT NULL)
    GROUP BY 1, 2
    """  # noqa: S608 - our own words
)
_PATIENTS = text(
    """
    SELECT state, count(*) AS times FROM (
      SELECT 'known' AS state FROM run_sheet_appointments
      WHERE pms_connection_id = :id AND source = 'pms' AND pms_patient_id <> ''
        AND removed_at IS NULL AND appointment_time >= :since
      GROUP BY pms_patient_id
      UNION ALL
      SELECT state FROM patient_links WHERE connection_id = :id
    ) AS person GROUP BY state
    """
)
_OUTCOMES = text(
    """
    SELECT count(*) FILTER (WHERE way = 'in' AND is_well) AS read_well,
           count(*) FILTER (WHERE way = 'in' AND NOT is_well) AS read_badly,
           count(*) FILTER (WHERE way = 'out' AND is_well) AS sent_well,
           count(*) FILTER (WHERE way = 'out' AND NOT is_well) AS sent_badly
    FROM (
      SELECT 'in' AS way, status = 'success' AS is_well FROM pms_sync_log
      WHERE pms_connection_id = :id AND started_at >= :since AND status <> 'running' AND NOT dry_run
      UNION ALL
      SELECT 'out', state = 'confirmed' FROM pms_writes
      WHERE connection_id = :id AND created_at >= :since AND state IN ('confirmed', 'failed')
        AND (entry_id IS NOT NULL OR patient_link_id IS NOT NULL)
    ) AS done
    """
)
_TO_SEE_TO = text(
    f"""
    SELECT entry.id, entry.appointment_time AS start, entry.timezone, entry.patient_name,
           entry.push_reason AS reason, entry.version, clinician.name AS clinician,
           {_STATE} AS state, entry.source = 'pms' AS is_theirs
    FROM run_sheet_appointments AS entry {OWN_PRACTICE}
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = entry.run_sheet_clinician_id
    WHERE connection.id = :id AND entry.linked_to IS NULL AND entry.removed_at IS NULL
      AND entry.appointment_time >= :since
      AND (entry.push_state IN ('error', 'needs_patient') OR {_IS_DISPUTED}
           OR entry.push_state IS NULL AND entry.pms_appointment_id IS NULL
              AND entry.patient_name IS NOT NULL AND entry.appointment_time >= :now)
    ORDER BY entry.push_state = 'error' DESC NULLS LAST, entry.appointment_time, entry.id
    LIMIT {MOST_TO_SEE_TO}
    """  # noqa: S608 - our own words
)


_KNOWN = ("synced", "pending", "error", "needs_patient", "disputed")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWay:
    """A connection that takes changes: when it last told us, and when it last took one."""

    id: UUID
    name: str
    vendor: str
    site: str
    timezone: str
    state: str
    settings: dict[str, Any]
    heard_at: datetime | None
    sent_at: datetime | None
    error: str | None
    features: dict[str, bool]
    sync_enabled: bool
    frequency_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many agree, wait, failed, need their patient or a side chosen, or were never sent."""

    synced: int = 0
    pending: int = 0
    error: int = 0
    needs_patient: int = 0
    disputed: int = 0
    unsent: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How passes over the PMS, and what was sent to it, ended."""

    read_well: int
    read_badly: int
    sent_well: int
    sent_badly: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSeeTo:
    """A row that stays behind until somebody does something; `patient_name` is sealed."""

    id: UUID
    start: datetime
    timezone: str
    patient_name: bytes | None
    reason: str | None
    version: int
    clinician: str | None
    state: str
    is_theirs: bool


def is_any(db: Db, *, vendors: Collection[str]) -> bool:
    """Whether the account has a practice that takes changes; one in setup takes none yet."""
    return bool(db.execute(_ANY, {"vendors": list(vendors)}).scalar_one())


def connections(db: Db, *, vendors: Collection[str]) -> Sequence[TwoWay]:
    return [
        TwoWay(**row) for row in db.execute(_CONNECTIONS, {"vendors": list(vendors)}).mappings()
    ]


def appointments(
    db: Db, connection_ids: Collection[UUID], *, vendors: Collection[str], since: datetime
) -> Mapping[UUID, Tally]:
    """The rows of the sheet from then on, practice by practice."""
    values = {
        "ids": list(connection_ids),
        "vendors": list(vendors),
        "since": since,
        "disputed": DISPUTED,
    }
    found: dict[UUID, dict[str, int]] = {one: {} for one in connection_ids}
    for row in db.execute(_APPOINTMENTS, values).mappings():
        found[row["id"]][row["state"]] = row["times"]
    return {one: _tally(times) for one, times in found.items()}


def _tally(times: Mapping[str, int]) -> Tally:
    known = {key: times.get(key, 0) for key in _KNOWN}
    return Tally(**known, unsent=sum(times.values()) - sum(known.values()))


def patients(db: Db, connection_id: UUID, *, since: datetime) -> Tally:
    """Those the PMS told of, and the people of ours who were looked up there."""
    rows = db.execute(_PATIENTS, {"id": connection_id, "since": since}).mappings()
    found = {row["state"]: row["times"] for row in rows}
    synced = sum(found.pop(key, 0) for key in ("known", "linked", "synced"))
    waiting = {key: found.pop(key, 0) for key in ("pending", "error")}
    return Tally(synced=synced, **waiting, needs_patient=sum(found.values()))


def outcomes(db: Db, connection_id: UUID, *, since: datetime) -> Outcomes:
    return Outcomes(**db.execute(_OUTCOMES, {"id": connection_id, "since": since}).mappings().one())


def to_see_to(
    db: Db, connection_id: UUID, *, vendors: Collection[str], since: datetime, now: datetime
) -> Sequence[ToSeeTo]:
    """What failed or waits for a person first, then coming rows that the PMS does not have."""
    values = {
        "id": connection_id,
        "vendors": list(vendors),
        "since": since,
        "now": now,
        "disputed": DISPUTED,
    }
    return [ToSeeTo(**row) for row in db.execute(_TO_SEE_TO, values).mappings()]


def to_send(db: Db, connection_id: UUID, *, first: date, last: date) -> int:
    """Rows of those practice-local days that asking for the range would put on their way."""
    return push_ranges.to_send(db, load(db, connection_id), first=first, last=last)
