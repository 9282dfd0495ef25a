"""Follows the sheet's events for everybody who has a page open: one listener, many readers."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine

from adapters.storage.sheet.sheet_events import CHANNEL, MOST, OVERLAP, Event, newest, since
from domain.errors import SyncError
from infra.database import dispatch
from infra.notices import MAY_HAVE_MISSED, Listener

log = structlog.get_logger()

LISTEN_SECONDS = 0.25
AGAIN_SECONDS = 1.0
MOST_UNREAD = 200


@dataclass(eq=False, slots=True)
class Reader:
    """One open stream; None in its queue means that it ends."""

    account_id: str
    loop: asyncio.AbstractEventLoop
    unread: asyncio.Queue[Event | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=MOST_UNREAD)
    )

    def tell(self, events: Sequence[Event | None]) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has closed: nobody reads any more
            self.loop.call_soon_threadsafe(self._add, events)

    def _add(self, events: Sequence[Event | None]) -> None:
        for event in events:
            # Too slow: end the stream, the browser comes back and catches up by number.
            too_slow = self.unread.full()
            if too_slow:
                self.unread.get_nowait()
            self.unread.put_nowait(None if too_slow else event)


@dataclass(slots=True)
class _Feed:
    """How far one account has been told; `seen` holds the numbers of the overlap."""

    after: int
    seen: set[int] = field(default_factory=set)

    def fresh(self, events: Sequence[Event]) -> list[Event]:
        found = [event for event in events if event.seq not in self.seen]
        self.seen.update(event.seq for event in found)
        self.after = max([self.after, *(event.seq for event in found)])
        self.seen = {seq for seq in self.seen if seq > self.after - 2 * OVERLAP}
        return found


class Hub:
    """Wakes at each commit that tells of an event, reads it once, and hands it to its readers."""

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url
        self._lock = threading.Lock()
        self._readers: dict[str, set[Reader]] = {}
        self._feeds: dict[str, _Feed] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End every stream; safe to call from a signal handler and twice."""
        self._stopping.set()
        for readers in list(self._readers.values()):
            for reader in list(readers):
                reader.tell([None])

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout=AGAIN_SECONDS)

    @asynccontextmanager
    async def reader(self, account_id: str) -> AsyncIterator[Reader]:
        """From here on nothing of the account is missed."""
        reader = Reader(account_id, asyncio.get_running_loop())
        await asyncio.to_thread(self._enter, reader)
        try:
            yield reader
        finally:
            self._leave(reader)

    @property
    def readers(self) -> int:
        return sum(len(readers) for readers in self._readers.values())

    def _enter(self, reader: Reader) -> None:
        with dispatch(self._engine) as db:
            now_at = newest(db)
        with self._lock:
            self._feeds.setdefault(reader.account_id, _Feed(now_at))
            self._readers.setdefault(reader.account_id, set()).add(reader)
        if self._stopping.is_set():
            reader.tell([None])

    def _leave(self, reader: Reader) -> None:
        with self._lock:
            readers = self._readers[reader.account_id]
            readers.discard(reader)
            if not readers:
                del self._readers[reader.account_id], self._feeds[reader.account_id]

    def _follow(self) -> None:
        """What was heard and could not be read is owed: nobody says it again."""
        owed: set[str] = set()
        with contextlib.closing(Listener(self._url, CHANNEL)) as listener:
            while not self._stopping.is_set():
                try:
                    owed.update(listener.wait(timeout=LISTEN_SECONDS))
                    self._hand_out(owed)
                    owed.clear()
                except SyncError as problem:
                    log.warning("events.listener_lost", error=problem)
                    self._stopping.wait(AGAIN_SECONDS)

    def _hand_out(self, heard: Collection[str]) -> None:
        everybody = MAY_HAVE_MISSED in heard
        with self._lock:
            accounts = [one for one in self._feeds if everybody or one in heard]
        for account_id in accounts:
            self._tell(account_id)

    def _tell(self, account_id: str) -> None:
        with self._lock:
            feed = self._feeds.get(account_id)
        if feed is None:
            return
        more = True
        while more:
            with dispatch(self._engine) as db:
                found = since(db, account_id, feed.after)
            events, more = feed.fresh(found), len(found) >= MOST
            with self._lock:
                readers = list(self._readers.get(account_id, ()))
            for reader in readers:
                reader.tell(events)
