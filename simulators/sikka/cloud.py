"""What the vendor holds: offices, copies of their books, and the queue of what is to be written."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulators.sikka import shapes
from simulators.sikka.clock import Clock
from simulators.sikka.copies import Copy, Event, Render, take
from simulators.sikka.keys import Keys
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import Location, Office
from simulators.sikka.pms import Unwritable, carry_out
from simulators.sikka.queue import Queue, State, Writeback

RENDERS: Mapping[str, Render] = {"appointments": shapes.appointment, "patients": shapes.patient}
Refreshed = Callable[[Office, list[Event]], None]


@dataclass
class Cloud:
    offices: dict[str, Office]
    keys: Keys
    clock: Clock
    queue: Queue
    knobs: Knobs
    copies: dict[str, Copy] = field(default_factory=dict)  # by site
    events: dict[str, list[Event]] = field(default_factory=dict)
    watchers: list[Refreshed] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        for office in self.offices.values():
            for location in office.practices.values():
                self.copies[location.site], _ = take(location, self.clock.now(), None, RENDERS)
                self.events[location.site] = []

    @property
    def locations(self) -> dict[str, Location]:
        """By site: the office, or the office and the practice."""
        return {
            location.site: location
            for office in self.offices.values()
            for location in office.practices.values()
        }

    def office_of(self, site: str) -> Office:
        return self.offices[site.partition(":")[0]]

    def copies_of(self, office: Office, practice_id: str | None = None) -> list[Copy]:
        return [
            self.copies[location.site]
            for location in office.practices.values()
            if practice_id in {None, "", location.id}
        ]

    def settle(self) -> None:
        """Do all that should have happened by now, in its order."""
        with self.lock:
            now = self.clock.now()
            for office in self.offices.values():
                if office.is_online:
                    self._settle(office, now)

    def _settle(self, office: Office, now: datetime) -> None:
        for write in self.queue.due(office.id, now):
            at = max(write.due_at, office.online_since or write.due_at)
            self._refresh_if_due(office, at)
            self._write(write, office, at)
        self._refresh_if_due(office, now)

    def _write(self, write: Writeback, office: Office, at: datetime) -> None:
        location = office.practices[write.practice_id]
        try:
            write.created_id = carry_out(write, location, self.copies[location.site], self.knobs)
        except Unwritable as refused:
            write.settle(State.FAILED, at, str(refused))
        else:
            write.settle(State.DONE, at, "Completed successfully")

    def _refresh_if_due(self, office: Office, now: datetime) -> None:
        every = timedelta(seconds=self.knobs.refresh_seconds)
        office.refreshed_at = min(office.refreshed_at, now)  # somebody may put the clock back
        if not every:
            self.refresh(office, now)
        elif turns := (now - office.refreshed_at) // every:
            self.refresh(office, office.refreshed_at + turns * every)

    def refresh(self, office: Office, at: datetime) -> None:
        office.refreshed_at = at
        found: list[Event] = []
        for location in office.practices.values():
            before = self.copies[location.site]
            self.copies[location.site], events = take(location, at, before, RENDERS)
            self.events[location.site] += events
            found += events
        for watcher in self.watchers:
            watcher(office, found)

    def is_inserting(self, office: Office) -> bool:
        since = self.clock.now() - office.refreshed_at
        return since < timedelta(seconds=self.knobs.insert_seconds)

    def finish(self) -> int:
        """Every write-back's turn comes now."""
        with self.lock:
            pending = self.queue.pending()
            for each in pending:
                each.due_at = min(each.due_at, self.clock.now())
            self.settle()
            return len(pending)
