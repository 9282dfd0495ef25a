"""Follows a write that its caller no longer waits for, and lets them know what became of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.phones import normalised, region_of
from adapters.storage.jobs.ledger import guard, put
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.phone import call_backs, opt_outs, showing, texts
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.practices import connections
from domain.appointments import Appointment
from domain.connections import Connection, State
from domain.desk import PracticeDesk
from domain.errors import BrokenContract, NeedsReconnect, Refused, SyncError
from domain.jobs import Job
from domain.showing import Otherwise, otherwise
from domain.tool_words import otherwise_text, text_of, unsettled_text
from domain.tools import Told
from domain.window import Window, day_start, local_day
from domain.wishes import Booking, Cancellation, Move, NewPatient
from domain.work import WHILE_SOMEBODY_LOOKS_ON, sync_job
from domain.writes import SETTLED, KeptWrite, WriteState
from infra.database import transaction
from infra.sealing import Sealer
from infra.stopping import Stopping
from workers.writing import Writing

PURPOSE = "outcome"
IN_DOUBT = "in doubt"
"""Of the text that tells of no end: one that is found later is told in another."""
OTHERWISE = "otherwise"
"""Of the text that tells how the practice's book has what was told as done."""

FAR_AHEAD = timedelta(days=366)
HEARD_OF = frozenset({Told.CONFIRMED, Told.REQUESTED})
UNANSWERED = (NeedsReconnect, BrokenContract, Refused)

log = structlog.get_logger()

