"""Follows a write that its caller no longer waits for, and lets them know what became of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import structlog
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.phones import normalised, region_of
from adapters.storage import connections, opt_outs, texts
from adapters.storage.ledger import guard, put
from adapters.storage.spent import keep_spent
from adapters.storage.writes import WriteLedger
from domain.connections import Connection, State
from domain.desk import PracticeDesk
from domain.errors import BrokenContract, NeedsReconnect, Refused, SyncError
from domain.jobs import Job
from domain.tool_words import text_of, unsettled_text
from domain.tools import Told
from domain.window import local_day
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

log = structlog.get_logger()

_CALLER = text(
    """
    SELECT id, caller FROM tool_calls
    WHERE account_id = :account_id AND call_id = :call_id AND caller IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
    """
)
_DAY = text(
    """
    SELECT pms_start FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND pms_appointment_id = :pms_id LIMIT 1
    """
)
_SHOWN = text(
    """
    SELECT EXISTS (
      SELECT FROM run_sheet_appointments
      WHERE pms_connection_id = :connection_id AND pms_appointment_id = :pms_id
        AND (CAST(:start AS timestamptz) IS NULL OR pms_start = :start)
        AND (NOT :is_off OR removed_at IS NOT NULL OR appointment_status = 'cancelled'))
    OR EXISTS (
      SELECT FROM pms_writes AS later
      WHERE later.connection_id = :connection_id AND later.pms_id = :pms_id
        AND later.kind IN ('reschedule', 'cancel') AND later.state = 'confirmed'
        AND later.created_at > (SELECT created_at FROM pms_writes WHERE id = :write_id))
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
        except (NeedsReconnect, BrokenContract, Refused) as problem:
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
        with self._transaction() as db:
            return texts.put(
                db,
                self._parts.sealer,
                account_id=kept.account_id,
                write_id=kept.id,
                recipient=recipient,
                purpose=PURPOSE if kept.state in SETTLED else IN_DOUBT,
                body=words(kept, self._connection.name, self._connection.timezone),
                trace_id=kept.trace_id or None,
            )

    def is_shown(self) -> bool:
        """Whether the sheet has come to show it; what leaves no trace there counts as shown.

        So does what was moved or cancelled since: nobody will ever see it as it was asked for.
        """
        wish = self.kept.write.wish
        if not isinstance(wish, Booking | Move | Cancellation):
            return True
        values = {
            "write_id": self.kept.id,
            "connection_id": self._connection.id,
            "pms_id": self.kept.pms_id if isinstance(wish, Booking) else wish.appointment_id,
            "start": None if isinstance(wish, Cancellation) else wish.start,
            "is_off": isinstance(wish, Cancellation),
        }
        with self._transaction() as db:
            return bool(db.execute(_SHOWN, values).scalar_one())

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
        values = {"account_id": kept.account_id, "call_id": kept.call_id}
        with transaction(self._parts.engine, account_id=kept.account_id) as db:
            row = db.execute(_CALLER, values).first()
        if row is None:
            return None
        place = {"table": "tool_calls", "column": "caller", "account": kept.account_id}
        caller, _ = json.loads(self._parts.sealer.open(row.caller, row=row.id, **place))
        return str(caller) if caller else None

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
