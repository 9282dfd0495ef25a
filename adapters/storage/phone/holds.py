"""Slots held for writes under way: the database itself refuses a second one that overlaps."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.desk import Busy, Resource
from domain.slots import OPERATORY, PRACTITIONER
from domain.window import Window
from domain.wishes import Cancellation, Move
from domain.writes import Hold, KeptWrite

# All of a write's holds together: what is left of some would look like a whole one.
_DROP_EXPIRED = text(
    """
    DELETE FROM slot_holds WHERE expires_at <= :now AND write_id IN (
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
      AND (kept.kind <> 'reschedule' OR entry.pms_start = kept.start_at)
    """
)
# An appointment is not in its own way: these are the spans of earlier writes it came from.
_OWN = text(
    """
    SELECT lower(during) AS start, upper(during) AS end
    FROM slot_holds AS hold JOIN pms_writes AS kept ON kept.id = hold.write_id
    WHERE hold.connection_id = :connection_id AND kept.state = 'confirmed'
      AND kept.pms_id = :pms_id AND resource_no = :number
    """
)
# Settled: what it shares with where it was is held for this write from now on, the rest is free.
_SUPERSEDE = text(
    """
    WITH earlier AS (
      DELETE FROM slot_holds AS hold USING pms_writes AS kept
      WHERE kept.id = hold.write_id AND kept.id <> :write_id AND kept.state = 'confirmed'
        AND hold.connection_id = :connection_id AND kept.pms_id = :pms_id
      RETURNING hold.*)
    INSERT INTO slot_holds
      (account_id, connection_id, write_id, resource_no, resource, during, expires_at)
    SELECT account_id, connection_id, :write_id, resource_no, resource,
           during * tstzrange(:start, :end), :end
    FROM earlier WHERE during && tstzrange(:start, :end) AND resource = ANY(:resources)
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
_RESOURCES = text("SELECT DISTINCT resource FROM slot_holds WHERE write_id = :write_id")
_HELD = text(
    """
    SELECT resource, lower(during) AS start, upper(during) AS end,
           CASE WHEN kept.state = 'confirmed' THEN kept.pms_id END AS pms_id
    FROM slot_holds AS hold JOIN pms_writes AS kept ON kept.id = hold.write_id
    WHERE hold.connection_id = :connection_id AND during && tstzrange(:start, :end)
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
    moving: str | None = None,
) -> int | None:
    """How many spans are held now; None where one is somebody else's.

    The resources are taken in one order, so that none wait in a ring. What the appointment that
    is moved holds already stays with it: should the move come to nothing, it is still there.
    """
    numbered = sorted({_number(hold.practice, one): one for one in hold.resources}.items())
    drop_seen(db, connection_id)
    drop_expired(db, hold, now=now)
    taken = 0
    for number, resource in numbered:
        for one in _wanting(db, hold.window, connection_id, number, moving):
            values = {
                "start": one.start,
                "end": one.end,
                "account_id": account_id,
                "connection_id": connection_id,
                "write_id": write_id,
                "number": number,
                "resource": _named(resource),
                "expires_at": expires_at,
            }
            if db.execute(_TAKE, values).first() is None:
                return None
            taken += 1
    return taken


def drop_expired(db: Db, hold: Hold, *, now: datetime) -> int:
    """Let go of what ran out in its way; as dispatch, of every account that has the same book."""
    values = {
        "numbers": [_number(hold.practice, one) for one in hold.resources],
        "start": hold.window.start,
        "end": hold.window.end,
        "now": now,
    }
    return db.execute(_DROP_EXPIRED, values).rowcount


def supersede(
    db: Db,
    write_id: UUID,
    *,
    connection_id: UUID,
    pms_id: str,
    window: Window | None,
    resources: Sequence[Resource],
) -> None:
    """An appointment is elsewhere now, or nowhere: free what was held for where it was."""
    values = {
        "write_id": write_id,
        "connection_id": connection_id,
        "pms_id": pms_id,
        "start": window.start if window else None,
        "end": window.end if window else None,
        "resources": [_named(one) for one in resources],
    }
    db.execute(_SUPERSEDE, values)


def leave(db: Db, kept: KeptWrite) -> None:
    """What an appointment held where it was before this write moved it, or called it off."""
    wish = kept.write.wish
    if not isinstance(wish, Move | Cancellation):
        return
    resources: list[Resource] = []
    # Of whom it takes besides, no more is known than what it holds.
    along = resources_of(db, kept.id)
    window = Window(kept.start, kept.end) if kept.start and kept.end else None
    if isinstance(wish, Move) and window is not None:
        resources += along
        resources.append(Resource(kind=PRACTITIONER, pms_id=wish.practitioner_id))
        resources.append(Resource(kind=OPERATORY, pms_id=wish.operatory_id or ""))
    supersede(
        db,
        kept.id,
        connection_id=kept.connection_id,
        pms_id=wish.appointment_id,
        window=window,
        resources=resources,
    )


def keep(db: Db, write_id: UUID, *, until: datetime | None) -> int:
    """Hold on until then, or without end; how many resources are still held."""
    rows = db.execute(_KEEP, {"write_id": write_id, "expires_at": until})
    return len(rows.all())


def drop_seen(db: Db, connection_id: UUID) -> None:
    """Let go of what the sheet has come to show."""
    db.execute(_DROP_SEEN, {"connection_id": connection_id})


def free(db: Db, write_id: UUID) -> None:
    db.execute(_FREE, {"write_id": write_id})


def resources_of(db: Db, write_id: UUID) -> Sequence[Resource]:
    """What is held for a write, if anything still is."""
    return [_read(row.resource) for row in db.execute(_RESOURCES, {"write_id": write_id})]


def held(db: Db, connection_id: UUID, window: Window, *, now: datetime) -> Sequence[Busy]:
    """What is held in the window, as availability counts it; with the appointment it is for."""
    drop_seen(db, connection_id)
    values = {
        "connection_id": connection_id,
        "start": window.start,
        "end": window.end,
        "now": now,
    }
    return [
        Busy(
            window=Window(row.start, row.end),
            resources=(_read(row.resource),),
            pms_id=row.pms_id,
        )
        for row in db.execute(_HELD, values)
    ]


def _wanting(
    db: Db, window: Window, connection_id: UUID, number: int, moving: str | None
) -> list[Window]:
    """What of the span the appointment does not hold yet."""
    if moving is None:
        return [window]
    values = {"connection_id": connection_id, "pms_id": moving, "number": number}
    wanting = [window]
    for own in db.execute(_OWN, values):
        wanting = [
            piece
            for one in wanting
            for piece in (
                Window(one.start, max(one.start, min(one.end, own.start))),
                Window(min(one.end, max(one.start, own.end)), one.end),
            )
            if piece.start < piece.end
        ]
    return wanting


def _named(resource: Resource) -> str:
    return f"{resource.kind}:{resource.pms_id}"


def _read(name: str) -> Resource:
    kind, _, pms_id = name.partition(":")
    return Resource(kind=kind, pms_id=pms_id)


def _number(practice: str, resource: Resource) -> int:
    """A number the exclusion constraint can compare; the same for the same resource always."""
    digest = hashlib.blake2b(f"{practice}/{_named(resource)}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)
