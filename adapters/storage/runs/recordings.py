"""Recordings of runs: parts that are only ever appended, each sealed, and forgotten as a whole."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import guard, whose
from adapters.storage.tables import recorded_parts
from domain.errors import BadInput
from domain.jobs import Job
from domain.runs import Run
from infra.database import transaction
from infra.sealing import Sealer

TABLE = recorded_parts.name
MOST_BYTES = 32 * 1024 * 1024

_BEGIN = text(
    """
    INSERT INTO recordings (run_id, account_id, pms_connection_id, job_id, begun_at)
    VALUES (:run_id, :account_id, :connection_id, :job_id, :at)
    ON CONFLICT (run_id) DO NOTHING
    """
)
_ROOM = text(
    """
    UPDATE recordings
    SET bytes = bytes + CASE WHEN bytes + :size <= :most THEN :size ELSE 0 END,
        is_full = bytes + :size > :most
    WHERE job_id = :job_id AND NOT is_full
    RETURNING run_id, is_full
    """
)
_KEEP = text(
    """
    INSERT INTO recorded_parts (id, account_id, run_id, part)
    VALUES (:id, :account_id, :run_id, :part)
    """
)
_LIST = text(
    """
    SELECT run_id, pms_connection_id AS connection_id, begun_at, bytes, is_full
    FROM recordings WHERE CAST(:run_id AS uuid) IS NULL OR run_id = :run_id
    ORDER BY begun_at DESC
    """
)
_PARTS = text("SELECT id, part FROM recorded_parts WHERE run_id = :run_id ORDER BY number")
_FORGET = text("DELETE FROM recordings WHERE run_id = :run_id")
_FORGET_ALL = text("DELETE FROM recordings WHERE pms_connection_id = :connection_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording without what is in it."""

    run_id: UUID
    connection_id: UUID
    begun_at: datetime
    bytes: int
    is_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Appends to the recording of a job's run, as long as the attempt owns the job.

    A recording that is full, or was forgotten meanwhile, takes nothing more, and nobody minds.
    """

    engine: Engine
    sealer: Sealer
    job: Job
    most: int = MOST_BYTES

    def __call__(self, part: Mapping[str, Any], body: bytes = b"") -> None:
        """In a transaction of its own: what was answered was answered, whatever fails later."""
        self.keep([(part, body)])

    def keep(self, parts: Sequence[tuple[Mapping[str, Any], bytes]]) -> None:
        account_id, _ = whose(self.job)
        rows = [self._row(account_id, part, body) for part, body in parts]
        if not rows:
            return
        with transaction(self.engine, account_id=account_id) as db:
            guard(db, self.job)
            size = sum(len(row["part"]) for row in rows)
            asked = {"size": size, "most": self.most, "job_id": self.job.id}
            room = db.execute(_ROOM, asked).first()
            if room is not None and not room.is_full:
                db.execute(_KEEP, [{**row, "run_id": room.run_id} for row in rows])

    def _row(self, account_id: str, part: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        row_id = uuid4()
        whole = zlib.compress(json.dumps(part).encode() + b"\n" + body)
        sealed = self.sealer.seal(whole, table=TABLE, column="part", row=row_id, account=account_id)
        return {"id": row_id, "account_id": account_id, "part": sealed}


def begin(db: Db, run: Run, *, job_id: int, at: datetime) -> None:
    """From now on; an attempt after the first goes on with the recording there is."""
    values = {
        "run_id": run.id,
        "account_id": run.account_id,
        "connection_id": run.connection_id,
        "job_id": job_id,
        "at": at,
    }
    db.execute(_BEGIN, values)


def listed(db: Db) -> Sequence[Recording]:
    """The newest first."""
    return [Recording(**row) for row in db.execute(_LIST, {"run_id": None}).mappings()]


def find(db: Db, run_id: UUID) -> Recording:
    row = db.execute(_LIST, {"run_id": run_id}).mappings().first()
    if row is None:
        raise BadInput(
            f"Run {run_id} has no recording, or it was forgotten; make one with"
            " 'pms-sync sync ID --record'."
        )
    return Recording(**row)


def parts(
    db: Db, sealer: Sealer, run_id: UUID, *, account_id: str
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Opened, in the order they came."""
    for row in db.execute(_PARTS, {"run_id": run_id}):
        sealed = bytes(row.part)
        whole = sealer.open(sealed, table=TABLE, column="part", row=row.id, account=account_id)
        head, _, body = zlib.decompress(whole).partition(b"\n")
        yield json.loads(head), body


def forget(db: Db, run_id: UUID) -> bool:
    """Whether there was one."""
    return db.execute(_FORGET, {"run_id": run_id}).rowcount > 0


def forget_of(db: Db, connection_id: UUID) -> int:
    """All of a connection."""
    return db.execute(_FORGET_ALL, {"connection_id": connection_id}).rowcount
