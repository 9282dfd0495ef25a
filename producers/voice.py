"""Waits for workers to answer a caller, and answers in their place where they are not in time."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import Access, record
from adapters.storage.jobs.ledger import put
from adapters.storage.phone import phone_calls, tool_calls
from adapters.storage.phone.opt_outs import can_text
from adapters.storage.phone.tool_calls import KeptToolCall
from adapters.storage.phone.writes import WriteLedger
from adapters.vapi.messages import ToolCall, canonical
from domain.errors import SyncError
from domain.tool_words import unanswered
from domain.tools import Told, ToolAnswer, write_key
from domain.work import following_job
from infra.database import transaction
from producers.callers import Voice
from producers.ports import Ports
from producers.turns import Turns

log = structlog.get_logger()

LOOK_SECONDS = 2.0
"""When the database is asked first, should the wake-up over Redis have been lost."""

AGAIN_SECONDS = 0.25

UNCLAIMED = ("waiting",)

SPEAKING: set[asyncio.Future[None]] = set()
"""Held, so that each comes to its end though its caller has been answered, or has hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The tool calls of one message, stored; `arrived` is when it came, on the monotonic clock.

    `refused` are those that came under the id of another.
    """

    account_id: str
    call_id: str
    trace_id: str
    caller: str | None = field(default=None, repr=False)
    kept: Mapping[str, KeptToolCall]
    made: Mapping[str, ToolCall]
    refused: frozenset[str] = frozenset()
    arrived: float


async def answered(ports: Ports, voice: Voice, asked: Asked) -> Mapping[str, ToolAnswer]:
    """What was said to each of them, by its id; never later than the patience of a caller."""
    waiting = {one.id: voice.replies.expect(one.id) for one in asked.kept.values()}
    for one in asked.kept.values():
        if one.state not in tool_calls.OPEN:
            waiting[one.id].set()
    line = _Line(ports, voice.turns, asked, waiting)
    spoken = asyncio.ensure_future(line.speak(voice))
    SPEAKING.add(spoken)
    spoken.add_done_callback(SPEAKING.discard)
    # A database that says nothing at all may hold up the looking, and never the caller.
    await asyncio.wait([spoken], timeout=asked.arrived + voice.last_seconds - time.monotonic())
    if spoken.done():
        spoken.result()
    else:
        log.warning("voice.not_known")
    return {name: line.said[one.id] for name, one in asked.kept.items() if one.id in line.said}


@dataclass(frozen=True, slots=True)
class _Line:
    """The calls of one message that wait to be answered, and what was said to them by now."""

    ports: Ports
    turns: Turns
    asked: Asked
    waiting: Mapping[UUID, asyncio.Event]
    said: dict[UUID, ToolAnswer] = field(default_factory=dict)

    async def speak(self, voice: Voice) -> None:
        """Waits for answers, and gives those that do not come."""
        try:
            await self.until(self.asked.arrived + voice.fallback_seconds)
            await self.answer_for(UNCLAIMED)
            await self.until(self.asked.arrived + voice.answer_seconds)
            await self.answer_for(tool_calls.OPEN)
            await self.catch_up(self.asked.arrived + voice.last_seconds)
        finally:
            for row_id in self.waiting:
                voice.replies.forget(row_id)

    def open(self) -> Sequence[UUID]:
        return [row_id for row_id, event in self.waiting.items() if not event.is_set()]

    async def until(self, ends: float) -> None:
        """Until all are answered or the time is up; looks less and less often on its own."""
        pause = LOOK_SECONDS
        while self.open() and (left := ends - time.monotonic()) > 0:
            everything = asyncio.gather(*(self.waiting[one].wait() for one in self.open()))
            try:
                await asyncio.wait_for(everything, timeout=min(pause, left))
            except TimeoutError:
                if left > pause:
                    await self.look()
                pause *= 2

    async def look(self) -> None:
        """For answers whose wake-up was lost, or could not be read when it came."""
        if not self._unheard():
            return
        self._heard(await self.turns.take(_answers, self.ports, self.asked, self._unheard()))

    async def catch_up(self, ends: float) -> None:
        """Until it is known what was said to all, however long the database is away meanwhile.

        A wake-up comes over Redis, and what it tells of has to be read all the same.
        """
        await self.look()
        while self._unheard() and time.monotonic() < ends:
            await asyncio.sleep(AGAIN_SECONDS)
            await self.answer_for(tool_calls.OPEN)
            await self.look()

    async def answer_for(self, before: Sequence[str]) -> None:
        """Truthful words for what no worker answered; what has not left by now never will."""
        still = self.open()
        if still:
            found = await self.turns.take(
                _answer_for_them, self.ports, self.asked, still, before=before
            )
            self._heard(found)

    def _unheard(self) -> Sequence[UUID]:
        return [row_id for row_id in self.waiting if row_id not in self.said]

    def _heard(self, found: Mapping[UUID, ToolAnswer]) -> None:
        self.said.update(found)
        for row_id in found:
            self.waiting[row_id].set()


def _answer_for_them(
    ports: Ports, asked: Asked, still: Collection[UUID], *, before: Sequence[str]
) -> Mapping[UUID, ToolAnswer]:
    """What all of them were told, by us or by a worker who was quicker."""
    try:
        for name, one in asked.kept.items():
            if one.id in still:
                _answer_for(ports, asked, asked.made[name], one, before=before)
    except SyncError:
        log.warning("voice.not_seen")
    return _answers(ports, asked, still)


def _answer_for(
    ports: Ports, asked: Asked, made: ToolCall, kept: KeptToolCall, *, before: Sequence[str]
) -> None:
    """In one transaction, so that no worker can begin or send anything for it afterwards."""
    ledger = WriteLedger(
        ports.database, ports.sealer, account_id=asked.account_id, clock=ports.clock
    )
    with transaction(ports.database, account_id=asked.account_id) as db:
        if not tool_calls.still_open(db, kept.id, states=before):
            return
        write = ledger.call_off(db, write_key(asked.call_id, made.id))
        said = unanswered(write, can_text=_can_text(db, ports, asked))
        tool_calls.give_up(
            db,
            ports.sealer,
            kept.id,
            said,
            account_id=asked.account_id,
            before=before,
            now=ports.clock(),
        )
        if write is not None and said.told is not None:
            whose = {"account_id": asked.account_id, "call_id": asked.call_id}
            # Whoever hung up heard none of it: they get a text of the end.
            told = Told.REQUESTED if phone_calls.has_ended(db, **whose) else said.told
            ledger.tell_within(db, write, told.value)
            put(db, following_job(write))
        record(
            db,
            _access(asked),
            account_id=asked.account_id,
            action=f"vapi.{canonical(made.name)}",
            vapi_call_id=asked.call_id,
            summary="not answered in time",
            success=False,
        )
    log.warning("tool.late", tool=canonical(made.name))


def _can_text(db: Db, ports: Ports, asked: Asked) -> bool:
    sends = ports.voice is not None and ports.voice.sends_texts
    return sends and can_text(db, ports.sealer, asked.caller, account_id=asked.account_id)


def _answers(ports: Ports, asked: Asked, ids: Collection[UUID]) -> Mapping[UUID, ToolAnswer]:
    """What was said to these; a message that came again is one more access."""
    try:
        with transaction(ports.database, account_id=asked.account_id) as db:
            found = tool_calls.answers(db, ports.sealer, list(ids))
            for name, one in asked.kept.items():
                if one.id in found and not one.is_new:
                    _told_again(db, asked, asked.made[name], found[one.id], row_id=one.id)
            return found
    except SyncError:
        log.warning("voice.not_seen")
        return {}


def _told_again(db: Db, asked: Asked, made: ToolCall, said: ToolAnswer, *, row_id: UUID) -> None:
    record(
        db,
        _access(asked),
        account_id=asked.account_id,
        action=f"vapi.{canonical(made.name)}",
        phi_fields=said.phi_fields,
        patient_id=said.patient_id,
        vapi_call_id=asked.call_id,
        summary=f"tool call {row_id}, told again",
        success=not said.is_error,
    )


def _access(asked: Asked) -> Access:
    return Access(user="voice", endpoint="/vapi/webhook", trace_id=asked.trace_id)
