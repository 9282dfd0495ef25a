"""Callers who were to be put through to somebody at the practice, and reached nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from infra.sealing import Sealer

TABLE = "phone_calls"

# Its end is told twice, and only the later one may know: what is kept first stays.
_KEEP = text(
    """
    UPDATE phone_calls SET call_back = :call_back, caller = COALESCE(:caller, caller)
    WHERE account_id = :account_id AND call_id = :call_id AND call_back IS NULL
    RETURNING call_id
    """
)
IS_WAITING = "call.call_back IS NOT NULL AND call.called_back_at IS NULL"
_OTHERS = text(
    f"""
    SELECT call_back, call_id, caller FROM phone_calls AS call
    WHERE {IS_WAITING} AND account_id = :account_id AND call_id <> :call_id
      AND caller IS NOT NULL
    """  # noqa: S608 - made of constants
)
_CALLED = text(
    f"""
    UPDATE phone_calls AS call SET called_back_at = :now
    WHERE {IS_WAITING} AND call_back = ANY(:ids) RETURNING call_back
    """  # noqa: S608 - made of constants
)
_LISTED = text(
    f"""
    SELECT call.account_id, call.call_id, call.call_back, call.caller, call.ended_at,
           own.display_name AS practice
    FROM phone_calls AS call LEFT JOIN LATERAL (
      SELECT connection_id FROM tool_calls
      WHERE account_id = call.account_id AND call_id = call.call_id AND connection_id IS NOT NULL
      ORDER BY created_at DESC LIMIT 1) AS asked ON true
    LEFT JOIN pms_connections AS own ON own.id = asked.connection_id
    WHERE {IS_WAITING} ORDER BY call.ended_at DESC, call.call_back LIMIT :limit
    """  # noqa: S608 - made of constants
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """One such call; `phone` is the number it came from, where a network told it.

    `practice` is whose book was asked for in it, if any was.
    """

    id: UUID
    ended_at: datetime
    practice: str | None
    phone: str | None = field(default=None, repr=False)


def keep(
    db: Db, sealer: Sealer, *, account_id: str, call_id: str, caller: str | None, now: datetime
) -> None:
    """Of one that has ended; earlier calls from the same number are answered by the same call."""
    whose = {"account_id": account_id, "call_id": call_id}
    place = {"table": TABLE, "column": "caller", "row": call_id, "account": account_id}
    sealed = sealer.seal(caller, **place) if caller else None
    kept = db.execute(_KEEP, {**whose, "call_back": uuid4(), "caller": sealed}).first()
    if kept is None or caller is None:
        return
    others = db.execute(_OTHERS, whose).all()
    same = [one.call_back for one in others if _phone(sealer, one, account_id) == caller]
    if same:
        db.execute(_CALLED, {"ids": same, "now": now})


def unreached(db: Db, *, limit: int, sealer: Sealer | None = None) -> Sequence[Unreached]:
    """The account's, newest first; with numbers where they can be unsealed."""
    return [
        Unreached(
            id=row.call_back,
            ended_at=row.ended_at,
            practice=row.practice,
            phone=_phone(sealer, row, row.account_id) if sealer else None,
        )
        for row in db.execute(_LISTED, {"limit": limit})
    ]


def called(db: Db, unreached_id: UUID, *, now: datetime) -> bool:
    """Somebody has called them; False where nobody waits under this id."""
    return db.execute(_CALLED, {"ids": [unreached_id], "now": now}).first() is not None


def _phone(sealer: Sealer, row: Row[tuple[object, ...]], account_id: str) -> str | None:
    if row.caller is None:
        return None
    place = {"table": TABLE, "column": "caller", "row": row.call_id, "account": account_id}
    return sealer.open_text(row.caller, **place)
