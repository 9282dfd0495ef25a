"""Where a refetch takes its deliveries up and writes what came of them, under its job's fence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.deliveries import delivery_work
from adapters.storage.jobs.ledger import guard, put, save_checkpoint, whose
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import connections, still_connected
from adapters.storage.sheet import sheet_events
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.found_again import Outcome, apply
from adapters.storage.sheet.reading import PHI_FIELDS
from domain.checks import shut_out
from domain.connections import Connection, State
from domain.deliveries import DeliveryState, Look, Seen
from domain.errors import NeedsReconnect, SyncError
from domain.jobs import Job
from domain.sources import Spend
from domain.window import day_start, local_day
from domain.work import refetch_job
from infra.clock import Clock
from infra.database import transaction
from infra.sealing import Sealer

SYNCED = frozenset({State.ACTIVE, State.ERROR})
PAUSED = "The connection is not active; the first sync afterwards reads everything."

A_STAMP = timedelta(seconds=1)
"""Changes within one second may bear the same stamp: what is read after it is over has them all."""

_NOW = text("SELECT now()")


class RefetchStore:
    """Opens the deliveries of a job's connection, and gives them up with the job."""

    def __init__(self, engine: Engine, sealer: Sealer, *, clock: Clock) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    def begin(self, job: Job) -> "Refetching":
        account_id, connection_id = whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            connection = still_connected.load(db, connection_id)
        return Refetching(self._engine, self._sealer, self._clock, job, connection)

    def gave_up(self, job: Job, error: SyncError) -> None:
        """The job is dead: a later sync reads what these named; a person may have to act."""
        account_id, connection_id = whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            delivery_work.settle_all(db, job, DeliveryState.DEAD, note=str(error), at=self._clock())
            if isinstance(error, NeedsReconnect):
                reason = shut_out(error)
                connections.signed_out(db, connection_id, reason=reason, job_id=job.id)


class Refetching:
    """The deliveries of one connection being settled; no transaction spans a call to the vendor."""

    def __init__(
        self, engine: Engine, sealer: Sealer, clock: Clock, job: Job, connection: Connection
    ) -> None:
        self.connection = connection
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._job = job
        self._run_id = uuid4()
        kept = job.checkpoint.get("asked_at")
        self._asked_at = datetime.fromisoformat(kept) if kept else None

    def next(self) -> Look | None:
        """The oldest that wait; None when none does, or the connection is paused."""
        with self._transaction() as db:
            guard(db, self._job)
            self.connection = still_connected.load(db, self.connection.id)
            if self.connection.state not in SYNCED:
                at = self._clock()
                delivery_work.settle_all(db, self._job, DeliveryState.IGNORED, note=PAUSED, at=at)
                return None
            return (self._asked_at and self._taken(db, self._asked_at)) or self._anew(db)

    def settle(self, look: Look, seen: Seen, *, spent: Sequence[Spend]) -> Mapping[str, int]:
        """What was found, onto the sheet; deliveries all of whose appointments were seen end."""
        at = self._clock()
        seal = EntrySeal(self._sealer, account_id=self.connection.account_id)
        with self._transaction() as db:
            save_checkpoint(db, self._job, _mark(self._asked_at))
            keep_spent(db, spent)
            outcome = apply(
                db,
                ConnectionSheet(db, self.connection, seal),
                seen,
                connection=self.connection,
                sealer=self._sealer,
                at=at,
                run_id=self._run_id,
            )
            self._end(db, look, seen, outcome, at)
            self._tell(db, outcome)
        return outcome.counts

    def save_spent(self, spent: Sequence[Spend]) -> None:
        """Requests that left before an attempt ended: facts, whoever owns the job by now."""
        with self._transaction() as db:
            keep_spent(db, spent)

    def _anew(self, db: Db) -> Look | None:
        """Whatever came until now; of what came only just, another job looks after a moment."""
        self._asked_at = db.execute(_NOW).scalar_one()
        look = self._taken(db, self._asked_at)
        first = None if look else delivery_work.first_waiting(db, self.connection.id)
        if first is not None:
            connection = self.connection
            put(
                db,
                refetch_job(
                    account_id=connection.account_id,
                    connection_id=connection.id,
                    vendor=connection.vendor,
                    due_at=first + A_STAMP,
                ),
            )
        return look

    def _taken(self, db: Db, asked_at: datetime) -> Look | None:
        zone = self.connection.timezone
        yesterday = local_day(asked_at, zone) - timedelta(days=1)
        taken = delivery_work.take(
            db,
            self.connection.id,
            until=asked_at - A_STAMP,
            since=day_start(yesterday, zone),
        )
        if not taken:
            return None
        save_checkpoint(db, self._job, _mark(asked_at), advanced=False)
        return Look(key=f"{self._job.id} {asked_at.isoformat()}", wanted=taken)

    def _end(self, db: Db, look: Look, seen: Seen, outcome: Outcome, at: datetime) -> None:
        for delivery_id, pms_ids in look.wanted.items():
            if not seen.has(pms_ids):
                continue
            is_bad = any(one in seen.unreadable for one in pms_ids)
            state = DeliveryState.DEAD if is_bad else DeliveryState.DONE
            words = dict.fromkeys(outcome.words[one] for one in pms_ids)
            note = ", ".join(words) or "no row of this patient is on the sheet"
            delivery_work.settle(db, [delivery_id], state, note=note, at=at)

    def _tell(self, db: Db, outcome: Outcome) -> None:
        connection = self.connection
        summary = " ".join(f"{name}={count}" for name, count in outcome.counts.items())
        record(
            db,
            Access(user=f"webhook:{connection.vendor}", trace_id=self._job.trace_id),
            account_id=connection.account_id,
            action="webhook.refetched",
            phi_fields=PHI_FIELDS,
            connection_id=connection.id,
            summary=summary,
        )
        if outcome.days:
            days = sorted(day.isoformat() for day in outcome.days)
            sheet_events.tell(
                db,
                account_id=connection.account_id,
                kind="sheet_changed",
                connection_id=connection.id,
                detail={"run_id": str(self._run_id), "days": days},
            )

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        with transaction(self._engine, account_id=self.connection.account_id) as db:
            yield db


def _mark(asked_at: datetime | None) -> dict[str, str]:
    """What an attempt leaves to the next: what has waited since then, and was read since then."""
    return {"asked_at": asked_at.astimezone(UTC).isoformat()} if asked_at else {}
