"""Empties stored rows, their history and their conflicts of what is left out by now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.left_out import left_out
from adapters.storage import connections
from adapters.storage.audit import Access, record
from adapters.storage.conflicts import TABLE as CONFLICTS
from adapters.storage.conflicts import Closed, close_conflicts
from adapters.storage.entries import EntrySeal, forgotten
from adapters.storage.ledger import guard, put
from adapters.storage.rewriting import write_rows
from adapters.storage.sheet_events import tell
from domain import merge
from domain.connections import Connection
from domain.jobs import Job
from domain.minimising import Extra, fields_of, written
from domain.window import local_day
from domain.work import empty_job
from infra.database import transaction
from infra.sealing import Sealer

BATCH = 200
HISTORY = "run_sheet_history"
FIRST = UUID(int=0)

_BEGIN_ANEW = text("UPDATE pms_connections SET emptied = '{}' WHERE id = :id")
# What the PMS says of them sounds otherwise from now on, and is no reason to bring them back.
_KEEP_UNDONE = text(
    """
    UPDATE run_sheet_appointments SET fingerprint = NULL
    WHERE pms_connection_id = :id AND (undone OR cardinality(undone_fields) > 0)
    """
)
_ROWS = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND id > :after
    ORDER BY id LIMIT :most FOR UPDATE
    """
)
_HISTORY = text(
    """
    SELECT id, appointment_id, before FROM run_sheet_history
    WHERE appointment_id = ANY(:ids) AND before IS NOT NULL ORDER BY id FOR UPDATE
    """
)
_REMEMBER = text("UPDATE run_sheet_history SET before = :before WHERE id = :id")
_CONFLICTS = text(
    """
    SELECT id, appointment_id, both_values FROM run_sheet_conflicts
    WHERE appointment_id = ANY(:ids) AND field = ANY(:fields) ORDER BY id FOR UPDATE
    """
)
_BOTH = text("UPDATE run_sheet_conflicts SET both_values = :both_values WHERE id = :id")
_DONE = text("UPDATE pms_connections SET emptied = :emptied WHERE id = :id")

Clock = Callable[[], datetime]


def begin_anew(db: Db, connection_id: UUID) -> None:
    """What is left out was changed: rows are emptied of it at once."""
    db.execute(_BEGIN_ANEW, {"id": connection_id})
    db.execute(_KEEP_UNDONE, {"id": connection_id})
    ask_if_due(db, connections.load(db, connection_id))


def ask_if_due(db: Db, connection: Connection) -> None:
    """Put the job where rows may still hold what is left out; else ask nothing of the database."""
    if left_out(connection.vendor, connection.left_out) - connection.emptied:
        job = empty_job(
            account_id=connection.account_id,
            connection_id=connection.id,
            vendor=connection.vendor,
        )
        put(db, job)


class EmptyingStore:
    """Opens the rows of a job's connection."""

    def __init__(self, engine: Engine, sealer: Sealer, *, clock: Clock) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    def begin(self, job: Job) -> "Emptying":
        if job.account_id is None or job.connection_id is None:
            raise TypeError("rows are emptied for a connection of an account")
        with transaction(self._engine, account_id=job.account_id) as db:
            connection = connections.load(db, job.connection_id)
        seal = EntrySeal(self._sealer, account_id=job.account_id)
        return Emptying(self._engine, seal, self._clock, job, connection)


