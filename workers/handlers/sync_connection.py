"""One pass over one connection's days: ask the PMS slice by slice, settle each page, checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, Self
from uuid import UUID

from domain.appointments import Appointment, AppointmentType, Practitioner
from domain.connections import Connection
from domain.errors import (
    BrokenContract,
    EndlessListing,
    Refused,
    SyncError,
    Throttled,
    Transient,
)
from domain.intake import Listed, Sorted
from domain.jobs import MAX_FAILURES, Job
from domain.origins import Known
from domain.previews import Difference
from domain.runs import Progress, RunStatus
from domain.sources import MOST_PAGES, AppointmentSource, Page, Query, Spend
from infra.stopping import HandBack, Stopping
from workers.lookahead import one_ahead
from workers.removals import Leaving, Removals

QUIET_PAGES = 2
"""A page that changed nothing is checkpointed with every so many of its like."""

MOST_PROBLEMS = 3
"""Slices in a row that could not be read, with none that could, before the PMS is called down."""

INTERRUPTED = (
    "It was interrupted in the middle of a listing, so nobody looked for what the PMS has deleted; "
    "the next sync of these days does."
)


class _MarkRefused(Exception):
    """The PMS does not take the mark changes were asked from: the days are read whole instead."""


class OpenRun(Leaving, Protocol):
    """A run under way; every write is one transaction guarded by the job's fence.

    What is called within `together` shares one, which is committed at its end.
    """

    def save_reference(
        self,
        practitioners: Sequence[Practitioner],
        types: Sequence[AppointmentType],
        spent: Sequence[Spend],
    ) -> None: ...
    def save_practitioners(self, met: Sequence[Practitioner]) -> None: ...
    def practitioners(self) -> Sequence[Practitioner]: ...
    def together(self) -> AbstractContextManager[None]: ...
    def save_progress(self, spent: Sequence[Spend], *, drift: Mapping[str, int] = ...) -> None: ...
    def end_query(
        self, query: Query, listed: Listed, *, spent: Sequence[Spend], drift: Mapping[str, int]
    ) -> None: ...
    def known(self, query: Query) -> Known | None: ...
    def begin_walk(self) -> None: ...
    def doubt(self, records: Sequence[Appointment]) -> None: ...
    def decide(self) -> None: ...
    def difference(self) -> Difference | None: ...
    def save_spent(self, spent: Sequence[Spend]) -> None: ...
    def must_be_connected(self) -> None: ...
    def close(
        self, *, status: RunStatus, message: str | None, details: Mapping[str, Any] | None
    ) -> None: ...


class SyncStore(Protocol):
    """Opens the run of a job, or the one an earlier attempt of it opened."""

    def begin(self, job: Job) -> OpenRun: ...


OpenSource = Callable[[Connection], AppointmentSource]


def sync_connection(
    job: Job,
    *,
    store: SyncStore,
    open_source: OpenSource,
    stopping: Stopping,
    most_pages: int = MOST_PAGES,
) -> Mapping[str, Any]:
    """Bring the job's days onto the sheet; answers the run and how it ended."""
    open_run = store.begin(job)
    one_pass = _Pass(job, open_run, open_source(open_run.connection), stopping, most_pages)
    return one_pass.whole()


@dataclass(slots=True)
class _Walked:
    """What the pages of the current slice have shown so far, in one walk or resumed."""

    seen: list[UUID] = field(default_factory=list)
    leaving: set[UUID] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def resumed(cls, seen: Sequence[str]) -> Self:
        """What became of these was said by an attempt that is over."""
        rows = [UUID(one) for one in seen]
        return cls(rows, set(rows))

    def take(self, page: Page, found: Sorted) -> None:
        self.seen += found.seen
        self.seen += page.known
        self.leaving.difference_update(found.seen, page.known)
        self.leaving.update(found.leaving)
        self.unreadable += [one.pms_id for one in page.rejects if one.pms_id]

    def listed(self, *, is_whole: bool) -> Listed:
        return Listed(self.seen, self.unreadable, is_whole, self.leaving)


