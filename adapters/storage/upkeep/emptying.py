"""Empties what is stored of a practice of what it leaves out by now, on from where it broke off."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.left_out import left_out
from adapters.storage.audit.audit import Access, record
from adapters.storage.by_hand import taken_back
from adapters.storage.jobs.ledger import guard, put, save_checkpoint, whose
from adapters.storage.phone import cached
from adapters.storage.practices import connections
from adapters.storage.practices.rhythms import wake
from adapters.storage.runs import recordings
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.upkeep import emptied_beside, emptied_rows
from adapters.storage.upkeep.emptied_rows import BATCH, Emptied, LeftOut
from adapters.storage.upkeep.left_out_now import LeftOutNow, left_out_now
from domain.connections import Connection
from domain.counting import so_many
from domain.jobs import Job
from domain.minimising import written
from domain.work import empty_job
from infra.clock import Clock
from infra.database import transaction
from infra.sealing import Sealer

_BEGIN_ANEW = text("UPDATE pms_connections SET emptied = '{}' WHERE id = :id")
_DONE = text("UPDATE pms_connections SET emptied = :emptied WHERE id = :id")

Pass = Callable[[Db, LeftOut, Mapping[str, Any]], Emptied]

PASSES: Mapping[str, Pass] = {
    "rows": emptied_rows.step,
    "conflicts": emptied_beside.conflicts,
    "previews": emptied_beside.previews,
    "patients": emptied_beside.patients,
}
"""One after the other: what is found beside a row is told by it no more once the row is empty."""


def begin_anew(db: Db, connection_id: UUID) -> None:
    """What is left out was changed: rows are emptied of it at once, and nothing else tells it."""
    db.execute(_BEGIN_ANEW, {"id": connection_id})
    taken_back.compare_by_value(db, connection_id)
    cached.forget_patients(db, connection_id)
    recordings.forget_of(db, connection_id)
    _ask(db, connections.load(db, connection_id))


def ask_if_due(db: Db, connection: Connection) -> None:
    """Put the job where rows may still hold what is left out; else ask nothing of the database."""
    if _ask(db, connection):
        taken_back.compare_by_value(db, connection.id)


def _ask(db: Db, connection: Connection) -> bool:
    is_due = bool(left_out(connection.vendor, connection.left_out) - connection.emptied)
    if is_due:
        job = empty_job(
            account_id=connection.account_id,
            connection_id=connection.id,
            vendor=connection.vendor,
        )
        put(db, job)
    return is_due


class EmptyingStore:
    """Opens the rows of a job's connection."""

    def __init__(self, engine: Engine, sealer: Sealer, *, clock: Clock, batch: int = BATCH) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._batch = batch

    def begin(self, job: Job) -> "Emptying":
        account_id, connection_id = whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            now = left_out_now(db, connection_id)
        what = LeftOut(
            account_id=account_id,
            connection_id=connection_id,
            extras=now.extras,
            seal=EntrySeal(self._sealer, account_id=account_id),
            clock=self._clock,
            most=self._batch,
        )
        place = _Place.of(job.checkpoint, version=now.version)
        return Emptying(self._engine, job, what, place)


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a pass over everything is; None where nothing is left to do.

    What was emptied before the connection was changed may have been read again since.
    """

    passing: str | None = next(iter(PASSES))
    at: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any], *, version: int) -> "_Place":
        if checkpoint.get("version") != version:
            return cls()
        return cls(checkpoint["passing"], checkpoint["at"], checkpoint["rows"])

    def onward(self, emptied: Emptied) -> "_Place":
        rows = self.rows + emptied.rows
        if emptied.onward is not None:
            return _Place(self.passing, emptied.onward, rows)
        names = list(PASSES)
        behind = [*names[names.index(str(self.passing)) + 1 :], None]
        return _Place(behind[0], {}, rows)

    def kept(self, *, version: int) -> Mapping[str, Any]:
        return {"version": version, "passing": self.passing, "at": self.at, "rows": self.rows}


@dataclass
class Emptying:
    """One pass over all there is, a batch in a fenced transaction; what is done stays done."""

    engine: Engine
    job: Job
    what: LeftOut
    place: _Place
    is_overtaken: bool = False

    def steps(self) -> Iterator[int]:
        """So many rows each were emptied; ends early where the choice is changed meanwhile."""
        while self.what.extras and self.place.passing is not None and not self.is_overtaken:
            before = self.place.rows
            self._step(self.place.passing)
            yield self.place.rows - before

    def done(self) -> None:
        """No row holds it any more: kept with the connection, and audited.

        Whoever changed the choice meanwhile has asked for another pass.
        """
        what, rows = self.what, self.place.rows
        with transaction(self.engine, account_id=what.account_id) as db:
            guard(db, self.job)
            if self._still(db) is not None:
                emptied = [one.value for one in what.extras]
                db.execute(_DONE, {"id": what.connection_id, "emptied": emptied})
                # Whoever changed a row meanwhile could not have its practice woken.
                wake(db, what.connection_id)
            if what.extras:
                record(
                    db,
                    Access(user="pms-sync", trace_id=self.job.trace_id),
                    account_id=what.account_id,
                    action="connection.emptied",
                    phi_fields=sorted(what.fields),
                    connection_id=what.connection_id,
                    summary=f"{written(what.extras).replace(',', ', ')}: {so_many(rows, 'row')}",
                )

    def _step(self, passing: str) -> None:
        with transaction(self.engine, account_id=self.what.account_id) as db:
            guard(db, self.job)
            now = self._still(db)
            if now is None:
                return
            place = self.place.onward(PASSES[passing](db, self.what, self.place.at))
            save_checkpoint(db, self.job, place.kept(version=now.version))
        self.place = place

    def _still(self, db: Db) -> LeftOutNow | None:
        """The choice as it was begun with; None where it is another by now."""
        now = left_out_now(db, self.what.connection_id)
        self.is_overtaken = self.is_overtaken or now.extras != self.what.extras
        return None if self.is_overtaken else now
