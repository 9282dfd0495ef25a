"""Opens a tool call with everything a tool may use, and keeps what was said with its audit row."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, Row, text

from adapters.opening import Opener
from adapters.phones import normalised, region_of
from adapters.remembering_desk import RememberingDesk
from adapters.replies import Teller
from adapters.storage.jobs.ledger import put
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.phone import call_backs, phone_book, phone_calls, tool_calls
from adapters.storage.phone.cached import PatientCache
from adapters.storage.phone.holds import held
from adapters.storage.phone.opt_outs import can_text
from adapters.storage.phone.phone_calls import StoredProofs
from adapters.storage.phone.sheet_busy import sheet_busy
from adapters.storage.phone.tool_calls import ClaimedToolCall
from adapters.storage.phone.unseen import written_since
from adapters.storage.phone.writes import WriteLedger
from adapters.storage.practices import connections
from domain.connections import Connection
from domain.desk import Ability, Busy, PracticeDesk
from domain.desk_calls import is_api
from domain.errors import SyncError
from domain.features import PATIENT_CACHE, is_on, spoken
from domain.hours import OpeningHours, bookable_hours
from domain.jobs import Job
from domain.rhythm import USUAL
from domain.slots import BookingRules
from domain.tool_words import unanswered
from domain.tools import CallControl, Told, ToolAnswer, ToolRequest, write_key
from domain.window import Window
from domain.work import following_job, settle_job
from domain.writes import MAY_STAND, allowed
from infra.database import transaction
from infra.network import deadline
from infra.sealing import Sealer
from infra.stopping import HandBack, Stopping
from workers.accessing import note
from workers.calls.diary import Diary, Remembered
from workers.handlers.answer_tool_call import Opened
from workers.tools import transfer_to_human
from workers.tools.transfer_to_human import handed_over
from workers.writing import Writing

log = structlog.get_logger()

MARGIN = timedelta(seconds=3)
"""A worker has said its last word this long before the ingress speaks in its place."""

_PRACTICE = text(
    """
    SELECT pms_connections.features, booking_rules, transfer_to, phones,
           accounts.features AS switches, shown_hours
    FROM pms_connections JOIN accounts ON accounts.id = account_id
    WHERE pms_connections.id = :id
    """
)
# Whatever else was said of it: who was promised a text shall get one.
_TOLD = text(
    """
    UPDATE pms_writes SET told = CASE WHEN CAST(:told AS text) = 'requested' THEN :told
                                      ELSE COALESCE(told, :told) END
    WHERE id = :id
    """
)


@dataclass(slots=True)
class _Taken:
    """A tool call under way in this process."""

    claimed: ClaimedToolCall
    desk: PracticeDesk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Implements the ports of `answer_tool_call` over Postgres, Redis and the PMS."""

    engine: Engine
    sealer: Sealer
    opener: Opener
    teller: Teller | None
    clock: Callable[[], datetime]
    stopping: Stopping
    control: CallControl
    sends_texts: bool = False
    usual_hours: Mapping[str, Any] = field(default_factory=lambda: dict(USUAL))
    remembered: Remembered = field(default_factory=Remembered)
    _taken: dict[tuple[int, int], _Taken] = field(default_factory=dict)

    def open(self, job: Job) -> Opened | None:
        """The tool call, claimed; None where it was answered, or nobody waits any more."""
        row_id, account_id = UUID(job.args["tool_call"]), str(job.account_id)
        now = self.clock()
        with transaction(self.engine, account_id=account_id) as db:
            claimed = tool_calls.claim(db, self.sealer, row_id, now=now)
            if claimed is None:
                return None
            if now >= claimed.deadline_at:
                self._too_late(db, claimed, now)
                return None
        taken = self._taken[job.id, job.fence] = _Taken(claimed)
        try:
            with deadline((claimed.deadline_at - MARGIN - now).total_seconds()):
                request = self._request(taken, now)
        except HandBack:
            raise
        except SyncError as trouble:
            return Opened(claimed.tool, None, trouble, self._alone(claimed))
        return Opened(
            claimed.tool, request, alone=self._alone(claimed) if request is None else None
        )

    def answer(self, job: Job, said: ToolAnswer) -> bool:
        """Keep it, with its audit row and what follows, then tell whoever waits."""
        taken = self._taken.pop((job.id, job.fence))
        claimed = taken.claimed
        with transaction(self.engine, account_id=claimed.account_id) as db:
            spent = taken.desk.drain_spent() if taken.desk else ()
            keep_spent(db, spent)
            said = self._as_it_stands(db, claimed, said)
            reply_to = tool_calls.answer(db, self.sealer, claimed, said, now=self.clock())
            if reply_to is not None:
                self._follow(db, claimed, said)
                note(db, claimed, said, now=self.clock())
        if reply_to and self.teller is not None:
            self.teller.tell(reply_to, claimed.id)
        return reply_to is not None

    def within(self, request: ToolRequest) -> AbstractContextManager[None]:
        """What is asked of the vendor ends with the caller's patience."""
        return deadline((request.until - request.now).total_seconds())

    def note(self, tool: str, trouble: Exception) -> None:
        """What went wrong; what an error of ours says holds nothing of a patient."""
        if isinstance(trouble, SyncError):
            log.warning("tool.failed", tool=tool, error_kind=trouble.kind, error=str(trouble))
        else:
            log.error("tool.crashed", tool=tool, exc_info=trouble)

    def _alone(self, claimed: ClaimedToolCall) -> Callable[[], ToolAnswer] | None:
        """What is done without a practice: whom nobody's system serves needs a person most."""
        if claimed.tool != transfer_to_human.NAME:
            return None
        with transaction(self.engine, account_id=claimed.account_id) as db:
            numbers = phone_book.transfer_to(db, claimed.account_id)
        return partial(handed_over, numbers, claimed.control_url, self.control)

    def _request(self, taken: _Taken, now: datetime) -> ToolRequest | None:
        claimed = taken.claimed
        if claimed.connection_id is None:
            return None
        with transaction(self.engine, account_id=claimed.account_id) as db:
            connection = connections.load(db, claimed.connection_id)
            practice = db.execute(_PRACTICE, {"id": connection.id}).one()
            texts = self._can_text(db, claimed)
        desk = self.opener.desk(connection, voice=True)
        if desk is None:
            return None
        desk = taken.desk = self._remembering(desk, claimed, connection, practice)
        rules = BookingRules.read(practice.booking_rules)
        ledger = self._ledger(claimed)
        own_numbers = _own_numbers(connection, practice.phones)
        ours = own_numbers | {*practice.transfer_to}
        return ToolRequest(
            account_id=claimed.account_id,
            call_id=claimed.call_id,
            tool_call_id=claimed.tool_call_id,
            tool=claimed.tool,
            arguments=claimed.arguments,
            caller=claimed.caller,
            control_url=claimed.control_url,
            trace_id=claimed.trace_id,
            now=now,
            until=claimed.deadline_at - MARGIN,
            connection=connection,
            rules=rules,
            abilities=_abilities(claimed, desk, practice),
            can_text=texts,
            transfer_to=tuple(practice.transfer_to),
            own_numbers=own_numbers,
            desk=desk,
            diary=self._diary(connection, desk, rules, self._hours(connection, practice)),
            control=self.control,
            writer=Writing(ledger, desk, clock=self.clock, pause=self.stopping.wait),
            writes=ledger,
            proofs=self._proofs(claimed, connection.id, ours),
        )

    def _remembering(
        self,
        desk: PracticeDesk,
        claimed: ClaimedToolCall,
        connection: Connection,
        practice: Row[Any],
    ) -> PracticeDesk:
        """For callers of an account that has it switched on; the API is answered afresh."""
        if is_api(claimed.tool) or not is_on(practice.switches, PATIENT_CACHE):
            return desk
        cache = PatientCache(
            engine=self.engine,
            sealer=self.sealer,
            account_id=claimed.account_id,
            connection_id=connection.id,
            clock=self.clock,
        )
        return RememberingDesk(desk, cache)

    def _can_text(self, db: Db, claimed: ClaimedToolCall) -> bool:
        if not self.sends_texts:
            return False
        return can_text(db, self.sealer, claimed.caller, account_id=claimed.account_id)

    def _too_late(self, db: Db, claimed: ClaimedToolCall, now: datetime) -> None:
        """Nobody waits any more: what has not left is called off, what has is followed.

        Should somebody hear it after all, it is as true as what the ingress would have said.
        """
        account_id = claimed.account_id
        ledger = self._ledger(claimed)
        write = ledger.call_off(db, write_key(claimed.call_id, claimed.tool_call_id))
        late = unanswered(write, can_text=self._can_text(db, claimed))
        tool_calls.give_up(db, self.sealer, claimed.id, late, account_id=account_id, now=now)
        if write is None:
            return
        if late.told is not None and not is_api(claimed.tool):
            ledger.tell_within(db, write, late.told.value)
        put(db, following_job(write))

    def _as_it_stands(self, db: Db, claimed: ClaimedToolCall, said: ToolAnswer) -> ToolAnswer:
        """An excuse made while nobody could look is no answer to what may have been begun."""
        if said.write_id is not None or not said.is_error:
            return said
        # Locked first, as by whoever answers in our place, or the two could wait for each other.
        if not tool_calls.still_open(db, claimed.id, states=tool_calls.OPEN):
            return said
        key = write_key(claimed.call_id, claimed.tool_call_id)
        write = self._ledger(claimed).call_off(db, key)
        if write is None or write.state not in MAY_STAND:
            return said
        return unanswered(write, can_text=self._can_text(db, claimed))

    def _ledger(self, claimed: ClaimedToolCall) -> WriteLedger:
        """It begins and sends nothing once the call was answered in our place."""
        return WriteLedger(
            self.engine,
            self.sealer,
            account_id=claimed.account_id,
            clock=self.clock,
            guarded=partial(tool_calls.guard, row_id=claimed.id),
        )

    def _hours(self, connection: Connection, practice: Row[Any]) -> OpeningHours | None:
        return bookable_hours(
            connection.opening_hours,
            practice.shown_hours,
            usual=self.usual_hours,
            timezone=connection.timezone,
        )

    def _diary(
        self,
        connection: Connection,
        desk: PracticeDesk,
        rules: BookingRules,
        hours: OpeningHours | None,
    ) -> Diary:
        return Diary(
            desk=desk,
            connection=connection,
            rules=rules,
            held=partial(self._held, connection),
            remembered=self.remembered,
            written_since=partial(self._written_since, connection),
            clock=self.clock,
            hours=hours,
        )

    def _written_since(self, connection: Connection, since: datetime) -> bool:
        with transaction(self.engine, account_id=connection.account_id) as db:
            return written_since(db, connection.id, since)

    def _held(self, connection: Connection, window: Window) -> Sequence[Busy]:
        with transaction(self.engine, account_id=connection.account_id) as db:
            on_sheet = sheet_busy(db, connection.id, window, account_id=connection.account_id)
            return [*held(db, connection.id, window, now=self.clock()), *on_sheet]

    def _proofs(
        self, claimed: ClaimedToolCall, connection_id: UUID, ours: frozenset[str]
    ) -> StoredProofs:
        """A line of the practice's own is no caller's."""
        return StoredProofs(
            self.engine,
            self.sealer,
            account_id=claimed.account_id,
            connection_id=connection_id,
            call_id=claimed.call_id,
            caller=None if claimed.caller in ours else claimed.caller,
            clock=self.clock,
        )

    def _follow(self, db: Db, claimed: ClaimedToolCall, said: ToolAnswer) -> None:
        """Note what the caller was told; what is only requested has a job that sees it through.

        Whoever hung up meanwhile heard nothing: they get a text of the end, whatever it is. Who
        asked for what somebody else had asked for is to be called, and no text of it is theirs.
        """
        if said.heard and not _has_hung_up(db, claimed):
            for one in said.heard:
                call_backs.heard(db, self.sealer, one, claimed.caller)
        if said.write_id is None or claimed.connection_id is None:
            return
        told = Told.REQUESTED if _has_hung_up(db, claimed) else said.told
        whose = (said.write_id, claimed.caller)
        if said.calls_back:
            call_backs.promise(db, self.sealer, claimed.id, *whose)
        else:
            db.execute(_TOLD, {"told": told and told.value, "id": said.write_id})
        if told in {Told.CONFIRMED, Told.FAILED}:
            call_backs.heard(db, self.sealer, *whose)
        if told is not Told.FAILED:
            job = settle_job(
                account_id=claimed.account_id,
                connection_id=claimed.connection_id,
                write_id=said.write_id,
                trace_id=claimed.trace_id,
            )
            put(db, job)


def _has_hung_up(db: Db, claimed: ClaimedToolCall) -> bool:
    """Not of what is asked over the API: whoever asked reads the answer all the same."""
    if is_api(claimed.tool):
        return False
    return phone_calls.has_ended(db, account_id=claimed.account_id, call_id=claimed.call_id)


def _abilities(
    claimed: ClaimedToolCall, desk: PracticeDesk, practice: Row[Any]
) -> frozenset[Ability]:
    """What the desk can do, the practice has switched on and the account's callers may have."""
    able = allowed(desk.abilities, practice.features)
    return able if is_api(claimed.tool) else spoken(able, practice.switches)


def _own_numbers(connection: Connection, phones: Sequence[str]) -> frozenset[str]:
    """The account's and the site's, as callers' numbers are written."""
    region = region_of(connection.timezone)
    given = [*phones, *phone_book.numbers_of(connection.settings)]
    return frozenset(normalised(one, region).e164 or one for one in given)
