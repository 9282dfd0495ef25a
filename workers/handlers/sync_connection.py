"""One pass over one connection's days: ask the PMS slice by slice, settle each page, checkpoint."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.connections import Connection
from domain.errors import BadRecord, BrokenContract, Refused, SyncError, Throttled, Transient
from domain.intake import Candidate, Listed, Sorted, row_id
from domain.jobs import MAX_FAILURES, Job
from domain.runs import Progress, Run, RunStatus
from domain.sources import AppointmentSource, Page, Query, Reject, Spend
from domain.window import Window
from infra.stopping import Stopping
from workers.lookahead import one_ahead

QUIET_PAGES = 2
"""A page that changed nothing is checkpointed with every so many of its like."""

BRAKE_SHARE = 0.3
BRAKE_FROM = 5
"""A run that would take off more than this share of the sheet, and so many rows, asks first."""

PROBE_BATCH = 10

MOST_PROBLEMS = 3
"""Slices in a row that could not be read, with none that could, before the PMS is called down."""

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
    def end_query(self, query: Query, listed: Listed, *, spent: Sequence[Spend]) -> None: ...
    def candidates(self) -> list[Candidate]: ...
    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        kept: Sequence[UUID] = (),
        rejects: Sequence[Reject] = (),
        spent: Sequence[Spend] = (),
    ) -> None: ...
    def save_spent(self, spent: Sequence[Spend]) -> None: ...
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
    unreadable: list[str] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)

    @property
    def progress(self) -> Progress:
        return self.open_run.run.progress

    def whole(self) -> Mapping[str, Any]:
        """The pass; however an attempt ends, its requests are kept for the vendor clock."""
        try:
            return self._whole()
        except SyncError:
            self.open_run.save_spent(self.source.drain_spent())
            raise

    def _whole(self) -> Mapping[str, Any]:
        practitioners = self._reference()
        queries = self.source.queries(self.open_run.run.window, practitioners)
        self.progress.total = len(queries)
        for query in queries:
            if query.key not in self.progress.done:
                self._query_or_problem(query)
        return self._close(queries)

    def _reference(self) -> Sequence[Practitioner]:
        """Practitioners and types, each read once a run: a wait between them repeats neither."""
        progress = self.progress
        if not progress.practitioners_read:
            practitioners = self.source.practitioners()
            progress.practitioners_read = True
            self.open_run.save_reference(practitioners, (), self.source.drain_spent())
        if not progress.reference_read:
            types = self.source.types()
            progress.reference_read = True
            self.open_run.save_reference((), types, self.source.drain_spent())
        return self.open_run.practitioners()

    def _query_or_problem(self, query: Query) -> None:
        """A slice that cannot be read is set aside with its reason; the day goes on without it."""
        try:
            self._query(query)
        except Refused as problem:
            self._set_aside(query, problem)
        except (BrokenContract, Transient) as problem:
            if self.job.failures < MAX_FAILURES - 1 or self._is_down():
                raise
            self._set_aside(query, problem)

    def _is_down(self) -> bool:
        """Not one slice could be read so far, and several were tried: it is not the slice."""
        progress = self.progress
        return len(progress.problems) == len(progress.done) >= MOST_PROBLEMS

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
        self._end(query, is_whole=query.complete and not progress.half_read)

    def _walk(self, query: Query) -> None:
        progress = self.progress
        progress.half_read = progress.resume is not None and progress.seen is None
        self.seen = [UUID(one) for one in progress.seen or ()]
        self.unreadable = []
        progress.seen = None
        progress.page = progress.furthest
        if progress.resume is None:
            progress.start_over()
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
        self.unreadable += [one.pms_id for one in page.rejects if one.pms_id]
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

    def _end(self, query: Query, *, is_whole: bool) -> None:
        if self.drift:
            self._save_progress(query)
        progress = self.progress
        progress.done.append(query.key)
        progress.turn_to(None)
        listed = Listed(self.seen, self.unreadable, is_whole)
        self.open_run.end_query(query, listed, spent=self.source.drain_spent())

    def _set_aside(self, query: Query, problem: SyncError) -> None:
        self.progress.problems[query.key] = str(problem)
        self._end(query, is_whole=False)

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
        """Only after a whole pass: what is no longer listed is looked up, then taken off."""
        going = self.open_run.candidates()
        held = self.open_run.held() if going else 0
        if self._brake(len(going), held):
            return RunStatus.PARTIAL, (
                f"{len(going)} of {held} appointments would leave the sheet, so none did. "
                "If the PMS is right, run the sync again with --allow-removals."
            )
        filtered = [one.id for one in going if one.is_listed]
        if filtered:
            self.open_run.take_off(filtered)
        unlisted = [one for one in going if not one.is_listed]
        for first in range(0, len(unlisted), PROBE_BATCH):
            self.stopping.check()
            self._look_up(unlisted[first : first + PROBE_BATCH])
        return RunStatus.SUCCESS, None

    def _brake(self, going: int, held: int) -> bool:
        if self.job.args.get("allow_removals") or going <= BRAKE_FROM:
            return False
        return going > BRAKE_SHARE * held

    def _look_up(self, unlisted: Sequence[Candidate]) -> None:
        """A row that is not listed may have moved to another day: ask for it by its id."""
        looked = _Looked()
        try:
            for one in unlisted:
                looked.note(one, self._now(one, looked))
        finally:
            self._settle(looked)

    def _now(self, one: Candidate, looked: "_Looked") -> Sequence[Appointment] | None:
        """The appointment as it stands; None when it is there and cannot be read."""
        if not self.source.capabilities.probe_by_id:
            return []
        try:
            return self.source.probe(one.pms_id) or []
        except (BadRecord, Refused) as problem:
            path = problem.path if isinstance(problem, BadRecord) else ""
            looked.rejects.append(Reject(path=path, reason=str(problem), pms_id=one.pms_id))
            return None

    def _settle(self, looked: "_Looked") -> None:
        """What was found is taken in wherever it now stands; the rest leaves the sheet."""
        run = self.open_run
        window = _around(looked.found, run.run.window)
        known = run.sort(looked.found, window=window)
        if known.fresh:
            page = Page(records=looked.found, is_last=True)
            fresh = replace(known, leaving=())
            run.save_page(fresh, page, query_key="moved", spent=self.source.drain_spent())
        alive = {row_id(run.connection.id, one) for one in looked.found}
        gone = [row for row in looked.asked if row not in alive]
        kept = [row for row in (*looked.asked, *looked.unreadable) if row not in set(gone)]
        self.progress.counts.rejected += len(looked.rejects)
        run.take_off(
            [*gone, *known.leaving],
            kept=kept,
            rejects=looked.rejects,
            spent=self.source.drain_spent(),
        )


@dataclass(slots=True)
class _Looked:
    """Candidates that were looked up by id, and what was found."""

    asked: list[UUID] = field(default_factory=list)
    unreadable: list[UUID] = field(default_factory=list)
    found: list[Appointment] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def note(self, one: Candidate, found: Sequence[Appointment] | None) -> None:
        if found is None:
            self.unreadable.append(one.id)
        else:
            self.asked.append(one.id)
            self.found += found


def _around(found: Sequence[Appointment], window: Window) -> Window:
    """A window wide enough that nothing asked for by its id is thought out of place."""
    starts = [one.start for one in found]
    ends = [one.end for one in found]
    return Window(min([window.start, *starts]), max([window.end, *ends]))