@dataclass
class Emptying:
    """One pass over all rows, a batch in a fenced transaction; what is done stays done."""

    engine: Engine
    seal: EntrySeal
    clock: Clock
    job: Job
    connection: Connection
    days: set[date] = field(default_factory=set)
    rows: int = 0

    def __post_init__(self) -> None:
        self.extras = left_out(self.connection.vendor, self.connection.left_out)
        self.fields = fields_of(self.extras)

    def steps(self) -> Iterator[int]:
        """So many rows each were emptied."""
        after: UUID | None = FIRST
        while self.fields and after is not None:
            before = self.rows
            after = self._step(after)
            yield self.rows - before

    def done(self) -> None:
        """No row holds it any more: kept with the connection, audited, and told to open pages."""
        account, own = self.connection.account_id, self.connection.id
        with transaction(self.engine, account_id=account) as db:
            guard(db, self.job)
            db.execute(_DONE, {"id": own, "emptied": [one.value for one in self.extras]})
            record(
                db,
                Access(user="pms-sync", trace_id=self.job.trace_id),
                account_id=account,
                action="connection.emptied",
                phi_fields=sorted(self.fields),
                connection_id=own,
                summary=f"{written(self.extras).replace(',', ', ')}: {self.rows} rows",
            )
            if self.days:
                days = sorted(day.isoformat() for day in self.days)
                detail = {"days": days}
                tell(db, account_id=account, kind="sheet_changed", connection_id=own, detail=detail)

    def _step(self, after: UUID) -> UUID | None:
        """The last row of the batch; None where there is none behind it."""
        asked = {"connection_id": self.connection.id, "after": after, "most": BATCH}
        with transaction(self.engine, account_id=self.connection.account_id) as db:
            guard(db, self.job)
            rows = db.execute(_ROWS, asked).mappings().all()
            at = self.clock()
            self._empty(db, rows, at=at)
            ids = [row["id"] for row in rows]
            self._empty_history(db, ids)
            self._empty_conflicts(db, ids)
        return ids[-1] if len(ids) == BATCH else None

    def _empty(self, db: Db, rows: Sequence[RowMapping], *, at: datetime) -> None:
        emptied: list[Mapping[str, Any]] = []
        closed: list[Closed] = []
        for row in rows:
            merged = merge.forget(self.seal.cells(row), self.fields)
            holds_type = Extra.TYPE in self.extras and row["appointment_type_id"] is not None
            if not merged.touched and not holds_type:
                continue
            emptied.append(self._emptied(row, merged, at=at))
            closed += [Closed(row["id"], one.field, "agreed") for one in merged.closed]
            self.days.add(local_day(row["appointment_time"], row["timezone"]))
        write_rows(db, emptied)
        close_conflicts(db, closed, by="sync", at=at)
        self.rows += len(emptied)

    def _emptied(self, row: RowMapping, merged: merge.Merged, *, at: datetime) -> dict[str, Any]:
        """Without prints: whatever it was made of is read anew, once it may be held again."""
        columns = self.seal.rewritten(row["id"], merged.cells)
        if Extra.TYPE in self.extras:
            columns["appointment_type_id"] = None
        prints = {"fingerprint": None, "pms_origin": None}
        return {**row, **columns, **prints, "version": row["version"] + 1, "updated_at": at}

    def _empty_history(self, db: Db, ids: Sequence[UUID]) -> None:
        fresh = []
        for line in db.execute(_HISTORY, {"ids": ids}):
            row_id, sealed = line.appointment_id, bytes(line.before)
            kept = self.seal.open_document(row_id, "before", sealed, table=HISTORY)
            left = forgotten(kept, self.fields)
            if left is not kept:
                document = self.seal.document(row_id, "before", left, table=HISTORY)
                fresh.append({"id": line.id, "before": document})
        if fresh:
            db.execute(_REMEMBER, fresh)

    def _empty_conflicts(self, db: Db, ids: Sequence[UUID]) -> None:
        fresh = []
        for one in db.execute(_CONFLICTS, {"ids": ids, "fields": list(self.fields)}):
            row_id, sealed = one.appointment_id, bytes(one.both_values)
            kept = self.seal.open_document(row_id, "both_values", sealed, table=CONFLICTS)
            if kept.get("theirs") is not None:
                left = {**kept, "theirs": None}
                document = self.seal.document(row_id, "both_values", left, table=CONFLICTS)
                fresh.append({"id": one.id, "both_values": document})
        if fresh:
            db.execute(_BOTH, fresh)
