"""Carries a write to a PMS: held, marked, sent once, followed, and read back where in doubt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from domain.desk import Busy, Opening, Outcome, OutcomeUnknown, Receipt, Verdict, WriteDesk
from domain.errors import (
    BadInput,
    FenceLost,
    NeedsReconnect,
    Refused,
    SyncError,
    Throttled,
    Transient,
)
from domain.pushes import ChangedThere
from domain.slots import in_the_way
from domain.writes import (
    CERTAIN_AFTER,
    NOT_YET_SENT,
    OPEN,
    SEND_WITHIN,
    Hold,
    KeptWrite,
    NewWrite,
    SlotTaken,
    WriteState,
)

log = structlog.get_logger()

PAUSES = (0.5, 1.0, 2.0, 3.0)
"""Seconds between looks at the vendor's word on a write; the last one repeats."""

NOTHING_LEFT: tuple[type[SyncError], ...] = (
    Refused,
    BadInput,
    NeedsReconnect,
    Throttled,
    Transient,
    ChangedThere,
)
"""What says for certain that a write was not done; everything else leaves it in doubt."""

LATER: tuple[type[SyncError], ...] = (NeedsReconnect, Throttled, Transient)
"""What says nothing against a write: it may well be done another time."""

STATES = {Verdict.DONE: WriteState.CONFIRMED, Verdict.FAILED: WriteState.FAILED}


class Ledger(Protocol):
    """Where writes are kept; `adapters.storage.phone.writes` has it over Postgres."""

    def begin(self, new: NewWrite) -> KeptWrite: ...
    def load(self, write_id: UUID) -> KeptWrite: ...
    def held_for(self, kept: KeptWrite) -> Opening | None: ...
    def submitting(self, kept: KeptWrite) -> KeptWrite | None: ...
    def receipts_beside(self, kept: KeptWrite) -> frozenset[str]: ...
    def keep_receipt(self, kept: KeptWrite, receipt: Receipt) -> KeptWrite: ...
    def settle(
        self,
        kept: KeptWrite,
        state: WriteState,
        *,
        pms_id: str | None = None,
        reason: str | None = None,
    ) -> KeptWrite: ...
    def withdraw(self, kept: KeptWrite) -> bool: ...
    def polled(self, kept: KeptWrite) -> KeptWrite: ...


