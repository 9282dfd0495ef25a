"""A sync under way: every page with its checkpoint, guarded by the job's fence."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import guard
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import practice_book, references, rhythms, still_connected
from adapters.storage.runs import approvals, candidates, changes, previews, run_log, run_progress
from adapters.storage.sheet.connection_sheet import ConnectionSheet
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.known_rows import KnownRows
from adapters.storage.two_way import pushes
from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.connections import Connection
from domain.intake import Candidate, Listed, Sorted, Stored, row_id, sort_page
from domain.jobs import Job
from domain.origins import Known
from domain.previews import Difference, difference, removed_ids
from domain.runs import Run, RunStatus
from domain.sources import Page, Query, Reject, Spend
from domain.window import Window
from infra.clock import Clock
from infra.database import transaction
from infra.sealing import Sealer
from infra.together import Together

# Whoever left the book is asked for as long as rows of theirs stand on these days.
_TO_READ = text(
    """
    SELECT pms_practitioner_id AS pms_id, pms_practitioner_name AS full_name
    FROM pms_clinician_mappings AS kept
    WHERE pms_connection_id = :connection_id AND (active OR EXISTS (
      SELECT FROM run_sheet_appointments AS entry
      WHERE entry.pms_connection_id = :connection_id AND entry.removed_at IS NULL
        AND entry.source = 'pms' AND entry.pms_start >= :start AND entry.pms_start < :end
        AND entry.pms_practitioner_id = kept.pms_practitioner_id))
    ORDER BY pms_practitioner_id
    """
)
NO_DRIFT: Mapping[str, int] = MappingProxyType({})


class OpenRun:
    """A run under way. Each method is one fenced transaction; none spans a call to the vendor.

    Those called within `together` share one.
    """

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
        self._known = KnownRows()
        self._sheets: dict[date, UUID] = {}
        self._together: Together | None = None

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
            # A dry run keeps them too: they are no rows of the sheet, and are asked for only once.
            map_all = False if self.run.dry_run else None
            if practitioners:
                practice_book.save_practitioners(
                    db, self.connection, practitioners, map_all=map_all
                )
            if types:
                practice_book.save_types(db, self.connection, types)
            self._checkpoint(db, spent)
            if self.run.progress.reference_read:
                self._keep_reference(db)
            self.connection = still_connected.load(db, self.connection.id)

    def _keep_reference(self, db: Db) -> None:
        account_id, now = self.run.account_id, self._clock()
        references.keep(db, self._sealer, self.connection.id, account_id=account_id, now=now)

    def save_practitioners(self, met: Sequence[Practitioner]) -> None:
        """Keep those who were first met on a page, at a PMS that lists none."""
        if self.run.dry_run:
            return
        with self._transaction() as db:
            guard(db, self._job)
            practice_book.save_practitioners(db, self.connection, met)
            self.connection = still_connected.load(db, self.connection.id)

    def practitioners(self) -> Sequence[Practitioner]:
        """Those in the practice's book, as last read, and who stands on these days."""
        window = self.run.window
        asked = {"connection_id": self.connection.id, "start": window.start, "end": window.end}
        with self._transaction() as db:
            rows = db.execute(_TO_READ, asked).all()
        return [Practitioner(pms_id=row.pms_id, full_name=row.full_name) for row in rows]

    def decide(self) -> None:
        """Settle whether this run asks for changes or reads its days whole."""
        with self._transaction() as db:
            changes.decide(db, self.run, self.connection, now=self._clock())

    def known(self, query: Query) -> Known | None:
        """What is held of a slice, read at once; None where it is asked for changes alone."""
        if not query.complete:
            return None
        everyone, window = self.connection.practitioners, self.run.window
        with self._transaction() as db:
            self._known.read_slice(self._sheet(db), query, window=window, everyone=everyone)
        return Known(self._known.by_origin, self._sealer.fingerprint, self.connection)

    def begin_walk(self) -> None:
        """A slice is about to be listed from its first page."""
        progress = self.run.progress
        if progress.walked_since is None or not progress.done:
            progress.walked_since = self._clock().isoformat()

    def doubt(self, records: Sequence[Appointment]) -> None:
        """Of what is told as changed, rows for others are looked up."""
        with self._transaction() as db:
            if replaced := candidates.others(db, self.connection.id, records):
                guard(db, self._job)
                candidates.keep(db, self.run, replaced, is_listed=False)

    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted:
        """Tell what of a page is new or different, by fingerprints alone."""
        keyed = [(row_id(self.connection.id, one), one) for one in records]
        return sort_page(
            keyed,
            self._stored(keyed, window),
            connection=self.connection,
            window=window,
            fingerprint=self._sealer.fingerprint,
            fingerprints=self._sealer.fingerprints,
        )

    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None:
        """One page with its checkpoint, but for its drift; of a dry run only its lines are kept."""
        at = self._clock()
        run = self.run
        fresh = previews.untold(found.fresh, self._lines) if run.dry_run else found.fresh
        with self._transaction() as db:
            sheet = self._sheet(db)
            if run.approved_run:
                told = sheet.apply(fresh, at=at, run_id=run.id, dry_run=True)
                self._lines += told.lines
            applied = sheet.apply(fresh, at=at, run_id=run.id, dry_run=run.dry_run)
            if not run.dry_run:
                sheet.reprint(found.reprinted)
            leaving = list(found.leaving)
            candidates.keep(db, run, leaving, is_listed=True, left_out=found.left_out)
            applied.add_to(run.progress.counts)
            self._lines += applied.lines
            run_log.keep_rejects(db, run, query_key, page.rejects)
            self._checkpoint(db, spent, days=applied.days)
        self._known.forget([one.id for one in fresh])

    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        kept: Sequence[UUID] = (),
        left_out: Collection[UUID] = (),
        rejects: Sequence[Reject] = (),
        spent: Sequence[Spend] = (),
    ) -> None:
        """Candidates that were looked up: these leave the sheet, those `kept` stay on it.

        The PMS has those `left_out`: it is our own filters that keep them off.
        """
        run = self.run
        with self._transaction() as db:
            sheet, at = self._sheet(db), self._clock()
            if run.approved_run:
                told = sheet.take_off(ids, at=at, run_id=run.id, dry_run=True)
                self._lines += told.lines
            gone = sheet.take_off(ids, at=at, run_id=run.id, left_out=left_out, dry_run=run.dry_run)
            run.progress.counts.removed += gone.removed
            self._lines += gone.lines
            run_log.keep_rejects(db, run, "moved", rejects)
            candidates.settled(db, run, [*ids, *kept])
            self._checkpoint(db, spent, days=gone.days)
        self._known.forget(ids)

    def save_spent(self, spent: Sequence[Spend]) -> None:
        """Requests that left before an attempt ended: facts, whoever owns the job by now."""
        if spent:
            with self._transaction() as db:
                keep_spent(db, spent)

    def must_be_connected(self) -> None:
        """CalledOff where the connection was removed: whatever has failed, failed because of it."""
        with self._transaction() as db:
            still_connected.load(db, self.connection.id)

    def save_progress(self, spent: Sequence[Spend], *, drift: Mapping[str, int] = NO_DRIFT) -> None:
        with self._transaction() as db:
            run_log.keep_drift(db, self.run, drift)
            self._checkpoint(db, spent)

    def end_query(
        self, query: Query, listed: Listed, *, spent: Sequence[Spend], drift: Mapping[str, int]
    ) -> None:
        """A slice is done; what it did not mention may have gone, what it did has not."""
        with self._transaction() as db:
            run_log.keep_drift(db, self.run, drift)
            if query.complete:
                candidates.seen_after_all(db, self.run, listed)
            if listed.is_whole:
                run, who = self.run, query.practitioner_id
                unseen = candidates.unseen(
                    db, run.connection_id, run.window, practitioner_id=who, listed=listed
                )
                candidates.keep(db, run, unseen, is_listed=False)
            self._checkpoint(db, spent)
        self._known = KnownRows()

    def candidates(self) -> list[Candidate]:
        """Rows that no slice mentioned, or that the connection's own filters now leave out."""
        with self._transaction() as db:
            return candidates.listed(db, self.run, self.connection)

    def held(self) -> int:
        """How many rows of the connection the window holds."""
        with self._transaction() as db:
            return candidates.held(db, self.run)

    def witness(self, without: Sequence[UUID]) -> str | None:
        """The PMS's id of a row that was listed."""
        with self._transaction() as db:
            return candidates.witness(db, self.run, without=without)

    def previewed(self) -> frozenset[UUID]:
        """The rows whose removal a person saw and approved."""
        return removed_ids(self._approved_lines())

    def difference(self) -> Difference | None:
        """How what was done differs from what a person approved; None where nobody did."""
        if self.run.approved_run is None:
            return None
        return difference(self._approved_lines(), self._lines)

    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None:
        """End the run, whole or partial."""
        with self._transaction() as db:
            self._checkpoint(db, ())
            run_log.end_run(
                db, self.run, status=status, message=message, details=details, at=self._clock()
            )
            candidates.forget(db, self.run)
            if self.run.dry_run or status is RunStatus.FAILED:
                return
            # Read in part it answers, too: what is kept back may wait for a person for days.
            pushes.go_on(db, self.connection)
            is_told = status is RunStatus.SUCCESS and self.run.backfill_id is None
            if is_told and self.connection.adaptive:
                rhythms.keep_shown(db, self.run, at=self._clock())

    def _approved_lines(self) -> Sequence[Any]:
        if self.run.approved_run is None:
            return ()
        with self._transaction() as db:
            return approvals.approved_lines(db, self._seal, self.run)

    def _stored(
        self, keyed: Sequence[tuple[UUID, Appointment]], window: Window
    ) -> Mapping[UUID, Stored]:
        """What is held of a page's rows."""
        if self._known.missing(keyed):
            around = window if window == self.run.window else None
            with self._transaction() as db:
                self._known.read_page(self._sheet(db), keyed, window=around)
        return self._known.held

    def _checkpoint(self, db: Db, spent: Sequence[Spend], *, days: Collection[date] = ()) -> None:
        """The fence is checked here, in the transaction of everything else."""
        run, diff = self.run, None
        if run.dry_run or run.approved_run:
            diff = self._seal.document(run.id, "diff", self._lines, table=run_log.TABLE)
        changed = () if run.dry_run else days
        run_progress.keep(db, self._job, run, spent=spent, days=changed, diff=diff)

    def _sheet(self, db: Db) -> ConnectionSheet:
        return ConnectionSheet(db, self.connection, self._seal, sheets=self._sheets)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is read and written within is one transaction; where nothing is, there is none."""
        lines = len(self._lines)
        try:
            with Together(self._begin) as self._together:
                yield
        except BaseException:
            del self._lines[lines:]
            raise
        finally:
            self._together = None

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        if self._together is not None:
            yield self._together.begun()
            return
        with self._begin() as db:
            yield db

    @contextmanager
    def _begin(self) -> Iterator[Db]:
        try:
            with transaction(self._engine, account_id=self.run.account_id) as db:
                yield db
        except BaseException:
            # Sheets that were made went with the transaction.
            self._sheets.clear()
            raise
