"""At the end of a run: which rows leave the sheet, after a look at each by its id."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from domain.appointments import Appointment
from domain.connections import Connection
from domain.counting import so_many
from domain.errors import BadRecord, BrokenContract, Refused, SaidNothing, SyncError, Transient
from domain.intake import Candidate, Sorted, row_id
from domain.runs import Run, RunStatus
from domain.sources import AppointmentSource, Page, Reject, Spend
from domain.window import Window
from infra.stopping import Stopping

BRAKE_SHARE = 0.3
BRAKE_FROM = 5
"""A run that would take off more than this share of the sheet, and so many rows, asks first."""

EMPTIED_FROM = 3
"""So does one that would leave nothing of so many visits, however few rows they are."""

PROBE_BATCH = 10


class Leaving(Protocol):
    """What settling the removals needs of a run under way."""

    run: Run
    connection: Connection

    def candidates(self) -> list[Candidate]: ...
    def previewed(self) -> frozenset[UUID]: ...
    def held(self) -> int: ...
    def witness(self, without: Sequence[UUID]) -> str | None: ...
    def sort(self, records: Sequence[Appointment], *, window: Window) -> Sorted: ...
    def save_page(
        self, found: Sorted, page: Page, *, query_key: str, spent: Sequence[Spend]
    ) -> None: ...
    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        kept: Sequence[UUID] = (),
        left_out: Collection[UUID] = (),
        rejects: Sequence[Reject] = (),
        spent: Sequence[Spend] = (),
    ) -> None: ...
    def save_spent(self, spent: Sequence[Spend]) -> None: ...


@dataclass(slots=True, kw_only=True)
class Removals:
    """The candidates of one run; `is_allowed` is a person's word that most of a day vanished.

    On the `is_last_try` a look-up that fails is no reason to fail: its row stays. It does at once
    where one that is listed is told by its id, and only this one is not. Whether any can be asked
    for is settled at the start: what a source learns meanwhile makes no row gone.
    """

    open_run: Leaving
    source: AppointmentSource
    stopping: Stopping
    is_allowed: bool = False
    is_last_try: bool = False
    unanswered: list[SyncError] = field(default_factory=list)
    _can_ask: bool = field(init=False)
    _going: Sequence[UUID] = ()
    _is_silent: bool = False

    def __post_init__(self) -> None:
        self._can_ask = self.source.capabilities.probe_by_id

    def settle(self) -> tuple[RunStatus, str | None]:
        """What is no longer listed is looked up, then taken off; a preview tells of all of it."""
        status, message = self._settled()
        if status is RunStatus.SUCCESS and self.unanswered:
            return RunStatus.PARTIAL, _kept_unanswered(self.unanswered)
        return status, message

    def _settled(self) -> tuple[RunStatus, str | None]:
        run = self.open_run
        going = [one for one in run.candidates() if one.is_due or self._can_ask]
        previewed = run.previewed() if run.run.approved_run else frozenset()
        # What somebody chose to leave out is no surprise, however much it is.
        chosen = [one for one in going if one.is_chosen]
        agreed = previewed.union(one.id for one in chosen)
        beyond = [one for one in going if one.is_due and one.id not in agreed]
        held = max(run.held() - len(chosen), 0) if beyond else 0
        if not (self._brake(len(beyond), held) or self._empties(beyond, held)):
            self._take_off(going)
            return RunStatus.SUCCESS, None
        if run.run.dry_run:
            self._take_off(going)
            return RunStatus.SUCCESS, _told_beforehand(len(beyond), held)
        self._take_off([one for one in going if one.id in agreed])
        run.save_spent(self.source.drain_spent())
        return RunStatus.PARTIAL, _asked(run.run, len(beyond), held)

    def _take_off(self, going: Sequence[Candidate]) -> None:
        filtered = [one.id for one in going if one.is_listed]
        if filtered:
            left_out = [one.id for one in going if one.is_left_out]
            self.open_run.take_off(filtered, left_out=left_out)
        unlisted = [one for one in going if not one.is_listed]
        self._going = [one.id for one in going]
        for first in range(0, len(unlisted), PROBE_BATCH):
            self.stopping.check()
            if not self._look_up(unlisted[first : first + PROBE_BATCH]):
                return  # The PMS answers nothing: the next run asks for the rest.

    def _brake(self, going: int, held: int) -> bool:
        if self.is_allowed or going <= BRAKE_FROM:
            return False
        return going > BRAKE_SHARE * held

    def _empties(self, beyond: Sequence[Candidate], held: int) -> bool:
        """Whether none of few visits would stay, and the PMS tells of none of them any more.

        One that knows of nothing is as odd at a practice of five visits as at one of fifty. Where
        it tells of one by its id, having moved it, it is believed of the others.
        """
        visits = {one.pms_id: one for one in beyond}
        if self.is_allowed or len(visits) < EMPTIED_FROM or len(beyond) < held:
            return False
        return not any(self._is_told(one) for one in visits.values())

    def _is_told(self, one: Candidate) -> bool:
        """Also where it is told and cannot be read; what fails now is settled as it ever was."""
        try:
            return one.is_listed or (self._can_ask and bool(self.source.probe(one.pms_id)))
        except (BadRecord, Refused, BrokenContract, Transient):
            return True

    def _look_up(self, unlisted: Sequence[Candidate]) -> bool:
        """A row that is not listed may have moved to another day: ask for it by its id.

        Whether any was answered. Where none was there is nothing to settle, and no progress.
        """
        looked = _Looked()
        try:
            for one in unlisted:
                self._ask(one, looked)
        finally:
            if looked:
                self._settle(looked)
        return bool(looked)

    def _ask(self, one: Candidate, looked: "_Looked") -> None:
        try:
            looked.note(one, self._now(one, looked))
        except (BrokenContract, Transient) as problem:
            if self._others_answer(problem):
                looked.note(one, self._once_more(one, looked))
            elif self.is_last_try:
                self.unanswered.append(problem)
            else:
                raise

    def _once_more(self, one: Candidate, looked: "_Looked") -> Sequence[Appointment] | None:
        """As `_now`; what fails again although others are answered is told of as a reject.

        Where others are told, that nothing is said of this one means that it is gone.
        """
        try:
            return self._now(one, looked)
        except SaidNothing:
            return []
        except (BrokenContract, Transient) as problem:
            looked.rejects.append(Reject(path="", reason=str(problem), pms_id=one.pms_id))
            return None

    def _others_answer(self, problem: SyncError) -> bool:
        """Whether one that the PMS lists is told by its id; a PMS that asks for a wait gets it."""
        if self._is_silent or (isinstance(problem, Transient) and problem.retry_at is not None):
            return False
        listed = self.open_run.witness(self._going)
        try:
            found = self.source.probe(listed) if listed is not None else None
        except (BadRecord, Refused, BrokenContract, Transient):
            found = None
        self._is_silent = not found
        return bool(found)

    def _now(self, one: Candidate, looked: "_Looked") -> Sequence[Appointment] | None:
        """The appointment as it stands; None when it is there and cannot be read."""
        if not self._can_ask:
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
            fresh = replace(known, leaving={})
            run.save_page(fresh, page, query_key="moved", spent=self.source.drain_spent())
        alive = {row_id(run.connection.id, one) for one in looked.found}
        gone = [row for row in looked.asked if row not in alive]
        kept = [row for row in (*looked.asked, *looked.unreadable) if row not in set(gone)]
        self.open_run.run.progress.counts.rejected += len(looked.rejects)
        run.take_off(
            [*gone, *known.leaving],
            kept=kept,
            left_out=known.left_out,
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

    def __bool__(self) -> bool:
        return bool(self.asked or self.unreadable)

    def note(self, one: Candidate, found: Sequence[Appointment] | None) -> None:
        if found is None:
            self.unreadable.append(one.id)
        else:
            self.asked.append(one.id)
            self.found += found


def _asked(run: Run, going: int, held: int) -> str:
    if run.approved_run:
        return (
            f"{going} of {held} appointments would leave the sheet beyond those previewed, so they "
            "stayed. Make a new preview."
        )
    first, last = (f"{day:%-d %B}" for day in (run.first_day, run.last_day))
    days = first if first == last else f"{first} to {last}"
    return (
        f"{going} of {held} appointments of {days} would leave the sheet, so none did. If the PMS "
        "is right, preview these days and approve what you see."
    )


def _kept_unanswered(problems: Sequence[SyncError]) -> str:
    unlisted = so_many(
        len(problems), "appointment that is not listed", "appointments that are not listed"
    )
    return (
        f"{unlisted} any more could not be looked up and stayed; the next sync of these days asks"
        f" again: {problems[0]}"
    )


def _told_beforehand(going: int, held: int) -> str:
    return (
        f"{going} of {held} appointments would leave the sheet: more than a sync takes off without "
        "asking."
    )


def _around(found: Sequence[Appointment], window: Window) -> Window:
    """A window wide enough that nothing asked for by its id is thought out of place."""
    starts = [one.start for one in found]
    ends = [one.end for one in found]
    return Window(min([window.start, *starts]), max([window.end, *ends]))
