"""One pass over one connection's days: ask the PMS slice by slice, settle each page, checkpoint."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.connections import Connection
from domain.errors import BrokenContract, Refused, SyncError, Throttled
from domain.intake import Sorted, row_id
from domain.jobs import MAX_FAILURES, Job
from domain.runs import Progress, Run, RunStatus
from domain.sources import AppointmentSource, Page, Query, Spend
from domain.window import Window
from infra.stopping import Stopping
from workers.lookahead import one_ahead

QUIET_PAGES = 2
"""A page that changed nothing is checkpointed with every so many of its like."""

BRAKE_SHARE = 0.3
BRAKE_FROM = 5
"""A run that would take off more than this share of the sheet, and so many rows, asks first."""

PROBE_BATCH = 10

NOTHING_NEW = Sorted(fresh=(), leaving=(), unchanged=0, skipped=0, seen=())


class OpenRun(Protocol):
    """A run under way; every write is one transaction guarded by the job's fence."""

    run: Run
    connection: Connection

    def save_reference(
        self,
        practitioners: Sequence[Practitioner],
        types: Sequence[AppointmentType],
        spent: Sequence[Spend],
    ) -> None: ...
    def save_practitioners(self, met: Sequence[Practitioner]) -> None: ...
    def practitioners(self) -> Sequence[Practitioner]: ...
    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted: ...
    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None: ...
    def save_progress(self, spent: Sequence[Spend]) -> None: ...
    def end_query(
        self, query: Query, *, seen: Sequence[UUID] | None, spent: Sequence[Spend]
    ) -> None: ...
    def candidates(self) -> list[tuple[UUID, str]]: ...
    def no_candidates(self, ids: Sequence[UUID]) -> None: ...
    def held(self) -> int: ...
    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None: ...


class SyncStore(Protocol):
    """Opens the run of a job, or the one an earlier attempt of it opened."""

    def begin(self, job: Job) -> OpenRun: ...


OpenSource = Callable[[Connection], AppointmentSource]


def sync_connection(
    job: Job, *, store: SyncStore, open_source: OpenSource, stopping: Stopping
) -> Mapping[str, Any]:
    """Bring the job's days onto the sheet; answers the run and how it ended."""
    open_run = store.begin(job)
    one_pass = _Pass(job, open_run, open_source(open_run.connection), stopping)
    return one_pass.whole()


