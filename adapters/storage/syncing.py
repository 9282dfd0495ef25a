"""What a sync leaves behind: every page with its checkpoint, guarded by the job's fence."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage import connections, run_log
from adapters.storage.entries import EntrySeal
from adapters.storage.ledger import guard, save_checkpoint
from adapters.storage.run_sheet import Applied, RunSheet
from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.connections import Connection, State
from domain.errors import NeedsReconnect, SyncError
from domain.intake import Sorted, Stored, row_id, sort_page
from domain.jobs import Job
from domain.runs import Counts, Run, RunStatus
from domain.sources import Page, Query, Spend
from domain.window import Window
from infra.database import transaction
from infra.sealing import Sealer

_SPENT = text(
    """
    INSERT INTO vendor_requests (bucket, at, weight)
    SELECT unnest(CAST(:buckets AS text[])), unnest(CAST(:ats AS timestamptz[])),
           unnest(CAST(:weights AS integer[]))
    """
)
_CANDIDATE = text(
    """
    INSERT INTO pms_removal_candidates (account_id, run_id, appointment_id)
    SELECT :account_id, :run_id, unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING
    """
)
_CANDIDATES = text(
    """
    SELECT entry.id, entry.pms_appointment_id FROM pms_removal_candidates AS candidate
    JOIN run_sheet_appointments AS entry ON entry.id = candidate.appointment_id
    WHERE candidate.run_id = :run_id AND entry.removed_at IS NULL ORDER BY entry.id
    """
)
_NO_CANDIDATE = text(
    "DELETE FROM pms_removal_candidates WHERE run_id = :run_id AND appointment_id = ANY(:ids)"
)
_FORGET_CANDIDATES = text("DELETE FROM pms_removal_candidates WHERE run_id = :run_id")
_HELD = text(
    """
    SELECT count(*) FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND removed_at IS NULL AND source = 'pms'
      AND pms_start >= :start AND pms_start < :end
    """
)

_IN_THE_BOOK = text(
    """
    SELECT pms_practitioner_id AS pms_id, pms_practitioner_name AS full_name
    FROM pms_clinician_mappings WHERE pms_connection_id = :connection_id AND active
    ORDER BY pms_practitioner_id
    """
)

Clock = Callable[[], datetime]


class SyncStore:
    """Opens a job's run, and closes the run of a job that was given up."""

    def __init__(self, engine: Engine, sealer: Sealer, *, clock: Clock) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    def begin(self, job: Job) -> "OpenRun":
        """The job's run, or the one an earlier attempt of it opened."""
        account_id, connection_id = _whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            connection = connections.load(db, connection_id)
            run = run_log.run_of(job, connection)
            row = run_log.open_row(db, job, run, at=self._clock())
            run = replace(run, id=row.id)
            guard(db, job)
            run_log.tell_pages(db, run, "sync_started", {})
        opened = OpenRun(self._engine, self._sealer, self._clock, job, run, connection)
        if row.diff is not None:
            opened.gathered(row.diff)
        return opened

    def gave_up(self, job: Job, error: SyncError) -> None:
        """The job is dead: its run has failed, what was stored stays, a person may have to act."""
        account_id, connection_id = _whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            run = run_log.run_of(job, connections.load(db, connection_id))
            at = self._clock()
            run = replace(run, id=run_log.open_row(db, job, run, at=at).id)
            problems = run.progress.problems
            details = {"queries": problems} if problems else None
            run_log.end_run(
                db, run, status=RunStatus.FAILED, message=str(error), details=details, at=at
            )
            if isinstance(error, NeedsReconnect):
                connections.set_state(db, run.connection_id, State.NEEDS_SIGN_IN, reason=str(error))
            db.execute(_FORGET_CANDIDATES, {"run_id": run.id})


