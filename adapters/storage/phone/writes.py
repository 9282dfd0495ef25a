"""The ledger of writes: kept before they leave, moved on by one compare-and-set at a time."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, TextClause, text

from adapters.storage.phone import asked_again, call_backs, holds, kept_writes, unseen, untold
from domain.desk import Opening, Receipt
from domain.errors import Transient
from domain.sameness import again
from domain.window import Window
from domain.wishes import Cancellation, WriteKind
from domain.writes import (
    HOLD_SECONDS,
    LETTERS,
    NEXT,
    NOT_YET_SENT,
    NUMBER_LENGTH,
    Hold,
    KeptWrite,
    NewWrite,
    SlotTaken,
    WriteState,
)
from infra.database import dispatch, transaction
from infra.sealing import Sealer

ATTEMPTS = 5
LONGEST_LISTED = timedelta(days=8)

_BEGIN = text(
    """
    INSERT INTO pms_writes (id, account_id, connection_id, kind, state, idempotency_key, call_id,
                            request, confirmation, start_at, end_at, pms_id, asked_by, trace_id,
                            created_at, updated_at, entry_id, patient_link_id, pms_patient_id)
    VALUES (:id, :account_id, :connection_id, :kind, :state, :key, :call_id, :request,
            :confirmation, :start_at, :end_at, :pms_id, :asked_by, :trace_id, :now, :now,
            :entry_id, :patient_link_id, :pms_patient_id)
    ON CONFLICT DO NOTHING RETURNING *
    """
)
_BY_KEY = text("SELECT * FROM pms_writes WHERE account_id = :account_id AND idempotency_key = :key")
_BY_KEY_LOCKED = text(f"{_BY_KEY.text} FOR UPDATE")
_CALLED_OFF = text(
    """
    UPDATE pms_writes SET called_off_at = :now
    WHERE connection_id = :connection_id AND kind = 'book' AND pms_id = :pms_id
      AND called_off_at IS NULL
    """
)
_LOAD = text("SELECT * FROM pms_writes WHERE id = :id")
_MOVE = text(
    """
    UPDATE pms_writes SET state = :state, updated_at = :now,
      submitted_at = CASE WHEN :state = 'submitted' THEN :now ELSE submitted_at END,
      settled_at = CASE WHEN :state IN ('confirmed', 'failed', 'withdrawn') THEN :now END,
      pms_id = COALESCE(:pms_id, pms_id), reason = COALESCE(:reason, reason)
    WHERE id = :id AND state = ANY(:before) RETURNING *
    """
)
_RECEIPT = text(
    """
    UPDATE pms_writes SET receipt = :receipt, pms_id = COALESCE(:pms_id, pms_id), updated_at = :now
    WHERE id = :id RETURNING *
    """
)
# All of it is held for the appointment that is moved already.
_NOTHING_TO_HOLD = text("UPDATE pms_writes SET state = 'requested' WHERE id = :id RETURNING *")
_POLLED = text("UPDATE pms_writes SET polls = polls + 1 WHERE id = :id RETURNING *")
_TOLD = text("UPDATE pms_writes SET told = COALESCE(told, :told) WHERE id = :id RETURNING *")


class WriteLedger:
    """The writes of one account. Each method is one transaction; none spans a call to a vendor.

    `guarded` is called first, with its connection, where a write is begun and where it leaves: it
    raises where whoever asked has been answered otherwise meanwhile.
    """

    def __init__(
        self,
        engine: Engine,
        sealer: Sealer,
        *,
        account_id: str,
        clock: Callable[[], datetime],
        guarded: Callable[[Db], None] | None = None,
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._account = account_id
        self._clock = clock
        self._guarded = guarded

    def begin(self, new: NewWrite) -> KeptWrite:
        """Keep the intent and hold its slot, or answer the write that is kept already.

        A call has one booking, unless that was cancelled: another asked for in it is answered with
        the first. Raises SlotTaken, and keeps nothing, where the slot is held for somebody else.
        """
        try:
            return self._begun(new)
        except SlotTaken:
            if new.hold is None or not self._made_room(new.hold):
                raise
            return self._begun(new)

    def by_key(self, key: str) -> KeptWrite | None:
        """The write that was asked for under this key, if any was."""
        return self._one(_BY_KEY, key=key)

    def booking_of(self, call_id: str) -> KeptWrite | None:
        """The one booking of a phone call that stands or may."""
        return self._one(asked_again.OF_CALL, call_id=call_id)

    def made(self, connection_id: UUID, pms_id: str) -> KeptWrite | None:
        return self._one(asked_again.MADE, connection_id=str(connection_id), pms_id=pms_id)

    def moved(self, kept: KeptWrite) -> KeptWrite | None:
        """The last move of what this booking made that stands or may."""
        with transaction(self._engine, account_id=self._account) as db:
            row = unseen.last_move(db, kept)
            return None if row is None else self._kept(row)

    def same(self, new: NewWrite) -> KeptWrite | None:
        """What was asked for before, if this is the same wish again."""
        with transaction(self._engine, account_id=self._account) as db:
            return self._same(db, new)

    def is_from(self, kept: KeptWrite, caller: str | None) -> bool:
        with transaction(self._engine, account_id=self._account) as db:
            return call_backs.is_from(db, self._sealer, kept, caller)

    def unseen(self, connection_id: UUID) -> Sequence[KeptWrite]:
        """What the PMS has taken lately and may not show yet, and what is under way."""
        with transaction(self._engine, account_id=self._account) as db:
            rows = unseen.rows(db, connection_id, now=self._clock())
            return [self._kept(row) for row in rows]

    def untold(self, connection_id: UUID, patient_id: str) -> Sequence[KeptWrite]:
        with transaction(self._engine, account_id=self._account) as db:
            rows = untold.of_appointments(db, connection_id, patient_id, now=self._clock())
            return [self._kept(row) for row in rows]

    def load(self, write_id: UUID) -> KeptWrite:
        with transaction(self._engine, account_id=self._account) as db:
            return self._kept(db.execute(_LOAD, {"id": write_id}).mappings().one())

    def held_for(self, kept: KeptWrite) -> Opening | None:
        """What is held for a write that has not left, should it be sent by another than begun."""
        if kept.state is not WriteState.HELD or kept.start is None or kept.end is None:
            return None
        with transaction(self._engine, account_id=self._account) as db:
            resources = tuple(holds.resources_of(db, kept.id))
        return Opening(window=Window(kept.start, kept.end), resources=resources)

    def submitting(self, kept: KeptWrite) -> KeptWrite | None:
        """Mark it as leaving, committed before it leaves; None if it is not ours to send.

        Its hold has no end from here on. Raises SlotTaken where the hold ran out meanwhile.
        """
        with transaction(self._engine, account_id=self._account) as db:
            self._guard(db)
            row = self._moved(db, kept, WriteState.SUBMITTED)
            if row is None:
                return None
            if kept.state is WriteState.HELD and not holds.keep(db, kept.id, until=None):
                raise SlotTaken("Somebody else took that time meanwhile.")
            return self._kept(row)

    def keep_receipt(self, kept: KeptWrite, receipt: Receipt) -> KeptWrite:
        """The vendor has taken it on."""
        said = {"receipt": receipt.number, "pms_id": receipt.pms_id}
        values = {"id": kept.id, **said, "now": self._clock()}
        with transaction(self._engine, account_id=self._account) as db:
            return self._kept(db.execute(_RECEIPT, values).mappings().one())

    def receipts_beside(self, kept: KeptWrite) -> frozenset[str]:
        """What the same vendor said of other writes of this account, of the last days."""
        since = (kept.submitted_at or self._clock()) - LONGEST_LISTED
        with transaction(self._engine, account_id=self._account) as db:
            return unseen.receipts_beside(db, kept, since=since)

    def settle(
        self,
        kept: KeptWrite,
        state: WriteState,
        *,
        pms_id: str | None = None,
        reason: str | None = None,
    ) -> KeptWrite:
        """Move it on, its hold with it; a write that somebody else has settled stays so."""
        with transaction(self._engine, account_id=self._account) as db:
            return self.settle_within(db, kept, state, pms_id=pms_id, reason=reason)

    def settle_within(
        self, db: Db, kept: KeptWrite, state: WriteState, **about: str | None
    ) -> KeptWrite:
        """As `settle`, within the caller's transaction."""
        row = self._moved(db, kept, state, **about)
        if row is None:
            return self._kept(db.execute(_LOAD, {"id": kept.id}).mappings().one())
        if state is WriteState.CONFIRMED:
            # Until a sync shows it, and no longer than the appointment itself.
            holds.keep(db, kept.id, until=kept.end)
            holds.leave(db, kept)
            self._call_off_booking(db, kept)
        elif state is not WriteState.UNKNOWN:
            holds.free(db, kept.id)
        return self._kept(row)

    def withdraw(self, kept: KeptWrite) -> bool:
        """Call it off before it leaves; False when it has left."""
        return self.settle(kept, WriteState.WITHDRAWN).state is WriteState.WITHDRAWN

    def polled(self, kept: KeptWrite) -> KeptWrite:
        with transaction(self._engine, account_id=self._account) as db:
            return self._kept(db.execute(_POLLED, {"id": kept.id}).mappings().one())

    def call_off(self, db: Db, key: str) -> KeptWrite | None:
        """Within the caller's transaction: the write of this key, withdrawn if it has not left."""
        values = {"account_id": self._account, "key": key}
        row = db.execute(_BY_KEY_LOCKED, values).mappings().first()
        if row is None:
            return None
        kept = self._kept(row)
        if kept.state in NOT_YET_SENT:
            holds.free(db, kept.id)
            row = self._moved(db, kept, WriteState.WITHDRAWN) or row
        return self._kept(row)

    def tell_within(self, db: Db, kept: KeptWrite, told: str) -> None:
        """As `tell`, within the caller's transaction."""
        db.execute(_TOLD, {"id": kept.id, "told": told})

    def tell(self, kept: KeptWrite, told: str) -> KeptWrite:
        """What the caller was told of it first, so that a text can tell the rest."""
        with transaction(self._engine, account_id=self._account) as db:
            return self._kept(db.execute(_TOLD, {"id": kept.id, "told": told}).mappings().one())

    def _one(self, statement: TextClause, **about: str) -> KeptWrite | None:
        with transaction(self._engine, account_id=self._account) as db:
            values = {"account_id": self._account, **about}
            row = db.execute(statement, values).mappings().first()
            return None if row is None else self._kept(row)

    def _begun(self, new: NewWrite) -> KeptWrite:
        for _ in range(ATTEMPTS):
            with transaction(self._engine, account_id=self._account) as db:
                self._guard(db)
                known = self._known(db, new)
                if known is not None:
                    return known
                kept = self._put(db, new)
                if kept is not None:
                    return kept
        raise Transient("no confirmation number could be found; try again")

    def _made_room(self, hold: Hold) -> bool:
        """Whether another account's hold was in the way that had run out, which we do not see."""
        with dispatch(self._engine) as db:
            return holds.drop_expired(db, hold, now=self._clock()) > 0

    def _known(self, db: Db, new: NewWrite) -> KeptWrite | None:
        owner = {"account_id": self._account}
        row = db.execute(_BY_KEY, {**owner, "key": new.key}).mappings().first()
        if row is None and new.call_id and new.write.kind is WriteKind.BOOK:
            row = (
                db.execute(asked_again.OF_CALL, {**owner, "call_id": new.call_id})
                .mappings()
                .first()
            )
        if row is not None:
            return self._kept(row)
        if not new.once:
            return None
        asked_again.in_turn(db, new)
        return self._same(db, new)

    def _same(self, db: Db, new: NewWrite) -> KeptWrite | None:
        rows = asked_again.earlier(db, new, account_id=self._account, now=self._clock())
        return again(new, (self._kept(row) for row in rows))

    def _put(self, db: Db, new: NewWrite) -> KeptWrite | None:
        """The row and its hold; None where a twin came first, so that one looks again."""
        now, write_id, wish = self._clock(), uuid4(), new.write.wish
        values = {
            "id": write_id,
            "account_id": self._account,
            "connection_id": new.connection_id,
            "kind": new.write.kind.value,
            "state": (WriteState.HELD if new.hold else WriteState.REQUESTED).value,
            "key": new.key,
            "call_id": new.call_id,
            "request": kept_writes.sealed(self._sealer, new.write, write_id, self._account),
            "confirmation": _number(),
            "start_at": new.hold.window.start if new.hold else getattr(wish, "start", None),
            "end_at": new.hold.window.end if new.hold else None,
            "pms_id": getattr(wish, "appointment_id", None),
            "asked_by": new.asked_by,
            "trace_id": new.trace_id,
            "now": now,
            "entry_id": new.entry_id,
            "patient_link_id": new.patient_link_id,
            "pms_patient_id": getattr(wish, "patient_id", None),
        }
        row = db.execute(_BEGIN, values).mappings().first()
        if row is None:
            return None
        if new.hold is not None and not self._hold(db, new.hold, row):
            row = db.execute(_NOTHING_TO_HOLD, {"id": write_id}).mappings().one()
        return replace(self._kept(row), is_new=True)

    def _hold(self, db: Db, hold: Hold, row: RowMapping) -> int:
        """How many spans it has to hold; SlotTaken where one is held for somebody else."""
        taken = holds.take(
            db,
            hold,
            account_id=self._account,
            connection_id=row["connection_id"],
            write_id=row["id"],
            now=row["created_at"],
            expires_at=row["created_at"] + timedelta(seconds=HOLD_SECONDS),
            moving=row["pms_id"],
        )
        if taken is None:
            raise SlotTaken("Somebody else is taking that time.")
        return taken

    def _moved(
        self, db: Db, kept: KeptWrite, state: WriteState, **about: str | None
    ) -> RowMapping | None:
        before = [one.value for one in WriteState if state in NEXT[one]]
        values = {
            "id": kept.id,
            "state": state.value,
            "before": before,
            "now": self._clock(),
            "pms_id": about.get("pms_id"),
            "reason": about.get("reason"),
        }
        return db.execute(_MOVE, values).mappings().first()

    def _call_off_booking(self, db: Db, kept: KeptWrite) -> None:
        """What is cancelled is no longer the one booking of its call."""
        wish = kept.write.wish
        if isinstance(wish, Cancellation):
            about = {"connection_id": kept.connection_id, "pms_id": wish.appointment_id}
            db.execute(_CALLED_OFF, {**about, "now": self._clock()})

    def _guard(self, db: Db) -> None:
        if self._guarded is not None:
            self._guarded(db)

    def _kept(self, row: RowMapping) -> KeptWrite:
        return kept_writes.opened(self._sealer, row)


def _number() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(NUMBER_LENGTH))
