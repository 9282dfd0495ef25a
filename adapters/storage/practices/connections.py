"""Connections as rows: opened for a sync, added, and kept up to date with what the PMS says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters import left_out, pms
from adapters.storage.practices import reviving, rhythms, same_practice
from domain.appointments import Practice
from domain.connections import Connection, KnownType, State
from domain.errors import BadInput
from domain.features import SHEET_PUSHES, is_on
from domain.pushes import AUTO_CREATE, AUTO_PUSH, LOCKED_OUT
from domain.window import zone

_LOAD = text(
    """
    SELECT own.*, accounts.features AS switches
    FROM pms_connections AS own JOIN accounts ON accounts.id = own.account_id
    WHERE own.id = :id AND (own.removed_at IS NULL OR :even_removed)
    """
)
_MAPPINGS = text(
    """
    SELECT pms_practitioner_id, pms_practitioner_name,
           CASE WHEN sync_enabled THEN run_sheet_clinician_id END AS clinician_id
    FROM pms_clinician_mappings
    WHERE pms_connection_id = :id
      AND (active OR (sync_enabled AND run_sheet_clinician_id IS NOT NULL))
    ORDER BY created_at, pms_practitioner_id
    """
)
_TYPES = text(
    """
    SELECT pms_type_id, pms_type_name, default_duration_minutes, is_telehealth, sync_enabled
    FROM pms_appointment_types WHERE pms_connection_id = :id AND active
    ORDER BY pms_type_name, pms_type_id
    """
)
_ADD = text(
    """
    INSERT INTO pms_connections (id, account_id, connector, pms_type, display_name, site, timezone,
                                 base_url, token_url, secret_ref, settings, state,
                                 setup_step, sync_frequency_minutes, sync_telehealth_only,
                                 next_sync_at, emptied)
    VALUES (:id, :account_id, :vendor, :pms_type, :name, :site, :timezone,
            :base_url, :token_url, :secret_ref, CAST(:settings AS jsonb), :state,
            :setup_step, :frequency_minutes, :telehealth_only,
            CASE WHEN :state = 'ACTIVE' THEN now() END, :emptied)
    ON CONFLICT (account_id, connector, site) WHERE removed_at IS NULL DO NOTHING
    RETURNING id
    """
)
_SAVE_PRACTICE = text(
    """
    UPDATE pms_connections SET
      site = CASE WHEN site = '' THEN COALESCE(:site, site) ELSE site END,
      timezone = COALESCE(:timezone, timezone),
      pms_type = COALESCE(:pms_type, pms_type),
      display_name = CASE WHEN :rename THEN COALESCE(:name, display_name) ELSE display_name END,
      updated_at = now()
    WHERE id = :id
    """
)
# One that is paused stays so; one that is being set up goes on to the wizard's next step, where a
# person is at it, and else is ready.
_IN_SETUP = "state = 'SETUP_REQUIRED' AND (setup_step IS NOT NULL OR site = '')"
_RESTED = f"(state = 'INACTIVE' OR {_IN_SETUP})"
_FRESH = "(:anew OR state <> 'ACTIVE')"
_WORKS = text(
    f"""
    UPDATE pms_connections SET
      base_url = CASE WHEN :anew THEN :base_url ELSE base_url END,
      token_url = CASE WHEN :anew THEN :token_url ELSE token_url END,
      secret_ref = CASE WHEN :anew THEN :secret_ref ELSE secret_ref END,
      state = CASE WHEN {_RESTED} THEN state ELSE 'ACTIVE' END,
      state_reason = CASE WHEN {_RESTED} THEN state_reason END,
      setup_step = CASE WHEN setup_step = 'connect' AND site <> '' THEN 'practitioners'
                        ELSE setup_step END,
      consecutive_failures = CASE WHEN {_FRESH} THEN 0 ELSE consecutive_failures END,
      next_sync_at = CASE WHEN {_FRESH} AND NOT {_RESTED} THEN now() ELSE next_sync_at END,
      rests_until = CASE WHEN {_FRESH} AND NOT {_RESTED} THEN now() ELSE rests_until END,
      next_renewal_at = CASE WHEN :anew THEN NULL ELSE next_renewal_at END,
      version = version + CASE WHEN :anew OR setup_step = 'connect' AND site <> ''
                                    OR state <> 'ACTIVE' AND NOT {_RESTED} THEN 1 ELSE 0 END,
      updated_at = now()
    WHERE id = :id AND removed_at IS NULL
    """  # noqa: S608 - this module's own words
)
# Somebody who reconnected, or paused, while the old secret was being refused is not overruled.
_SIGNED_OUT = text(
    """
    UPDATE pms_connections SET state = 'NEEDS_SIGN_IN', state_reason = :reason, next_sync_at = NULL,
                               updated_at = now()
    WHERE id = :id AND state IN ('ACTIVE', 'ERROR') AND removed_at IS NULL
      AND (CAST(:job_id AS bigint) IS NULL
           OR updated_at <= (SELECT started_at FROM jobs WHERE id = :job_id))
    """
)
_LET_IN_AGAIN = text(
    """
    UPDATE run_sheet_appointments AS entry SET push_reason = NULL
    WHERE push_state = 'pending' AND push_reason = :reason
      AND EXISTS (SELECT FROM pms_connections WHERE id = :id AND state IN ('ACTIVE', 'ERROR'))
      AND (pms_connection_id = :id
           OR source <> 'pms' AND EXISTS (
             SELECT FROM pms_clinician_mappings AS mapping
             WHERE mapping.pms_connection_id = :id
               AND mapping.run_sheet_clinician_id = entry.run_sheet_clinician_id))
    """
)


class Taken(BadInput):
    """The account has that practice at that PMS already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """A connection to be stored; `id` is chosen first because the secret's name contains it."""

    id: UUID = field(default_factory=uuid4)
    account_id: str
    vendor: str
    site: str
    timezone: str
    name: str = ""
    pms_type: str | None = None
    base_url: str | None = None
    token_url: str | None = None
    secret_ref: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    telehealth_only: bool = True
    frequency_minutes: int = 15
    state: State = State.SETUP_REQUIRED
    setup_step: str | None = None


