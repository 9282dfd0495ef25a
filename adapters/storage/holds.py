"""Slots held for writes under way: the database itself refuses a second one that overlaps."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.desk import Busy, Resource
from domain.window import Window
from domain.writes import Hold

# All of a write's holds together: what is left of some would look like a whole one.
_DROP_EXPIRED = text(
    """
    DELETE FROM slot_holds WHERE write_id IN (
      SELECT write_id FROM slot_holds WHERE resource_no = ANY(:numbers)
        AND during && tstzrange(:start, :end) AND expires_at <= :now)
    """
)
# What a sync has come to show is taken by the appointment itself from then on.
_DROP_SEEN = text(
    """
    DELETE FROM slot_holds AS hold USING pms_writes AS kept, run_sheet_appointments AS entry
    WHERE hold.connection_id = :connection_id AND kept.id = hold.write_id
      AND kept.state = 'confirmed' AND entry.pms_connection_id = hold.connection_id
      AND entry.pms_appointment_id = kept.pms_id
      AND entry.pms_last_synced_at > kept.settled_at
    """
)
_TAKE = text(
    """
    INSERT INTO slot_holds
      (account_id, connection_id, write_id, resource_no, resource, during, expires_at)
    VALUES (:account_id, :connection_id, :write_id, :number, :resource,
            tstzrange(:start, :end), :expires_at)
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_KEEP = text(
    "UPDATE slot_holds SET expires_at = :expires_at WHERE write_id = :write_id RETURNING id"
)
_FREE = text("DELETE FROM slot_holds WHERE write_id = :write_id")
_HELD = text(
    """
    SELECT resource, lower(during) AS start, upper(during) AS end FROM slot_holds
    WHERE connection_id = :connection_id AND during && tstzrange(:start, :end)
      AND (expires_at IS NULL OR expires_at > :now)
    """
)


def take(  # noqa: PLR0913 - whose, for what, until when
    db: Db,
    hold: Hold,
    *,
    account_id: str,
    connection_id: UUID,
    write_id: UUID,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Whether every resource was free of other holds; in one order, so that none wait in a ring."""
    numbered = sorted({_number(hold.practice, one): one for one in hold.resources}.items())
    span = {"start": hold.window.start, "end": hold.window.end}
    db.execute(_DROP_SEEN, {"connection_id": connection_id})
    db.execute(_DROP_EXPIRED, {**span, "numbers": [one for one, _ in numbered], "now": now})
    for number, resource in numbered:
        values = {
            **span,
            "account_id": account_id,
            "connection_id": connection_id,
            "write_id": write_id,
            "number": number,
            "resource": _named(resource),
            "expires_at": expires_at,
        }
        if db.execute(_TAKE, values).first() is None:
            return False
    return True


def keep(db: Db, write_id: UUID, *, until: datetime | None) -> int:
    """Hold on until then, or without end; how many resources are still held."""
    rows = db.execute(_KEEP, {"write_id": write_id, "expires_at": until})
    return len(rows.all())


def free(db: Db, write_id: UUID) -> None:
    db.execute(_FREE, {"write_id": write_id})


def held(db: Db, connection_id: UUID, window: Window, *, now: datetime) -> Sequence[Busy]:
    """What is held in the window, as availability counts it."""
    db.execute(_DROP_SEEN, {"connection_id": connection_id})
    values = {
        "connection_id": connection_id,
        "start": window.start,
        "end": window.end,
        "now": now,
    }
    return [
        Busy(window=Window(row.start, row.end), resources=(_read(row.resource),))
        for row in db.execute(_HELD, values)
    ]


def _named(resource: Resource) -> str:
    return f"{resource.kind}:{resource.pms_id}"


def _read(name: str) -> Resource:
    kind, _, pms_id = name.partition(":")
    return Resource(kind=kind, pms_id=pms_id)


def _number(practice: str, resource: Resource) -> int:
    """A number the exclusion constraint can compare; the same for the same resource always."""
    digest = hashlib.blake2b(f"{practice}/{_named(resource)}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)
