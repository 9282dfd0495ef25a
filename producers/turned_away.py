"""Counts the callers' questions that nobody could take on, once there is time to write it down."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Engine

from adapters.storage.phone import phone_book, voice_board
from adapters.vapi.messages import Message, canonical
from domain.errors import SyncError
from infra.database import dispatch, transaction

log = structlog.get_logger()

AFTER_SECONDS = 5.0
MOST_HELD = 1000
OTHER = "other"
_NAME = re.compile(r"[a-z0-9-]{1,40}")

Held = tuple[datetime, Message]


@dataclass(slots=True)
class TurnedAway:
    """One for each ingress; what is held is written when the rush is a few seconds old."""

    after: float = AFTER_SECONDS
    _held: list[Held] = field(default_factory=list, repr=False)
    _writing: "asyncio.Task[None] | None" = field(default=None, repr=False)

    def note(self, database: Engine, message: Message, *, at: datetime) -> None:
        """Of more than are held nobody knows; there are enough to be seen."""
        if len(self._held) < MOST_HELD:
            self._held.append((at, message))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._later(database))

    async def _later(self, database: Engine) -> None:
        while self._held:
            await asyncio.sleep(self.after)
            held, self._held = self._held, []
            try:
                await asyncio.to_thread(_written, database, held)
            except SyncError as problem:
                log.warning("voice.turned_away", count=len(held), error_kind=problem.kind)


def of_tools(message: Message) -> Mapping[str, int]:
    """How many of each tool; what looks like none of ours is one of the others."""
    names = (canonical(one.name) for one in message.tool_calls)
    return Counter(name if _NAME.fullmatch(name) else OTHER for name in names)


def _written(database: Engine, held: Sequence[Held]) -> None:
    for at, message in held:
        with dispatch(database) as db:
            account = phone_book.account_of(db, message.call)
        if account is not None:
            with transaction(database, account_id=account.id) as db:
                voice_board.turn_away(db, of_tools(message), account_id=account.id, at=at)
