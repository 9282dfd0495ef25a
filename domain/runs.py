"""A run: one pass over one connection's days, and what it counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from domain.window import Window


class SyncType(StrEnum):
    FULL = "full"
    INCREMENTAL = "incremental"
    MANUAL = "manual"


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(slots=True)
class Counts:
    """What a run did; `skipped` rows were left out by the connection's own filters."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    cancelled: int = 0
    removed: int = 0
    rejected: int = 0
    conflicts: int = 0
    requests: int = 0

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTED}

    def counted(self) -> dict[str, int]:
        """What is other than nothing."""
        return {name: count for name, count in self.as_dict().items() if count}


COUNTED = tuple(one.name for one in fields(Counts))


READ = ("fetched", "unchanged", "skipped", "rejected")
"""What counts pages read, not rows written."""

WRITTEN = ("created", "updated", "cancelled", "removed", "conflicts")


@dataclass(frozen=True, slots=True)
class Place:
    """What reading one page changes of a run's progress."""

    resume: str | None
    page: int
    furthest: int
    is_loading: bool
    mark: str | None
    counts: Counts
    drift: Mapping[str, int]


@dataclass(slots=True)
class Progress:
    """A run's checkpoint: which queries are done, where the current one stands, what it counted."""

    # What is read once a run.
    practitioners_read: bool = False
    listed: list[str] | None = None  # practitioners in the book; None where it was not read
    reference_read: bool = False

    # The queries, by their keys.
    total: int = 0
    current: str | None = None
    done: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)  # set aside, why: one safe sentence
    interrupted: list[str] = field(default_factory=list)  # done, but half read in the end
    is_untold: bool = False  # the PMS has not told all of one: asked for again
    walked_since: str | None = None  # when the first page of the first one was asked for

    # The current query. Where it is interrupted and what it listed is forgotten it is half read,
    # and yields no removals; a wait, a failure or an orderly stop keeps in `seen` what it listed.
    resume: str | None = None
    seen: list[str] | None = None
    half_read: bool = False
    is_loading: bool = False  # the PMS has not got all of it yet
    page: int = 0  # pages walked in this attempt
    furthest: int = 0  # pages walked in the best attempt so far
    before: dict[str, int] = field(default_factory=dict)  # counted when it began

    # Asking for changes alone.
    is_decided: bool = False  # it is settled whether changes are enough
    changes_only: bool = False  # what the queries list is not the whole of the days
    since: str | None = None  # the mark that changes are asked from
    mark: str | None = None  # that of this run's own first page
    shape: str | None = None  # what `mark` is good for

    counts: Counts = field(default_factory=Counts)
    drift: dict[str, int] = field(default_factory=dict)  # shown by pages, not written down yet

    @classmethod
    def from_checkpoint(cls, stored: Mapping[str, Any]) -> Self:
        """What was stored; unknown keys are dropped, so that deploys may overlap."""
        known = {f.name for f in fields(cls)} - {"counts"}
        counted = {f.name for f in fields(Counts)}
        counts = {k: v for k, v in stored.get("counts", {}).items() if k in counted}
        kept = {k: v for k, v in stored.items() if k in known}
        return cls(**kept, counts=Counts(**counts))

    def turn_to(self, query_key: str | None) -> None:
        """Begin a query, or end the present one with None."""
        self.current, self.resume, self.seen = query_key, None, None
        self.half_read = self.is_loading = False
        self.page = self.furthest = 0
        self.before = {name: getattr(self.counts, name) for name in READ}

    def start_over(self) -> None:
        """The current query is walked from its first page again: count its pages once."""
        self.page = 0
        self.is_loading = False
        self.drift = {}
        for name, count in self.before.items():
            setattr(self.counts, name, count)

    def lose_place(self) -> None:
        """There is nothing to go on from; what was walked before is no progress a second time."""
        self.furthest = max(self.furthest, self.page)
        self.resume = self.seen = None
        self.page = 0

    def give_up_mark(self) -> None:
        """The PMS does not take it: begin again, and read the days whole."""
        self.since = self.mark = self.walked_since = None
        self.done, self.problems, self.interrupted, self.drift = [], {}, [], {}
        self.is_untold = False
        for name in READ:
            setattr(self.counts, name, 0)
        self.turn_to(None)

    def ask_again(self) -> None:
        """What was set aside is read once more; what was read whole stays so."""
        self.done = [key for key in self.done if key not in self.problems]
        self.problems = {}

    def place(self) -> Place:
        """Where the current query stands, to come back to."""
        return Place(
            self.resume,
            self.page,
            self.furthest,
            self.is_loading,
            self.mark,
            replace(self.counts),
            dict(self.drift),
        )

    def go_back(self, place: Place) -> None:
        """What was read since could not be stored."""
        self.resume, self.page, self.furthest = place.resume, place.page, place.furthest
        self.is_loading, self.mark = place.is_loading, place.mark
        self.counts, self.drift = replace(place.counts), dict(place.drift)

    def showed(self, drift: Mapping[str, int]) -> None:
        """A page had this in it."""
        for what, times in drift.items():
            self.drift[what] = self.drift.get(what, 0) + times

    def take_drift(self) -> Mapping[str, int]:
        """What is to be written down with the next checkpoint, which holds it no longer."""
        taken, self.drift = self.drift, {}
        return taken

    def advance(self) -> bool:
        """Whether this is further than any attempt came before: only that is progress."""
        advanced = self.current is None or self.page > self.furthest
        self.furthest = max(self.furthest, self.page)
        return advanced

    def as_checkpoint(self) -> dict[str, Any]:
        """To be written down at once: its lists are those of the run, which goes on.

        What is as it was at first goes unsaid: every page writes this anew.
        """
        held = {name: getattr(self, name) for name in AT_FIRST}
        told = {name: value for name, value in held.items() if value != AT_FIRST[name]}
        return told | {"counts": self.counts.counted()}


AT_FIRST = {name: getattr(Progress(), name) for name in Progress.__slots__ if name != "counts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: whose days, which days, and how far it has come."""

    id: UUID
    account_id: str
    connection_id: UUID
    first_day: date
    last_day: date
    window: Window
    sync_type: SyncType
    dry_run: bool
    trace_id: str
    progress: Progress
    backfill_id: UUID | None = None
    approved_run: UUID | None = None

    @property
    def changed_something(self) -> bool:
        counts = self.progress.counts
        return any(getattr(counts, name) for name in WRITTEN)

    @property
    def pass_type(self) -> SyncType:
        """What it is in fact: days read whole are no incremental run, whatever was asked for."""
        if self.sync_type is not SyncType.INCREMENTAL or self.progress.changes_only:
            return self.sync_type
        return SyncType.FULL