@dataclass(slots=True)
class _Pass:
    job: Job
    open_run: OpenRun
    source: AppointmentSource
    stopping: Stopping
    most_pages: int
    walked: _Walked = field(default_factory=_Walked)
    unsaved: Sequence[Spend] = ()

    @property
    def progress(self) -> Progress:
        return self.open_run.run.progress

    def whole(self) -> Mapping[str, Any]:
        """The pass; however an attempt ends, its requests are kept for the vendor clock."""
        # A first attempt that finds problems is a dead job that a person had run again.
        if self.job.attempts == 1 and self.progress.problems:
            self.progress.ask_again()
        try:
            return self._whole()
        except SyncError:
            self.open_run.save_spent([*self.unsaved, *self.source.drain_spent()])
            self.open_run.must_be_connected()
            raise

    def _whole(self) -> Mapping[str, Any]:
        practitioners = self._reference()
        try:
            queries = self._read(practitioners)
        except _MarkRefused:
            self.progress.give_up_mark()
            queries = self._read(practitioners)
        return self._close(queries)

    def _read(self, practitioners: Sequence[Practitioner]) -> Sequence[Query]:
        queries = self._queries(practitioners)
        for query in queries:
            if query.key not in self.progress.done:
                self._query_or_problem(query)
        return queries

    def _queries(self, practitioners: Sequence[Practitioner]) -> Sequence[Query]:
        """For the whole of the days, or only for what changed since the last run's mark."""
        progress = self.progress
        if not progress.is_decided:
            self.open_run.decide()
        window = self.open_run.run.window
        queries = self.source.queries(window, practitioners, since=progress.since)
        progress.total = len(queries)
        progress.changes_only = not all(query.complete for query in queries)
        return queries

    def _reference(self) -> Sequence[Practitioner]:
        """Practitioners and types, each read once a run: a wait between them repeats neither."""
        progress = self.progress
        if not progress.practitioners_read:
            practitioners = self.source.practitioners()
            progress.practitioners_read = True
            progress.listed = [one.pms_id for one in practitioners if one.in_book]
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
            if self.progress.since is not None:
                raise _MarkRefused from None
            if self._has_left(query):
                self._end_empty(query)
            else:
                self._set_aside(query, problem)
        except (BrokenContract, Transient) as problem:
            if not self._is_last_try or self._is_down():
                raise
            self._set_aside(query, problem)

    def _has_left(self, query: Query) -> bool:
        """Of somebody who is in the book no more: that nothing is told of them is no failure."""
        who, listed = query.practitioner_id, self.progress.listed
        is_unread = query.complete and self.progress.page == 0
        if who is None or listed is None:
            return False
        return is_unread and who not in listed

    def _end_empty(self, query: Query) -> None:
        """Their rows leave once each was looked up by its id."""
        self.walked = _Walked()
        self._end(query, is_whole=True)

    @property
    def _is_last_try(self) -> bool:
        return self.job.failures >= MAX_FAILURES - 1

    def _is_down(self) -> bool:
        """Not one slice could be read, and several or all were tried: it is not the slice."""
        progress = self.progress
        tried = min(MOST_PROBLEMS, progress.total - 1)
        return len(progress.problems) == len(progress.done) >= tried

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
        if query.complete and progress.half_read:
            progress.interrupted.append(query.key)
        progress.is_untold |= progress.is_loading
        is_whole = query.complete and not progress.half_read and not progress.is_loading
        self._end(query, is_whole=is_whole)

    def _walk(self, query: Query) -> None:
        progress = self.progress
        progress.half_read = progress.resume is not None and progress.seen is None
        self.walked = _Walked.resumed(progress.seen or ())
        progress.seen = None
        if progress.resume is None:
            progress.start_over()
            self.open_run.begin_walk()
        quiet = 0
        onward = progress.resume
        query = replace(query, known=self.open_run.known(query))
        try:
            for page in one_ahead(self.source.pages(query, resume=progress.resume)):
                self.stopping.check()
                quiet = self._page(query, page, quiet)
                onward = page.onward
                self._must_end(page)
        except EndlessListing:
            progress.lose_place()
            self._save_progress()
            raise
        except (Throttled, HandBack):
            self._keep_place(onward)
            raise
        except (BrokenContract, Transient):
            self._keep_place(progress.resume)
            raise

    def _must_end(self, page: Page) -> None:
        """The source sees one attempt; with waits between them, none of many need be long."""
        if self.progress.page >= self.most_pages and not page.is_last:
            raise EndlessListing(f"The PMS's listing did not end after {self.most_pages} pages.")

    def _keep_place(self, onward: str | None) -> None:
        """Where to go on, and what was listed so far: a pause loses neither."""
        progress = self.progress
        progress.resume = onward
        if onward is not None and not progress.half_read:
            progress.seen = [one.hex for one in self.walked.seen]
        self._save_progress()

    def _page(self, query: Query, page: Page, quiet: int) -> int:
        """Settle one page; answers how many pages in a row needed no write."""
        if page.practitioners:
            self.open_run.save_practitioners(page.practitioners)
        place = self.progress.place()
        try:
            with self.open_run.together():
                quiet = self._settle(query, page, quiet)
        except SyncError:
            # Nothing of it is stored, so that the next attempt reads it again.
            self.progress.go_back(place)
            raise
        self.unsaved = ()
        return quiet

    def _settle(self, query: Query, page: Page, quiet: int) -> int:
        """Take in one page, with a checkpoint unless it and the one before left all as it was."""
        found = self.open_run.sort(page.records, window=self.open_run.run.window)
        if not query.complete:
            self.open_run.doubt(page.records)
        self.walked.take(page, found)
        self._count(page, found)
        self._note_mark(page)
        self.progress.is_loading |= page.is_partial
        self.progress.resume = page.resume
        self.progress.page += 1
        self.progress.showed(page.drift)
        is_quiet = found.is_quiet and not page.rejects
        if is_quiet and quiet + 1 < QUIET_PAGES:
            return quiet + 1
        self.unsaved = spent = self.source.drain_spent()
        if is_quiet:
            self.open_run.save_progress(spent)
        else:
            self.open_run.save_page(found, page, query_key=query.key, spent=spent)
        return 0

    def _note_mark(self, page: Page) -> None:
        """The first page's: what changes while the others are read is asked for next time."""
        progress = self.progress
        is_first = progress.page == 0 and not progress.done
        if is_first and progress.mark is None and self.source.capabilities.changed_since:
            progress.mark = page.mark

    def _save_progress(self) -> None:
        """A checkpoint before the walk is left, with the drift its pages showed."""
        spent = [*self.unsaved, *self.source.drain_spent()]
        self.open_run.save_progress(spent, drift=self.progress.take_drift())
        self.unsaved = ()

    def _count(self, page: Page, found: Sorted) -> None:
        counts = self.progress.counts
        counts.fetched += len(page.records) + len(page.known) + len(page.rejects)
        counts.unchanged += found.unchanged + len(page.known)
        counts.skipped += found.skipped
        counts.rejected += len(page.rejects)

    def _end(self, query: Query, *, is_whole: bool) -> None:
        progress = self.progress
        progress.done.append(query.key)
        progress.turn_to(None)
        listed = self.walked.listed(is_whole=is_whole)
        spent = self.source.drain_spent()
        self.open_run.end_query(query, listed, spent=spent, drift=self.progress.take_drift())

    def _set_aside(self, query: Query, problem: SyncError) -> None:
        self.progress.problems[query.key] = str(problem)
        self._end(query, is_whole=False)

    def _close(self, queries: Sequence[Query]) -> Mapping[str, Any]:
        status, message = self._outcome(queries)
        if status is RunStatus.SUCCESS:
            status, message = Removals(
                open_run=self.open_run,
                source=self.source,
                stopping=self.stopping,
                is_allowed=bool(self.job.args.get("allow_removals")),
                is_last_try=self._is_last_try,
            ).settle()
        if status is RunStatus.SUCCESS and self.progress.interrupted:
            status, message = RunStatus.PARTIAL, INTERRUPTED
        if status is RunStatus.SUCCESS and (old := self._outdated()) is not None:
            status, message = RunStatus.PARTIAL, old
        run = self.open_run
        differs = run.difference()
        told = {"queries": self.progress.problems} if self.progress.problems else {}
        preview = {"preview": asdict(differs)} if differs else {}
        run.close(status=status, message=message, details={**told, **preview} or None)
        answer = {"run_id": str(run.run.id), "status": status.value}
        return {**answer, "preview": differs.sentence} if differs else answer

    def _outdated(self) -> str | None:
        """Read whole from a copy that is old is not as things stand."""
        found = self.source.outdated()
        self.open_run.save_spent(self.source.drain_spent())
        return found

    def _outcome(self, queries: Sequence[Query]) -> tuple[RunStatus, str | None]:
        problems = self.progress.problems
        if not problems:
            return RunStatus.SUCCESS, None
        first = next(iter(problems.values()))
        failed = len(problems) == len(queries)
        whose = "The appointments" if failed else "Some of the appointments"
        if all(query.practitioner_id for query in queries):
            whose = f"{len(problems)} of {len(queries)} practitioners"
        text = f"{whose} could not be read: {first}"
        return (RunStatus.FAILED if failed else RunStatus.PARTIAL), text