class OpenRun:
    """A run under way. Each method is one fenced transaction; none spans a call to the vendor."""

    def __init__(
        self,
        engine: Engine,
        sealer: Sealer,
        clock: Clock,
        job: Job,
        run: Run,
        connection: Connection,
    ) -> None:
        self.run = run
        self.connection = connection
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._job = job
        self._seal = EntrySeal(sealer, account_id=run.account_id)
        self._lines: list[Any] = []
        self._known: dict[UUID, Stored] = {}
        self._known_of: set[str] = set()

    def gathered(self, diff: bytes) -> None:
        """Take up the lines of a dry run that an earlier attempt gathered."""
        self._lines = self._seal.open_document(self.run.id, "diff", diff, table=run_log.TABLE)

    def save_reference(
        self,
        practitioners: Sequence[Practitioner],
        types: Sequence[AppointmentType],
        spent: Sequence[Spend],
    ) -> None:
        """Keep who works there and what they offer, and take up what that changes."""
        with self._transaction() as db:
            if not self.run.dry_run:
                connections.save_practitioners(db, self.connection, practitioners)
                connections.save_types(db, self.connection, types)
            self._checkpoint(db, spent)
            self.connection = connections.load(db, self.connection.id)

    def save_practitioners(self, met: Sequence[Practitioner]) -> None:
        """Keep those who were first met on a page, at a PMS that lists none."""
        if self.run.dry_run:
            return
        with self._transaction() as db:
            guard(db, self._job)
            connections.save_practitioners(db, self.connection, met)
            self.connection = connections.load(db, self.connection.id)

    def practitioners(self) -> Sequence[Practitioner]:
        """Those in the practice's book, as last read."""
        with self._transaction() as db:
            rows = db.execute(_IN_THE_BOOK, {"connection_id": self.connection.id}).all()
        return [Practitioner(pms_id=row.pms_id, full_name=row.full_name) for row in rows]

    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted:
        """Tell what of a page is new or different, by fingerprints alone."""
        keyed = [(row_id(self.connection.id, one), one) for one in records]
        return sort_page(
            keyed,
            self._stored(keyed, window),
            connection=self.connection,
            window=window,
            fingerprint=self._sealer.fingerprint,
        )

    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None:
        """One page with its checkpoint; of a dry run only its lines are kept."""
        at = self._clock()
        run = self.run
        with self._transaction() as db:
            sheet = self._sheet(db)
            applied = sheet.apply(found.fresh, at=at, run_id=run.id, dry_run=run.dry_run)
            gone = sheet.take_off(found.leaving, at=at, dry_run=run.dry_run)
            _count(run.progress.counts, applied, gone)
            self._lines += [*applied.lines, *gone.lines]
            run_log.keep_rejects(db, run, query_key, page.rejects)
            run_log.keep_drift(db, run, page.drift)
            self._checkpoint(db, spent)
            days = applied.days | gone.days
            if days and not run.dry_run:
                shown = sorted(day.isoformat() for day in days)
                run_log.tell_pages(db, run, "sheet_changed", {"days": shown})
        self._forget([*(one.id for one in found.fresh), *found.leaving])

    def save_progress(self, spent: Sequence[Spend]) -> None:
        with self._transaction() as db:
            self._checkpoint(db, spent)

    def end_query(
        self, query: Query, *, seen: Sequence[UUID] | None, spent: Sequence[Spend]
    ) -> None:
        """A slice is done; what it did not mention may have gone. `seen` None: it cannot tell."""
        with self._transaction() as db:
            if seen is not None:
                unseen = self._sheet(db).unseen(
                    window=self.run.window, practitioner_id=query.practitioner_id, seen=seen
                )
                if unseen:
                    values = {"account_id": self.run.account_id, "run_id": self.run.id}
                    db.execute(_CANDIDATE, {**values, "ids": unseen})
            self._checkpoint(db, spent)
        self._known, self._known_of = {}, set()

    def candidates(self) -> list[tuple[UUID, str]]:
        """Rows that no slice mentioned, with the vendor's id."""
        with self._transaction() as db:
            rows = db.execute(_CANDIDATES, {"run_id": self.run.id}).all()
        return [(row.id, row.pms_appointment_id) for row in rows]

    def no_candidates(self, ids: Sequence[UUID]) -> None:
        """These have been looked up, or were seen in another slice after all."""
        with self._transaction() as db:
            guard(db, self._job)
            db.execute(_NO_CANDIDATE, {"run_id": self.run.id, "ids": list(ids)})

    def held(self) -> int:
        """How many rows of the connection the window holds."""
        window = self.run.window
        values = {"connection_id": self.connection.id, "start": window.start, "end": window.end}
        with self._transaction() as db:
            return int(db.execute(_HELD, values).scalar_one())

    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None:
        """End the run, whole or partial."""
        with self._transaction() as db:
            self._checkpoint(db, ())
            run_log.end_run(
                db, self.run, status=status, message=message, details=details, at=self._clock()
            )
            db.execute(_FORGET_CANDIDATES, {"run_id": self.run.id})

    def _stored(
        self, keyed: Sequence[tuple[UUID, Appointment]], window: Window
    ) -> Mapping[UUID, Stored]:
        """What is held of a page's rows; whoever is met first has the whole window read at once."""
        ids = [row for row, _ in keyed if row not in self._known]
        whose = {one.practitioner_id for _, one in keyed if one.practitioner_id} - self._known_of
        if window != self.run.window:
            whose = set()
        if ids:
            with self._transaction() as db:
                sheet = self._sheet(db)
                if whose:
                    around = sheet.stored_around(ids, window=window, practitioner_ids=sorted(whose))
                    self._known.update(around)
                else:
                    self._known.update(sheet.stored(ids))
            self._known_of |= whose
        return self._known

    def _forget(self, ids: Iterable[UUID]) -> None:
        """These rows have just been written."""
        for row in ids:
            self._known.pop(row, None)

    def _checkpoint(self, db: Db, spent: Sequence[Spend]) -> None:
        """The fence is checked here, in the transaction of everything else."""
        progress = self.run.progress
        progress.counts.requests += len(spent)
        advanced = progress.advance() and (progress.reference_read or progress.page > 0)
        save_checkpoint(db, self._job, progress.as_checkpoint(), advanced=advanced)
        if spent:
            values = {
                "buckets": [one.bucket for one in spent],
                "ats": [one.at for one in spent],
                "weights": [one.weight for one in spent],
            }
            db.execute(_SPENT, values)
        diff = None
        if self.run.dry_run:
            diff = self._seal.document(self.run.id, "diff", self._lines, table=run_log.TABLE)
        run_log.tell_progress(db, self.run, diff=diff)

    def _sheet(self, db: Db) -> RunSheet:
        return RunSheet(db, self.connection, self._seal)

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        with transaction(self._engine, account_id=self.run.account_id) as db:
            yield db


def _whose(job: Job) -> tuple[str, UUID]:
    if job.account_id is None or job.connection_id is None:
        raise ValueError("a sync job names its account and its connection")
    return job.account_id, job.connection_id


def _count(counts: Counts, applied: Applied, gone: Applied) -> None:
    counts.created += applied.created
    counts.updated += applied.updated
    counts.cancelled += applied.cancelled
    counts.conflicts += applied.conflicts
    counts.removed += gone.removed