@dataclass(slots=True)
class _Pass:
    job: Job
    open_run: OpenRun
    source: AppointmentSource
    stopping: Stopping
    seen: list[UUID] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)

    @property
    def progress(self) -> Progress:
        return self.open_run.run.progress

    def whole(self) -> Mapping[str, Any]:
        practitioners = self._reference()
        queries = self.source.queries(self.open_run.run.window, practitioners)
        self.progress.total = len(queries)
        for query in queries:
            if query.key not in self.progress.done:
                self._query_or_problem(query)
        return self._close(queries)

    def _reference(self) -> Sequence[Practitioner]:
        """Practitioners and types, read once a run."""
        if self.progress.reference_read:
            return self.open_run.practitioners()
        practitioners = self.source.practitioners()
        types = self.source.types()
        self.progress.reference_read = not self.open_run.run.dry_run
        self.open_run.save_reference(practitioners, types, self.source.drain_spent())
        return practitioners

    def _query_or_problem(self, query: Query) -> None:
        """A slice that cannot be read is set aside with its reason; the day goes on without it."""
        try:
            self._query(query)
        except Refused as problem:
            self._set_aside(query, problem)
        except BrokenContract as problem:
            if self.job.failures < MAX_FAILURES - 1:
                raise
            self._set_aside(query, problem)

    def _query(self, query: Query) -> None:
        """Walk one slice; a cursor that did not keep is given up for a walk from the start."""
        progress = self.progress
        if progress.current != query.key:
            progress.turn_to(query.key)
        try:
            self._walk(query)
        except Refused:
            if progress.resume is None:
                raise
            progress.resume = progress.seen = None
            self._walk(query)
        is_whole = query.complete and not progress.half_read
        self._end(query, seen=self.seen if is_whole else None)

    def _walk(self, query: Query) -> None:
        progress = self.progress
        progress.half_read = progress.resume is not None and progress.seen is None
        self.seen = [UUID(one) for one in progress.seen or ()]
        progress.seen = None
        progress.page = progress.furthest if progress.resume is not None else 0
        quiet = 0
        onward = progress.resume
        try:
            for page in one_ahead(self.source.pages(query, resume=progress.resume)):
                self.stopping.check()
                quiet = self._page(query, page, quiet)
                onward = page.onward
        except Throttled:
            self._before_a_wait(query, onward)
            raise

    def _before_a_wait(self, query: Query, onward: str | None) -> None:
        """Keep the place and what was listed so far: a wait loses neither."""
        progress = self.progress
        progress.resume = onward
        if onward is not None and not progress.half_read:
            progress.seen = [one.hex for one in self.seen]
        self._save_progress(query)

    def _page(self, query: Query, page: Page, quiet: int) -> int:
        """Settle one page; answers how many pages in a row needed no write."""
        if page.practitioners:
            self.open_run.save_practitioners(page.practitioners)
        found = self.open_run.sort(page.records, window=self.open_run.run.window)
        self.seen += found.seen
        self._count(page, found)
        self.progress.resume = page.resume
        self.progress.page += 1
        self.drift.update(page.drift)
        if not found.is_quiet or page.rejects:
            page = replace(page, drift=self._take_drift())
            spent = self.source.drain_spent()
            self.open_run.save_page(found, page, query_key=query.key, spent=spent)
            return 0
        if quiet + 1 < QUIET_PAGES:
            return quiet + 1
        self._save_progress(query)
        return 0

    def _save_progress(self, query: Query) -> None:
        """A checkpoint between pages that left the sheet as it was, with the drift they showed."""
        spent = self.source.drain_spent()
        if self.drift:
            page = Page(records=(), drift=self._take_drift())
            self.open_run.save_page(NOTHING_NEW, page, query_key=query.key, spent=spent)
        else:
            self.open_run.save_progress(spent)

    def _take_drift(self) -> Mapping[str, int]:
        taken, self.drift = self.drift, Counter()
        return taken

    def _count(self, page: Page, found: Sorted) -> None:
        counts = self.progress.counts
        counts.fetched += len(page.records) + len(page.rejects)
        counts.unchanged += found.unchanged
        counts.skipped += found.skipped
        counts.rejected += len(page.rejects)

    def _end(self, query: Query, *, seen: Sequence[UUID] | None) -> None:
        if self.drift:
            self._save_progress(query)
        progress = self.progress
        progress.done.append(query.key)
        progress.turn_to(None)
        self.open_run.end_query(query, seen=seen, spent=self.source.drain_spent())

    def _set_aside(self, query: Query, problem: SyncError) -> None:
        self.progress.problems[query.key] = str(problem)
        self._end(query, seen=None)

    def _close(self, queries: Sequence[Query]) -> Mapping[str, Any]:
        status, message = self._outcome(queries)
        if status is RunStatus.SUCCESS:
            status, message = self._removals()
        problems = self.progress.problems
        details = {"queries": problems} if problems else None
        self.open_run.close(status=status, message=message, details=details)
        return {"run_id": str(self.open_run.run.id), "status": status.value}

    def _outcome(self, queries: Sequence[Query]) -> tuple[RunStatus, str | None]:
        problems = self.progress.problems
        if not problems:
            return RunStatus.SUCCESS, None
        first = next(iter(problems.values()))
        text = f"{len(problems)} of {len(queries)} practitioners could not be read: {first}"
        failed = len(problems) == len(queries)
        return (RunStatus.FAILED if failed else RunStatus.PARTIAL), text

    def _removals(self) -> tuple[RunStatus, str | None]:
        """Only after a whole pass: rows the PMS no longer lists are looked up, then taken off."""
        gone = self.open_run.candidates()
        held = self.open_run.held() if gone else 0
        if self._brake(len(gone), held):
            return RunStatus.PARTIAL, (
                f"{len(gone)} of {held} appointments are no longer listed, so nothing was removed. "
                "If the PMS is right, run the sync again with --allow-removals."
            )
        for first in range(0, len(gone), PROBE_BATCH):
            self.stopping.check()
            self._probe(gone[first : first + PROBE_BATCH])
        return RunStatus.SUCCESS, None

    def _brake(self, going: int, held: int) -> bool:
        if self.job.args.get("allow_removals") or going <= BRAKE_FROM:
            return False
        return going > BRAKE_SHARE * held

    def _probe(self, gone: Sequence[tuple[UUID, str]]) -> None:
        """A row that is not listed may have moved to another day: ask for it by its id."""
        found: list[Appointment] = []
        asked: list[UUID] = []
        try:
            for row, pms_id in gone:
                found += self._now(pms_id)
                asked.append(row)
        finally:
            if asked:
                self._settle(asked, found)

    def _now(self, pms_id: str) -> Sequence[Appointment]:
        if not self.source.capabilities.probe_by_id:
            return []
        return self.source.probe(pms_id) or []

    def _settle(self, asked: Sequence[UUID], found: Sequence[Appointment]) -> None:
        """What was found is taken in wherever it now stands; the rest leaves the sheet."""
        window = _around(found, self.open_run.run.window)
        known = self.open_run.sort(found, window=window)
        alive = {row_id(self.open_run.connection.id, one) for one in found}
        leaving = [*known.leaving, *(row for row in asked if row not in alive)]
        spent = self.source.drain_spent()
        page = Page(records=found, is_last=True)
        self.open_run.save_page(
            replace(known, leaving=leaving), page, query_key="moved", spent=spent
        )
        self.open_run.no_candidates(asked)


def _around(found: Sequence[Appointment], window: Window) -> Window:
    """A window wide enough that nothing asked for by its id is thought out of place."""
    starts = [one.start for one in found]
    ends = [one.end for one in found]
    return Window(min([window.start, *starts]), max([window.end, *ends]))
