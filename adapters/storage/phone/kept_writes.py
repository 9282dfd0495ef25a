"""A write and the row that keeps it; what is asked for lies in it sealed."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from domain.desk import Receipt
from domain.wishes import Write, WriteKind
from domain.writes import KeptWrite, WriteState
from infra.sealing import Sealer

TABLE = "pms_writes"


def sealed(sealer: Sealer, write: Write, write_id: UUID, account_id: str) -> bytes:
    return sealer.seal(json.dumps(write.as_document()), **_place(write_id, account_id))


def document(sealer: Sealer, request: bytes, write_id: UUID, account_id: str) -> dict[str, Any]:
    """What is asked for, by its names."""
    asked: dict[str, Any] = json.loads(sealer.open(request, **_place(write_id, account_id)))
    return asked


def opened(sealer: Sealer, row: RowMapping) -> KeptWrite:
    return KeptWrite(
        id=row["id"],
        account_id=row["account_id"],
        connection_id=row["connection_id"],
        state=WriteState(row["state"]),
        write=Write.from_document(
            WriteKind(row["kind"]),
            document(sealer, row["request"], row["id"], row["account_id"]),
            marker=row["confirmation"],
            submitted_at=row["submitted_at"],
        ),
        key=row["idempotency_key"],
        confirmation=row["confirmation"],
        receipt=Receipt(number=row["receipt"]) if row["receipt"] is not None else None,
        pms_id=row["pms_id"],
        reason=row["reason"],
        call_id=row["call_id"],
        told=row["told"],
        start=row["start_at"],
        end=row["end_at"],
        submitted_at=row["submitted_at"],
        settled_at=row["settled_at"],
        polls=row["polls"],
        trace_id=row["trace_id"],
    )


def _place(write_id: UUID, account_id: str) -> dict[str, Any]:
    return {"table": TABLE, "column": "request", "row": write_id, "account": account_id}