_DAY = text(
    """
    SELECT pms_start FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND pms_appointment_id = :pms_id LIMIT 1
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Implements `settle_write.Writes` over Postgres and the PMS."""

    engine: Engine
    sealer: Sealer
    opener: Opener
    clock: Callable[[], datetime]
    stopping: Stopping

    def open(self, job: Job) -> "Followed":
        account_id, write_id = str(job.account_id), UUID(job.args["write_id"])
        ledger = WriteLedger(self.engine, self.sealer, account_id=account_id, clock=self.clock)
        kept = ledger.load(write_id)
        with transaction(self.engine, account_id=account_id) as db:
            connection = connections.load(db, kept.connection_id, even_removed=True)
        followed = Followed(self, job, ledger, connection, kept)
        if kept.state is WriteState.CONFIRMED:
            followed.show()
        return followed

    def gave_up(self, job: Job, _error: SyncError) -> None:
        """Nobody can say any more: a caller who waits for a text is told to ask the practice."""
        try:
            followed = self.open(job)
            if followed.kept.told == Told.REQUESTED and followed.kept.state not in SETTLED:
                followed.let_them_know(followed.kept)
        except SyncError as problem:
            log.warning("text.not_put", error_kind=problem.kind)


class Followed:
    """One write of one practice; implements `settle_write.Follower`."""

    def __init__(
        self,
        parts: Following,
        job: Job,
        ledger: WriteLedger,
        connection: Connection,
        kept: KeptWrite,
    ) -> None:
        self.kept = kept
        self._parts = parts
        self._job = job
        self._ledger = ledger
        self._connection = connection

    @property
    def is_gone(self) -> bool:
        return self._connection.is_removed

    def look(self) -> KeptWrite:
        """One look at the vendor's word; what is confirmed is read into the sheet.

        A practice that cannot be asked today may be tomorrow: the write stays open until then.
        """
        try:
            with self._desk() as desk:
                writing = Writing(
                    self._ledger, desk, clock=self._parts.clock, pause=self._parts.stopping.wait
                )
                self.kept = writing.look(self.kept)
        except UNANSWERED as problem:
            log.warning("write.not_seen", error_kind=problem.kind)
        if self.kept.state is WriteState.CONFIRMED:
            self.show()
        return self.kept

    def withdraw(self) -> KeptWrite:
        self._ledger.withdraw(self.kept)
        self.kept = self._ledger.load(self.kept.id)
        return self.kept

    def let_them_know(self, kept: KeptWrite) -> bool:
        """The end in a text, once; False where there is no number to send it to."""
        recipient = self._recipient(kept)
        if recipient is None:
            log.warning("text.no_number")
            return False
        words = text_of if kept.state in SETTLED else unsettled_text
        purpose = PURPOSE if kept.state in SETTLED else IN_DOUBT
        body = words(kept, self._connection.name, self._connection.timezone)
        with self._transaction() as db:
            return self._put(db, kept, recipient, purpose=purpose, body=body)

    def _put(self, db: Db, kept: KeptWrite, recipient: str, *, purpose: str, body: str) -> bool:
        return texts.put(
            db,
            self._parts.sealer,
            account_id=kept.account_id,
            write_id=kept.id,
            recipient=recipient,
            purpose=purpose,
            body=body,
            trace_id=kept.trace_id or None,
        )

    def is_shown(self) -> bool:
        with self._transaction() as db:
            return showing.is_shown(db, self.kept.id)

    def is_elsewhere(self) -> bool:
        with self._transaction() as db:
            return showing.is_elsewhere(db, self.kept.id)

    def is_changing(self, *, since: datetime) -> bool:
        with self._transaction() as db:
            return showing.is_changing(db, self.kept.id, since=since)

    def otherwise(self) -> Otherwise | None:
        """A practice that can be asked no more says nothing against it."""
        try:
            found = otherwise(self.kept, self._book())
        except UNANSWERED as problem:
            log.warning("write.not_seen", error_kind=problem.kind)
            return None
        if found is not None:
            log.warning("write.shown_otherwise", state=found.how.value)
            self._tell_otherwise(found)
        return found

    def _book(self) -> Sequence[Appointment]:
        """The patient's own, as far ahead as anybody books."""
        wish, zone = self.kept.write.wish, self._connection.timezone
        patient_id = getattr(wish, "patient_id", None)
        if patient_id is None:
            raise Refused("It is not known whose appointment it is.")
        now = self._parts.clock()
        asked = getattr(wish, "start", None) or now
        today = day_start(local_day(min(now, asked), zone), zone)
        window = Window(today, max(now, asked) + FAR_AHEAD)
        with self._desk() as desk:
            return desk.appointments(window, patient_id=patient_id)

    def _tell_otherwise(self, found: Otherwise) -> None:
        """For the practice to see to, and for whoever was told of it as it was asked for."""
        kept = self.kept
        body = otherwise_text(kept, found, self._connection.name, self._connection.timezone)
        recipient = self._reached(kept) if body and kept.told in HEARD_OF else None
        with self._transaction() as db:
            if showing.keep(db, kept.id, found):
                texts.drop(db, kept.id, purpose=PURPOSE)
            if body and recipient is not None:
                self._put(db, kept, recipient, purpose=OTHERWISE, body=body)

    def _reached(self, kept: KeptWrite) -> str | None:
        """The number, unless only a practice that can be asked no more would know it."""
        try:
            return self._recipient(kept)
        except UNANSWERED as problem:
            log.warning("text.no_number", error_kind=problem.kind)
            return None

    def show(self) -> None:
        """Have the days it touches read, so that the sheet shows it; not while it is paused."""
        if self.is_gone or self._connection.state is State.INACTIVE:
            return
        with self._transaction() as db:
            for day in self._days(db):
                job = sync_job(
                    account_id=self.kept.account_id,
                    connection_id=self._connection.id,
                    vendor=self._connection.vendor,
                    first_day=day,
                    last_day=day,
                )
                # Somebody has just been told of it, and may look.
                put(db, replace(job, priority=WHILE_SOMEBODY_LOOKS_ON))

    def _days(self, db: Db) -> set[date]:
        wish = self.kept.write.wish
        instants = []
        if isinstance(wish, Booking | Move):
            instants.append(wish.start)
        if isinstance(wish, Move | Cancellation):
            values = {"connection_id": self._connection.id, "pms_id": wish.appointment_id}
            instants += [row[0] for row in db.execute(_DAY, values)]
        return {local_day(one, self._connection.timezone) for one in instants}

    def _recipient(self, kept: KeptWrite) -> str | None:
        """Whoever called, unless from the practice's own line; else the patient's own number."""
        region = region_of(self._connection.timezone)
        wish = kept.write.wish
        own = wish.phone if isinstance(wish, NewPatient) else None
        for raw in (self._caller(kept), own):
            number = normalised(raw, region).e164 if raw else None
            if number is not None and not self._is_practices(number):
                return number
        patient_id = getattr(wish, "patient_id", None)
        if patient_id is None or self.is_gone:
            return None
        with self._desk() as desk:
            card = desk.patient(patient_id)
        return next(iter(card.phones), None) if card else None

    def _is_practices(self, number: str) -> bool:
        account_id = self.kept.account_id
        with transaction(self._parts.engine, account_id=account_id) as db:
            return opt_outs.is_own(db, number, account_id=account_id)

    def _caller(self, kept: KeptWrite) -> str | None:
        sealer, account_id = self._parts.sealer, kept.account_id
        with transaction(self._parts.engine, account_id=account_id) as db:
            return call_backs.caller_of(db, sealer, account_id=account_id, call_id=kept.call_id)

    @contextmanager
    def _desk(self) -> Iterator[PracticeDesk]:
        """The practice's desk; what it asked is counted however it went."""
        desk = self._parts.opener.desk(self._connection)
        if desk is None:
            raise NeedsReconnect("This practice can no longer be written to.")
        try:
            yield desk
        finally:
            spent = desk.drain_spent()
            if spent:
                with self._transaction() as db:
                    keep_spent(db, spent)

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        with transaction(self._parts.engine, account_id=self.kept.account_id) as db:
            guard(db, self._job)
            yield db
