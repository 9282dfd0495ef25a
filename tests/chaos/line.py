"""A line between two parties that can be slow, cut, dead at one end, or end in mid-sentence."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

CHUNK = 65536
DELAY_SECONDS = 0.4
KEPT_BYTES = 200
NO_LINGERING = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    WHOLE = "whole"
    DELAY = "delay"  # every piece comes late
    DROP = "drop"  # what is open is cut, and nobody is let in
    HALF_OPEN = "half-open"  # it stays open, and nothing comes through
    TRUNCATE = "truncate"  # an answer ends after its first bytes


@dataclass
class Line:
    """Listens at a port, or at the socket `door`; `there` is a host and port, or a socket."""

    there: tuple[str, int] | Path
    door: Path | None = None
    mode: Mode = Mode.WHOLE
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def turn(self, mode: Mode) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._turn, mode)

    def _turn(self, mode: Mode) -> None:
        before, self.mode = self.mode, mode
        # Whoever waited at a dead end hears that the line was cut.
        if mode is Mode.DROP or before is Mode.HALF_OPEN:
            for one in list(self._open):
                _reset(one)
        self._changed.set()
        self._changed = asyncio.Event()

    async def listen(self) -> asyncio.Server:
        if self.door:
            return await asyncio.start_unix_server(self._met, str(self.door))
        server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        task = self._loop.create_task(self._between(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.mode is Mode.DROP:
                _reset(writer)
                return
            with contextlib.suppress(OSError):
                await self._to_the_other_end(reader, writer)
        finally:
            self._leave(writer)

    async def _to_the_other_end(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        far_reader, far_writer = await self._reach()
        self._open.add(far_writer)
        try:
            await asyncio.gather(
                self._carry(reader, far_writer, is_answer=False),
                self._carry(far_reader, writer, is_answer=True),
            )
        finally:
            self._leave(far_writer)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.there, Path):
            return await asyncio.open_unix_connection(str(self.there))
        return await asyncio.open_connection(*self.there)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                while self.mode is Mode.HALF_OPEN:
                    await self._changed.wait()
                if self.mode is Mode.DELAY:
                    await asyncio.sleep(DELAY_SECONDS)
                if self.mode is Mode.TRUNCATE and is_answer:
                    writer.write(data[:KEPT_BYTES])
                    await writer.drain()
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    def serve(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self.listen())
        listening.set()
        self._loop.run_forever()
        # Whoever was let in a moment ago is made a connection of before the server is closed: made
        # afterwards, it would be nobody's to close.
        for door in server.sockets:
            self._loop.remove_reader(door.fileno())
        self._turn(Mode.DROP)
        self._loop.run_until_complete(asyncio.sleep(0.1))
        server.close()
        # Whoever is in the middle of reaching the other end is of no interest any more.
        self._loop.set_exception_handler(lambda *_: None)
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        # Of those whom nobody has begun to serve.
        for writer in list(self._open):
            self._leave(writer)
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Not an orderly end, which might pass for that of an answer."""
    sock = writer.get_extra_info("socket")
    if sock.fileno() >= 0:  # else it has just ended by itself
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
    writer.transport.abort()


@contextmanager
def line(there: tuple[str, int] | Path, *, door: Path | None = None) -> Iterator[Line]:
    """Carried by a thread of its own."""
    made, listening = Line(there, door), threading.Event()
    thread = threading.Thread(target=made.serve, args=(listening,), daemon=True)
    thread.start()
    listening.wait(5)
    try:
        yield made
    finally:
        made.stop()
        thread.join(5)