def load(db: Db, connection_id: UUID, *, even_removed: bool = False) -> Connection:
    """The connection with its practitioners and types, inside its account's transaction."""
    values = {"id": connection_id, "even_removed": even_removed}
    row = db.execute(_LOAD, values).mappings().first()
    if row is None:
        raise BadInput(f"There is no connection {connection_id}; see 'pms-sync connections list'.")
    mappings = db.execute(_MAPPINGS, {"id": connection_id}).all()
    types = db.execute(_TYPES, {"id": connection_id}).mappings().all()
    return Connection(
        **_own_columns(row),
        practitioners={one.pms_practitioner_id: one.pms_practitioner_name for one in mappings},
        clinicians={
            one.pms_practitioner_id: one.clinician_id for one in mappings if one.clinician_id
        },
        types={one["pms_type_id"]: _known_type(one) for one in types},
        telehealth_types=frozenset(one["pms_type_id"] for one in types if one["is_telehealth"]),
    )


def add(
    db: Db,
    new: NewConnection,
    *,
    at: datetime | None = None,
    on_the_clock: reviving.OnTheClock | None = None,
) -> UUID:
    """Store the connection; one account has a practice at a PMS once.

    The id it goes by from now on: that of the practice's removed connection where there is one,
    which is brought back as asked for now, and as of `at`.
    """
    zone(new.timezone)
    values = {name: getattr(new, name) for name in NewConnection.__slots__}
    values.update(
        settings=json.dumps(dict(new.settings)),
        state=new.state.value,
        site=new.site.strip(),
        pms_type=new.pms_type or new.vendor,
        name=new.name or new.site,
        emptied=left_out.at_first(new.vendor, new.settings),
    )
    reviving.alone(db, new.account_id)
    asked = same_practice.Asked(
        account_id=new.account_id,
        vendor=new.vendor,
        site=values["site"],
        but=new.id,
        settings=new.settings,
    )
    # A practice connected twice has each of its rows twice.
    held = same_practice.connected(db, asked)
    if held is not None:
        raise _taken(new, held.site)
    back = reviving.revived(db, asked, values, at=at, on_the_clock=on_the_clock)
    if back is not None:
        return back
    if db.execute(_ADD, values).first() is None:
        raise _taken(new, new.site)
    return new.id