class Writing:
    """One connection's writes, with its desk open; `pause` waits that many seconds.

    With `may_wait` nobody is on the phone for them: why one was not done is raised, and what may
    leave later is kept as if it had not been tried.
    """

    def __init__(
        self,
        ledger: Ledger,
        desk: WriteDesk,
        *,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        may_wait: bool = False,
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._pause = pause
        self._may_wait = may_wait

    def do(self, new: NewWrite, *, until: datetime) -> KeptWrite:
        """The write as it stands at `until`, or as soon as it is settled.

        Asked for again, it is the same write. Raises SlotTaken, with nothing kept or sent, where
        its time is held for, or taken by, somebody else.
        """
        kept = self._ledger.begin(new)
        # A call's one booking is sent by whoever began it, and by nobody who asks for another.
        if kept.key == new.key and kept.state in NOT_YET_SENT:
            held = new.hold if kept.is_new else self._ledger.held_for(kept)
            # No caller is at two places at once; whoever works there may have it so.
            whose = getattr(new.write.wish, "patient_id", None) if new.once else None
            self._look_once_more(kept, held, whose=whose)
            kept = self._send(kept)
        return self.follow(kept, until=until)

    def follow(self, kept: KeptWrite, *, until: datetime) -> KeptWrite:
        """Ask what has become of it, with growing pauses, until it is known or time is up."""
        while kept.state is WriteState.SUBMITTED and kept.receipt is not None:
            pause = PAUSES[min(kept.polls, len(PAUSES) - 1)]
            if self._clock() + timedelta(seconds=pause) > until:
                return kept
            self._pause(pause)
            kept = self.look(kept)
        return kept

    def look(self, kept: KeptWrite) -> KeptWrite:
        """One look at an open write: by its receipt, else read back once that can be certain."""
        if kept.state not in OPEN:
            return kept
        try:
            outcome = self._outcome(kept)
        except (Transient, Throttled) as problem:
            log.info("write.not_seen", reason=str(problem))
            return self._ledger.polled(kept)
        if outcome.verdict in STATES:
            return self._settled(kept, outcome)
        if outcome.verdict is Verdict.UNKNOWN and kept.state is WriteState.SUBMITTED:
            kept = self._ledger.settle(kept, WriteState.UNKNOWN, reason=outcome.reason)
        return self._ledger.polled(kept)

    def _outcome(self, kept: KeptWrite) -> Outcome:
        if kept.receipt is not None:
            return self._desk.outcome(kept.write, kept.receipt)
        others = self._ledger.receipts_beside(kept)
        found = self._desk.find(replace(kept.write, others=others))
        sent = kept.submitted_at or self._clock()
        if found.verdict is Verdict.FAILED and self._clock() < sent + CERTAIN_AFTER:
            # It may still be on its way.
            return Outcome(verdict=Verdict.PENDING)
        return found

    def _look_once_more(
        self, kept: KeptWrite, held: Hold | Opening | None, *, whose: str | None
    ) -> None:
        """Nobody of ours can take the time any more; the practice's own staff may have."""
        if held is None:
            return
        try:
            busy = self._desk.busy(held.window)
        except BaseException:
            self._ledger.withdraw(kept)
            raise
        moving = getattr(kept.write.wish, "appointment_id", None)
        # An appointment is not in its own way.
        others = (one for one in busy if moving is None or one.pms_id != moving)
        if any(_is_in_the_way(one, held, whose=whose) for one in others):
            if not self._ledger.withdraw(kept):
                return  # it left meanwhile, and is what is seen there
            raise SlotTaken("That time has just been taken.")

    def _send(self, kept: KeptWrite) -> KeptWrite:
        """Marked first, in a transaction of its own; then it leaves, once."""
        try:
            sent = self._ledger.submitting(kept)
        except SlotTaken:
            self._ledger.withdraw(kept)
            raise
        if sent is None:
            return self._ledger.load(kept.id)
        if self._clock() - (sent.submitted_at or self._clock()) > SEND_WITHIN:
            # Frozen between the mark and here: somebody may be reading it back by now.
            return self._ledger.settle(sent, WriteState.UNKNOWN)
        return self._leave(sent)

    def _leave(self, sent: KeptWrite) -> KeptWrite:
        try:
            receipt = self._desk.submit(sent.write)
        except NOTHING_LEFT as refusal:
            return self._not_done(sent, refusal)
        except FenceLost:
            raise  # it never left: whoever has the job now reads it back
        except OutcomeUnknown as doubt:
            return self._ledger.settle(sent, WriteState.UNKNOWN, reason=str(doubt))
        except Exception:
            self._ledger.settle(sent, WriteState.UNKNOWN)
            raise
        if receipt.is_final:
            done = Outcome(verdict=Verdict.DONE, pms_id=receipt.pms_id)
            return self._settled(sent, done)
        return self._ledger.keep_receipt(sent, receipt)

    def _not_done(self, sent: KeptWrite, refusal: SyncError) -> KeptWrite:
        if self._may_wait and isinstance(refusal, LATER):
            self._ledger.settle(sent, WriteState.REQUESTED)
            raise refusal
        if self._may_wait and isinstance(refusal, ChangedThere):
            # No refusal: what takes its place is made of what the row says now.
            self._ledger.settle(sent, WriteState.REQUESTED)
            self._ledger.settle(sent, WriteState.WITHDRAWN, reason=str(refusal))
            raise refusal
        failed = self._ledger.settle(sent, WriteState.FAILED, reason=str(refusal))
        if self._may_wait:
            raise refusal
        return failed

    def _settled(self, kept: KeptWrite, outcome: Outcome) -> KeptWrite:
        settled = self._ledger.settle(
            kept, STATES[outcome.verdict], pms_id=outcome.pms_id, reason=outcome.reason
        )
        log.info("write.settled", state=settled.state.value)
        return settled


def _is_in_the_way(one: Busy, held: Hold | Opening, *, whose: str | None) -> bool:
    """It takes one of the same at that time, or the patient is there."""
    window = held.window
    if not (one.window.start < window.end and window.start < one.window.end):
        return False
    return bool(in_the_way([one], held.resources)) or (
        whose is not None and one.patient_id == whose
    )
