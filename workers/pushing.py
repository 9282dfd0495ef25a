"""Opens a row of the sheet and its PMS for a push: what is owed is read, sent and read back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine

from adapters.storage.practices import connections
from adapters.storage.two_way.creating import CreateStore
from adapters.storage.two_way.pushing import SYNCED, TAKEN_DOWN, PushStore, Row
from domain.checks import in_words, shut_out
from domain.connections import Connection
from domain.desk import PracticeDesk
from domain.errors import BadRecord, NeedsReconnect, Refused, SyncError, Throttled, Transient
from domain.intake import MOVED, row_id
from domain.jobs import Job
from domain.pushes import (
    CALLED_OFF,
    CHANGED,
    DISPUTED,
    ELSEWHERE,
    LEFT_OUT,
    LOCKED_OUT,
    MOVED_ON,
    NOT_SHOWN,
    NOT_WRITABLE,
    SWITCHED_OFF,
    TAKEN_OFF,
    Push,
    PushState,
    Sent,
    Stands,
    differing,
    disputed,
    next_push,
    set_by,
)
from domain.sources import AppointmentSource, Sighting
from domain.window import local_day
from domain.wishes import KINDS, Booking, Write
from domain.writes import ABILITY, SHOWN_AFTER, KeptWrite, NewWrite
from infra.sealing import Sealer
from infra.stopping import Stopping
from workers.writing import Writing

SHOWN_SOON, SHOWN_LATER = timedelta(seconds=5), timedelta(minutes=1)
"""When a new visit that the PMS does not show yet is looked for again."""
OFTEN_FOR = timedelta(minutes=2)
LOOKS = 3
"""So often a row is read anew that people change while it is decided what it owes."""


class Practices(Protocol):
    """Opens a connection's PMS to read it, and its desk to write to it."""

    def __call__(self, connection: Connection) -> AppointmentSource: ...
    def desk(self, connection: Connection) -> PracticeDesk | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """Implements `push_entry.Entries` over Postgres and the PMS."""

    engine: Engine
    sealer: Sealer
    opener: Practices
    clock: Callable[[], datetime]
    stopping: Stopping

    def open(self, job: Job) -> "PushedEntry":
        return PushedEntry(self, job)

    def gave_up(self, job: Job, error: SyncError) -> None:
        """The job is dead: the row says why, and a practice that lets nobody in says so too."""
        store = PushStore(self.engine, self.sealer, self.clock, job)
        is_locked = isinstance(error, NeedsReconnect)
        state = PushState.PENDING if is_locked else PushState.ERROR
        reason = LOCKED_OUT if is_locked else in_words(error)
        store.gave_up(UUID(job.args["entry_id"]), state, reason)
        if is_locked:
            with store.transaction() as db:
                reason = shut_out(error)
                connections.signed_out(db, store.connection_id, reason=reason, job_id=job.id)


