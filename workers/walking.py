"""One slice of a run, walked page by page: each is settled, and where to go on is kept."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol, Self
from uuid import UUID

from domain.appointments import Appointment, Practitioner
from domain.errors import (
    BrokenContract,
    EndlessListing,
    Refused,
    SyncError,
    Throttled,
    Transient,
)
from domain.intake import Listed, Sorted
from domain.origins import Known
from domain.runs import Progress, Run
from domain.sources import AppointmentSource, Page, Query, Spend
from domain.window import Window
from infra.stopping import HandBack, Stopping
from workers.lookahead import one_ahead

QUIET_PAGES = 2
"""A page that changed nothing is checkpointed with every so many of its like."""


class Walking(Protocol):
    """What walking a slice needs of a run under way.

    What is called within `together` shares one transaction, which is committed at its end.
    """

    run: Run

    def together(self) -> AbstractContextManager[None]: ...
    def known(self, query: Query) -> Known | None: ...
    def begin_walk(self) -> None: ...
    def save_practitioners(self, met: Sequence[Practitioner]) -> None: ...
    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted: ...
    def doubt(self, records: Sequence[Appointment]) -> None: ...
    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None: ...
    def save_progress(self, spent: Sequence[Spend], *, drift: Mapping[str, int] = ...) -> None: ...
    def end_query(
        self, query: Query, listed: Listed, *, spent: Sequence[Spend], drift: Mapping[str, int]
    ) -> None: ...


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
class Walk:
    """Goes through one slice after the other; `unsaved` was spent since the last checkpoint."""

    open_run: Walking
    source: AppointmentSource
    stopping: Stopping
    most_pages: int
    unsaved: Sequence[Spend] = ()
    _walked: _Walked = field(default_factory=_Walked)

    @property
    def progress(self) -> Progress:
        return self.open_run.run.progress

    def through(self, query: Query) -> None:
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

    def end_empty(self, query: Query) -> None:
        """Their rows leave once each was looked up by its id."""
        self._walked = _Walked()
        self._end(query, is_whole=True)

    def set_aside(self, query: Query, problem: SyncError) -> None:
        self.progress.problems[query.key] = str(problem)
        self._end(query, is_whole=False)

    def _walk(self, query: Query) -> None:
        progress = self.progress
        progress.half_read = progress.resume is not None and progress.seen is None
        self._walked = _Walked.resumed(progress.seen or ())
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
            progress.seen = [one.hex for one in self._walked.seen]
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
        self._walked.take(page, found)
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
        listed = self._walked.listed(is_whole=is_whole)
        spent = self.source.drain_spent()
        self.open_run.end_query(query, listed, spent=spent, drift=self.progress.take_drift())
