"""Tool calls: stored before anything is done, claimed once, answered once, told again the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.jobs.ledger import put
from adapters.storage.practices.rhythms import WOKEN
from domain.errors import FenceLost
from domain.tools import ToolAnswer
from domain.work import ANSWER, tool_call_job
from infra.sealing import Sealer

TABLE = "tool_calls"

_KEEP = text(
    """
    INSERT INTO tool_calls (id, account_id, connection_id, delivery_id, call_id, tool_call_id, tool,
                            arguments, arguments_print, caller, reply_to, deadline_at, trace_id,
                            asked_from, asked_with)
    VALUES (:id, :account_id, :connection_id, :delivery_id, :call_id, :tool_call_id, :tool,
            :arguments, :print, :caller, :reply_to, :deadline_at, :trace_id,
            :asked_from, :asked_with)
    ON CONFLICT (account_id, call_id, tool_call_id) DO UPDATE SET
      reply_to = CASE WHEN tool_calls.tool = EXCLUDED.tool
                        AND COALESCE(tool_calls.arguments_print = ANY(:prints), true)
                      THEN EXCLUDED.reply_to ELSE tool_calls.reply_to END
    RETURNING id, state, job_id, xmax = 0 AS is_new,
      tool = :tool AND COALESCE(arguments_print = ANY(:prints), true) AS is_same
    """
)
# A call wakes the practice, or all of the account's, in the statement that is needed anyway.
_ASSIGN = text(
    f"""
    WITH woken AS ({WOKEN})
    UPDATE tool_calls SET job_id = :job_id WHERE id = :id
    """  # noqa: S608 - our own words
)
_CLAIM = text(
    """
    UPDATE tool_calls SET state = 'claimed', claimed_at = COALESCE(claimed_at, :now)
    WHERE id = :id AND state IN ('waiting', 'claimed') RETURNING *
    """
)
_ANSWER = text(
    """
    UPDATE tool_calls SET state = 'answered', answer = :answer, answered_by = 'worker',
                          answered_at = :now, told = :told, write_id = :write_id
    WHERE id = :id AND state = 'claimed' RETURNING reply_to
    """
)
_GIVE_UP = text(
    """
    UPDATE tool_calls SET state = :after, answer = :answer, answered_by = 'ingress',
                          answered_at = :now, told = :told, write_id = :write_id
    WHERE id = :id AND state = ANY(:before) RETURNING id
    """
)
_GUARD = text("SELECT FROM tool_calls WHERE id = :id AND state = 'claimed' FOR SHARE")
_LOCK = text("SELECT FROM tool_calls WHERE id = :id AND state = ANY(:states) FOR UPDATE")
_KNOWN = text(
    """
    SELECT count(*) FROM tool_calls
    WHERE account_id = :account_id AND call_id = :call_id AND tool_call_id = ANY(:ids)
    """
)
_LOOK = text("SELECT id, state, answer, account_id, told FROM tool_calls WHERE id = ANY(:ids)")

OPEN = ("waiting", "claimed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToolCall:
    """What is asked; arguments and caller are sealed.

    `asked_from` and `asked_with` are the address and program of whoever asks over the API.
    """

    account_id: str
    connection_id: UUID | None
    call_id: str
    tool_call_id: str
    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    caller: str | None = field(repr=False)
    control_url: str | None = field(repr=False)
    deadline_at: datetime
    trace_id: str
    asked_from: str | None = None
    asked_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToolCall(_ToolCall):
    """A tool call as it came."""

    delivery_id: UUID | None
    reply_to: str


@dataclass(frozen=True, slots=True)
class KeptToolCall:
    """As it is kept; `is_same` where its id was not another request's before."""

    id: UUID
    job_id: int | None
    is_new: bool
    state: str
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedToolCall(_ToolCall):
    """A tool call a worker has taken on."""

    id: UUID
    created_at: datetime


def keep(
    db: Db,
    sealer: Sealer,
    new: NewToolCall,
    *,
    vendor: str | None,
    kind: str = ANSWER,
) -> KeptToolCall:
    """The row, and a job for a new one; one that was stored before only learns whom to tell."""
    row = db.execute(_KEEP, _values(sealer, new, uuid4())).one()
    job_id = row.job_id
    if row.is_new:
        job = tool_call_job(
            kind,
            account_id=new.account_id,
            connection_id=new.connection_id,
            vendor=vendor,
            tool_call=row.id,
            trace_id=new.trace_id,
        )
        job_id = put(db, job)
        whose = {"connection_id": new.connection_id}
        db.execute(_ASSIGN, {"id": row.id, "job_id": job_id, **whose})
    return KeptToolCall(row.id, job_id, row.is_new, row.state, row.is_same)


def known(db: Db, account_id: str, call_id: str, ids: Sequence[str]) -> int:
    """How many of a call's tool calls came before."""
    values = {"account_id": account_id, "call_id": call_id, "ids": list(ids)}
    return int(db.execute(_KNOWN, values).scalar_one())


