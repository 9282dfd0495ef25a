"""Callers who asked for what another call had asked for already, and were promised a call."""

import json
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.phones import normalised
from domain.writes import KeptWrite
from infra.sealing import Sealer

TABLE = "tool_calls"

_CALLER = text(
    """
    SELECT id, account_id, caller FROM tool_calls
    WHERE account_id = :account_id AND call_id = :call_id AND caller IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
    """
)
_OF_WRITE = text(
    """
    SELECT id, account_id, caller FROM tool_calls
    WHERE write_id = :write_id AND call_back = 'due' ORDER BY created_at
    """
)
# Of two answers at once to the same caller, one sees the other's promise.
_IN_TURN = text("SELECT FROM pms_writes WHERE id = :write_id FOR NO KEY UPDATE")
_SET = text("UPDATE tool_calls SET call_back = :state WHERE id = ANY(:ids)")
# Where no text told whoever asked for it, nobody has to call them about it any more.
_HEARD = text(
    """
    UPDATE pms_writes SET text_state = 'by_person'
    WHERE id = :write_id AND told = 'requested' AND shown IS NULL
      AND text_state IN ('off', 'failed', 'opted_out')
    """
)
_ASKED_FIRST = text("SELECT account_id, call_id FROM pms_writes WHERE id = :write_id")
_AGAIN = text(
    "UPDATE tool_calls SET call_back = 'due' WHERE write_id = :write_id AND call_back = 'done'"
)


def caller_of(db: Db, sealer: Sealer, *, account_id: str, call_id: str | None) -> str | None:
    """The number a phone call came from, where it is known."""
    values = {"account_id": account_id, "call_id": call_id}
    row = db.execute(_CALLER, values).mappings().first()
    return None if row is None else _number(sealer, row)


def is_from(db: Db, sealer: Sealer, kept: KeptWrite, caller: str | None) -> bool:
    """Whether it was asked for from this number, however the two are written."""
    first = caller_of(db, sealer, account_id=kept.account_id, call_id=kept.call_id)
    return _plain(first) == _plain(caller)


def promise(db: Db, sealer: Sealer, tool_call_id: UUID, write_id: UUID, caller: str | None) -> None:
    """Once for each number, however often they ask."""
    db.execute(_IN_TURN, {"write_id": write_id})
    if not _same(db, sealer, write_id, caller):
        db.execute(_SET, {"ids": [tool_call_id], "state": "due"})


def heard(db: Db, sealer: Sealer, write_id: UUID, caller: str | None) -> None:
    """They have called again and heard its end: nobody has to call them."""
    ids = _same(db, sealer, write_id, caller)
    if ids:
        db.execute(_SET, {"ids": ids, "state": "done"})
    asked = db.execute(_ASKED_FIRST, {"write_id": write_id}).mappings().one()
    first = caller_of(db, sealer, **asked)
    if first is not None and _plain(first) == _plain(caller):
        db.execute(_HEARD, {"write_id": write_id})


def promise_again(db: Db, write_id: UUID) -> None:
    """What they were told since is no longer so."""
    db.execute(_AGAIN, {"write_id": write_id})


def number(sealer: Sealer, caller: bytes | None, *, account_id: str, row_id: UUID) -> str | None:
    """As it was told; None where it is unknown or past its keeping."""
    if caller is None:
        return None
    place = {"table": TABLE, "column": "caller", "account": account_id}
    told, _ = json.loads(sealer.open(caller, row=row_id, **place))
    return str(told) if told else None


def _same(db: Db, sealer: Sealer, write_id: UUID, caller: str | None) -> list[UUID]:
    rows = db.execute(_OF_WRITE, {"write_id": write_id}).mappings().all()
    return [row["id"] for row in rows if _plain(_number(sealer, row)) == _plain(caller)]


def _number(sealer: Sealer, row: RowMapping) -> str | None:
    return number(sealer, row["caller"], account_id=row["account_id"], row_id=row["id"])


def _plain(caller: str | None) -> str | None:
    return (normalised(caller, None).e164 or caller) if caller else None
