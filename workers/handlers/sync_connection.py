"""One pass over one connection's days: read the PMS slice by slice, then say how it ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from domain.appointments import AppointmentType, Practitioner
from domain.connections import Connection
from domain.errors import BrokenContract, Refused, SyncError, Transient
from domain.jobs import MAX_FAILURES, Job
from domain.previews import Difference
from domain.runs import Progress, RunStatus
from domain.sources import MOST_PAGES, AppointmentSource, Query, Spend
from infra.stopping import Stopping
from workers.removals import Leaving, Removals
from workers.walking import Walk, Walking

MOST_PROBLEMS = 3
"""Slices in a row that could not be read, with none that could, before the PMS is called down."""

INTERRUPTED = (
    "It was interrupted in the middle of a listing, so nobody looked for what the PMS has deleted; "
    "the next sync of these days does."
)


class _MarkRefused(Exception):
    """The PMS does not take the mark changes were asked from: the days are read whole instead."""


class OpenRun(Walking, Leaving, Protocol):
    """A run under way; every write is one transaction guarded by the job's fence."""

    def save_reference(
        self,
        practitioners: Sequence[Practitioner],
        types: Sequence[AppointmentType],
        spent: Sequence[Spend],
    ) -> None: ...
    def practitioners(self) -> Sequence[Practitioner]: ...
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
    source = open_source(open_run.connection)
    walk = Walk(open_run, source, stopping, most_pages)
    return _Pass(job, open_run, source, stopping, walk).whole()


@dataclass(slots=True)
class _Pass:
    job: Job
    open_run: OpenRun
    source: AppointmentSource
    stopping: Stopping
    walk: Walk

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
            self.open_run.save_spent([*self.walk.unsaved, *self.source.drain_spent()])
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
            self.walk.through(query)
        except Refused as problem:
            if self.progress.since is not None:
                raise _MarkRefused from None
            if self._has_left(query):
                self.walk.end_empty(query)
            else:
                self.walk.set_aside(query, problem)
        except (BrokenContract, Transient) as problem:
            if not self._is_last_try or self._is_down():
                raise
            self.walk.set_aside(query, problem)

    def _has_left(self, query: Query) -> bool:
        """Of somebody who is in the book no more: that nothing is told of them is no failure."""
        who, listed = query.practitioner_id, self.progress.listed
        is_unread = query.complete and self.progress.page == 0
        if who is None or listed is None:
            return False
        return is_unread and who not in listed

    @property
    def _is_last_try(self) -> bool:
        return self.job.failures >= MAX_FAILURES - 1

    def _is_down(self) -> bool:
        """Not one slice could be read, and several or all were tried: it is not the slice."""
        progress = self.progress
        tried = min(MOST_PROBLEMS, progress.total - 1)
        return len(progress.problems) == len(progress.done) >= tried

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