def claim(db: Db, sealer: Sealer, row_id: UUID, *, now: datetime) -> ClaimedToolCall | None:
    """Take it on; None where it was answered, or given up, already."""
    row = db.execute(_CLAIM, {"id": row_id, "now": now}).mappings().first()
    if row is None:
        return None
    caller, control_url = _opened(sealer, row, "caller") or (None, None)
    return ClaimedToolCall(
        id=row["id"],
        account_id=row["account_id"],
        connection_id=row["connection_id"],
        call_id=row["call_id"],
        tool_call_id=row["tool_call_id"],
        tool=row["tool"],
        arguments=_opened(sealer, row, "arguments") or {},
        caller=caller,
        control_url=control_url,
        deadline_at=row["deadline_at"],
        created_at=row["created_at"],
        trace_id=row["trace_id"],
        asked_from=str(row["asked_from"]) if row["asked_from"] else None,
        asked_with=row["asked_with"],
    )


def answer(
    db: Db, sealer: Sealer, claimed: ClaimedToolCall, said: ToolAnswer, *, now: datetime
) -> str | None:
    """Keep what is said and answer whom to tell; None where it comes too late to be heard."""
    values = {
        "id": claimed.id,
        "answer": _answer(sealer, claimed.account_id, claimed.id, said),
        "now": now,
        "told": said.told.value if said.told else None,
        "write_id": said.write_id,
    }
    row = db.execute(_ANSWER, values).first()
    return None if row is None else row.reply_to or ""


def guard(db: Db, row_id: UUID) -> None:
    """Raise where the call was answered otherwise meanwhile: nothing may be begun for it now."""
    if db.execute(_GUARD, {"id": row_id}).first() is None:
        raise FenceLost("this tool call was answered in our place")


def still_open(db: Db, row_id: UUID, *, states: Sequence[str]) -> bool:
    """Whether it may be answered in the worker's place; locked, so that it stays as it is."""
    return db.execute(_LOCK, {"id": row_id, "states": list(states)}).first() is not None


def give_up(  # noqa: PLR0913 - which, for whom, with what words
    db: Db,
    sealer: Sealer,
    row_id: UUID,
    said: ToolAnswer,
    *,
    account_id: str,
    before: Sequence[str] = OPEN,
    now: datetime,
) -> bool:
    """Answer in the worker's place; False where the worker was quicker."""
    values = {
        "id": row_id,
        "after": "withdrawn" if tuple(before) == ("waiting",) else "late",
        "before": list(before),
        "answer": _answer(sealer, account_id, row_id, said),
        "now": now,
        "told": said.told.value if said.told else None,
        "write_id": said.write_id,
    }
    return db.execute(_GIVE_UP, values).first() is not None


def answers(db: Db, sealer: Sealer, ids: Sequence[UUID]) -> Mapping[UUID, ToolAnswer]:
    """What was said of those that were answered."""
    rows = db.execute(_LOOK, {"ids": list(ids)}).mappings().all()
    return {row["id"]: _said(sealer, row) for row in rows if row["answer"] is not None}


def _values(sealer: Sealer, new: NewToolCall, row_id: UUID) -> Mapping[str, Any]:
    whose = [new.account_id, new.call_id, new.tool_call_id]
    asked = json.dumps([*whose, dict(new.arguments)], sort_keys=True).encode()
    return {
        "id": row_id,
        "account_id": new.account_id,
        "connection_id": new.connection_id,
        "delivery_id": new.delivery_id,
        "call_id": new.call_id,
        "tool_call_id": new.tool_call_id,
        "tool": new.tool,
        "arguments": _sealed(sealer, new.account_id, row_id, "arguments", dict(new.arguments)),
        "print": sealer.fingerprint(asked),
        "prints": sealer.fingerprints(asked),
        "caller": _sealed(sealer, new.account_id, row_id, "caller", [new.caller, new.control_url]),
        "reply_to": new.reply_to,
        "deadline_at": new.deadline_at,
        "trace_id": new.trace_id,
        "asked_from": new.asked_from,
        "asked_with": new.asked_with,
    }


def _answer(sealer: Sealer, account_id: str, row_id: UUID, said: ToolAnswer) -> bytes:
    content = {
        "text": said.text,
        "is_error": said.is_error,
        "phi_fields": said.phi_fields,
        "patient_id": said.patient_id,
    }
    return _sealed(sealer, account_id, row_id, "answer", content)


def _said(sealer: Sealer, row: RowMapping) -> ToolAnswer:
    told = _opened(sealer, row, "answer")
    return ToolAnswer(
        text=told["text"],
        is_error=told["is_error"],
        phi_fields=tuple(told.get("phi_fields", ())),
        patient_id=told.get("patient_id"),
    )


def _sealed(sealer: Sealer, account_id: str, row_id: UUID, column: str, content: Any) -> bytes:
    return sealer.seal(
        json.dumps(content), table=TABLE, column=column, row=row_id, account=account_id
    )


def _opened(sealer: Sealer, row: RowMapping, column: str) -> Any:
    blob = row[column]
    if blob is None:
        return None
    plain = sealer.open(blob, table=TABLE, column=column, row=row["id"], account=row["account_id"])
    return json.loads(plain)