class PushedEntry:
    """One row of one practice; implements `push_entry.Entry`."""

    def __init__(self, parts: Pushing, job: Job) -> None:
        self._parts = parts
        self._job = job
        self._store = PushStore(parts.engine, parts.sealer, parts.clock, job)
        self._id = UUID(job.args["entry_id"])
        self._connection = self._store.connection()
        self._creating = CreateStore(
            self._store, parts.sealer, parts.clock, self._connection.account_id
        )
        self._link_id: UUID | None = None
        self._version: int | None = None
        self._by = ""

    def unfinished(self) -> KeptWrite | None:
        return self._store.unfinished(self._id)

    def drop(self, kept: KeptWrite) -> None:
        """It never left, and is not wanted any more."""
        self._store.ledger.withdraw(kept)

    def look(self, kept: KeptWrite) -> KeptWrite:
        with self._desk() as desk:
            return self._writing(desk).look(kept)

    def next(self) -> Sent | None:
        """What is to be written now; None where nothing is, and the row says how it stands."""
        for _ in range(LOOKS):
            found = self._owed()
            if not isinstance(found, Stands):
                return found
            if self._store.stands(self._id, found, version=self._version):
                return None
        raise Transient(CHANGED)

    def send(self, wish: Sent) -> KeptWrite:
        with self._desk() as desk:
            if ABILITY[KINDS[type(wish)]] not in desk.abilities:
                raise Refused(NOT_WRITABLE)
            new = NewWrite(
                connection_id=self._connection.id,
                write=Write(wish=wish),
                key=self._store.key(self._id),
                asked_by=self._by,
                trace_id=self._job.trace_id,
                entry_id=self._id,
                patient_link_id=self._link_id,
            )
            return self._writing(desk).do(new, until=self._parts.clock())

    def arrived(self, kept: KeptWrite) -> None:
        """Done there: the row takes it down, and shows what the PMS made of it."""
        if isinstance(kept.write.wish, Booking):
            self._made(kept, kept.write.wish)
            return
        self._store.arrived(self._id, kept, self._connection)
        self.read_again()

    def read_again(self) -> None:
        """The PMS's own word on the row, merged like a page of a sync."""
        row = self._store.row(self._id, self._connection)
        if row is not None and row.place.pms_id:
            shown = local_day(row.columns["appointment_time"], row.columns["timezone"])
            self._read_back(row.place.pms_id, [row.place.day, shown])

    def stands(self, state: PushState, reason: str | None = None) -> None:
        """What came of a write; whoever typed on meanwhile has said how the row stands now."""
        self._store.stands(self._id, Stands(state, reason), version=self._version)

    def _owed(self) -> Sent | Stands | None:
        """What the row owes; how it stands where that is nothing, None where it has been said."""
        row = self._store.row(self._id, self._connection)
        if row is None or row.linked_to is not None:
            return None
        self._version = row.version
        if row.is_off:
            return _taken_off(row)
        if self._connection.state not in SYNCED:
            return Stands(PushState.PENDING, LOCKED_OUT)
        try:
            found = self._of_pms(row) if row.is_there else self._of_ours(row)
        except Refused as refusal:
            return Stands(PushState.ERROR, in_words(refusal))
        # Whoever switches pushes off is done with them, whatever has been put on its way before.
        is_off = isinstance(found, Sent) and not self._connection.both_ways
        return Stands(PushState.PENDING, SWITCHED_OFF) if is_off else found

    def _of_pms(self, row: Row) -> Push | Stands:
        if disputed(row.cells):
            return Stands(PushState.PENDING, DISPUTED)
        wish = next_push(row.cells, row.place)
        self._by = set_by(row.cells)
        if wish is not None:
            return wish
        if differing(row.cells) and not self._store.is_called_off(row.id):
            is_moved = MOVED in row.columns["flags"]
            return Stands(PushState.ERROR, MOVED_ON if is_moved else CALLED_OFF)
        return Stands(PushState.SYNCED)

    def _of_ours(self, row: Row) -> Booking | None:
        """A row that the practice does not have yet: its patient has to be one of theirs first."""
        if not self._job.args.get("create"):
            return None
        booked = self._store.booked(row.id)
        if booked is not None and isinstance(booked.write.wish, Booking):
            # Its visit is there, shown or left off the sheet: one more would be a second.
            self._made(booked, booked.write.wish)
            return None
        if not self._store.is_ours(row):
            return None
        if self._store.is_elsewhere(row.id):
            raise Refused(ELSEWHERE)
        found = self._creating.booking(row, self._connection)
        if found is None:
            return None
        self._by = set_by(row.cells)
        wish, self._link_id = found
        return wish

    def _made(self, kept: KeptWrite, wish: Booking) -> None:
        """The visit is there now: the PMS's row stands for ours from here on."""
        day = local_day(wish.start, self._connection.timezone)
        found = self._read_back(kept.pms_id or "", [day])
        if not found:
            self._not_shown(kept)
        elif self._creating.joined(self._id, kept, found, self._connection) is None:
            self.stands(PushState.SYNCED, LEFT_OUT)

    def _not_shown(self, kept: KeptWrite) -> None:
        """Looked for again till a PMS shows what it has taken; from then on a person has to."""
        now = self._parts.clock()
        since = now - (kept.submitted_at or now)
        if since > SHOWN_AFTER:
            self._store.ledger.tell(kept, TAKEN_DOWN)
            self.stands(PushState.ERROR, NOT_SHOWN)
            return
        wait = Throttled(
            "the practice's system to show the new visit",
            until=now + (SHOWN_SOON if since < OFTEN_FOR else SHOWN_LATER),
        )
        self.stands(PushState.PENDING, f"Waits for {wait}.")
        raise wait

    def _read_back(self, pms_id: str, days: Sequence[date]) -> list[UUID]:
        """The ids of the rows that the appointment is on the sheet, or would be.

        Where nobody can say, or it cannot be read, the row stays as it is: the next sync reads its
        day whole, and names what it cannot read.
        """
        source = self._parts.opener(self._connection)
        try:
            seen = source.look_again(pms_id, days=list(dict.fromkeys(days)))
        except BadRecord:
            seen = Sighting()
        finally:
            self._store.save_spent(source.drain_spent())
        if seen.is_known:
            self._store.read_back(pms_id, seen.rows, self._connection)
        return [row_id(self._connection.id, one) for one in seen.rows]

    def _writing(self, desk: PracticeDesk) -> Writing:
        return Writing(
            self._store.ledger,
            desk,
            clock=self._parts.clock,
            pause=self._parts.stopping.wait,
            may_wait=True,
        )

    @contextmanager
    def _desk(self) -> Iterator[PracticeDesk]:
        """The practice's desk; what it asked is counted however it went."""
        desk = self._parts.opener.desk(self._connection)
        if desk is None:
            raise Refused(NOT_WRITABLE)
        try:
            yield desk
        finally:
            self._store.save_spent(desk.drain_spent())


def _taken_off(row: Row) -> Stands:
    """A row that left the sheet owes nothing any more; what was typed into it has gone nowhere."""
    if row.is_there and not row.columns["undone"] and differing(row.cells):
        return Stands(PushState.ERROR, TAKEN_OFF)
    return Stands(None)