def _taken(new: NewConnection, site: str) -> Taken:
    return Taken(
        f"Account '{new.account_id}' already has a {new.vendor} connection for site"
        f" '{site}'; use that one, or remove it first."
        if site
        else f"Account '{new.account_id}' already has a {new.vendor} connection that is not"
        " paired yet; go on with that one, or remove it first."
    )


def save_practice(db: Db, connection_id: UUID, practice: Practice, *, rename: bool = False) -> None:
    """Take over what the PMS says of the practice: its zone, the PMS behind it, and a missing site.

    The name a person chose stands, unless `rename`.
    """
    if practice.timezone:
        zone(practice.timezone)
    db.execute(
        _SAVE_PRACTICE,
        {
            "id": connection_id,
            "site": practice.site or None,
            "name": practice.name,
            "timezone": practice.timezone,
            "pms_type": practice.pms_type,
            "rename": rename,
        },
    )


def works(db: Db, tried: Connection, *, anew: bool) -> None:
    """The PMS answered: usable again, or on to the next step of its setup; a pause stays.

    `anew` takes up its addresses and where its secrets are, and syncs from now on.
    """
    values = {
        "id": tried.id,
        "base_url": tried.base_url,
        "token_url": tried.token_url,
        "secret_ref": tried.secret_ref,
        "anew": anew,
    }
    if db.execute(_WORKS, values).rowcount != 1:
        raise BadInput("This connection was removed meanwhile; add the practice anew.")
    let_in_again(db, tried.id)


def let_in_again(db: Db, connection_id: UUID) -> None:
    """Rows that wait for the practice wait for its next sync now, and no longer for a person."""
    db.execute(_LET_IN_AGAIN, {"id": connection_id, "reason": LOCKED_OUT})


def signed_out(db: Db, connection_id: UUID, *, reason: str, job_id: int | None = None) -> None:
    """Its credentials are refused; one that is paused or being set up stays as it is.

    What a job found out counts only if nobody has changed the connection since it began.
    """
    db.execute(_SIGNED_OUT, {"id": connection_id, "reason": reason[:500], "job_id": job_id})


def _own_columns(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "vendor": row["connector"],
        "site": row["site"],
        "timezone": row["timezone"],
        "name": row["display_name"],
        "state": State(row["state"]),
        "base_url": row["base_url"],
        "token_url": row["token_url"],
        "secret_ref": row["secret_ref"],
        "settings": row["settings"],
        "telehealth_only": row["sync_telehealth_only"],
        "frequency_minutes": row["sync_frequency_minutes"],
        "last_sync_at": row["last_sync_at"],
        "pms_type": row["pms_type"],
        "opening_hours": row["opening_hours"],
        "adaptive": rhythms.is_adaptive(row["connector"], row["adaptive"]),
        "quiet_minutes": row["quiet_minutes"],
        "is_removed": row["removed_at"] is not None,
        "emptied": frozenset(row["emptied"]),
        **_ways(row),
    }


def _ways(row: RowMapping) -> dict[str, bool]:
    """Where the vendor and the account take changes, a practice says how they go out."""
    described = pms.registered().get(row["connector"])
    may = is_on(row["switches"], SHEET_PUSHES)
    takes = may and described is not None and described.two_way
    pushes = takes and bool(row["features"].get(AUTO_PUSH, True))
    return {
        "both_ways": takes,
        AUTO_PUSH: pushes,
        AUTO_CREATE: pushes and bool(row["features"].get(AUTO_CREATE, False)),
    }


def _known_type(row: RowMapping) -> KnownType:
    return KnownType(
        name=row["pms_type_name"],
        duration_minutes=row["default_duration_minutes"],
        is_telehealth=row["is_telehealth"],
        sync_enabled=row["sync_enabled"],
    )
