"""A small HTTP/1.1 server in threads that can also break the line on purpose."""

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn, Protocol
from urllib.parse import parse_qs

JSON = "application/json"
IDLE_SECONDS = 120


class Line(StrEnum):
    """What becomes of the connection when the reply is sent."""

    WHOLE = "whole"
    CUT = "cut"  # half of the promised body, then the end
    RESET = "reset"  # nothing at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arrived: float = 0.0  # monotonic, stamped before the headers are read

    def values(self) -> dict[str, str]:
        """The query as the server sees it; a bare plus has become a space."""
        return {name: each[-1] for name, each in parse_qs(self.query, True).items()}  # noqa: FBT003

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int = HTTPStatus.OK
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    line: Line = Line.WHOLE


Answer = Callable[[Request], Reply]


class Simulator(Protocol):
    """Anything that answers requests until it is stopped."""

    stopping: threading.Event

    def answer(self, request: Request) -> Reply: ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.server.lines.add(self.connection)

    def finish(self) -> None:
        self.server.lines.discard(self.connection)
        super().finish()

    def parse_request(self) -> bool:
        self.arrived = time.monotonic()
        return super().parse_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing; arrivals are kept elsewhere, without tokens."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            arrived=self.arrived,
        )
        self._send(self.server.answer(request))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the base class's names

    def _send(self, reply: Reply) -> None:
        if reply.line is Line.RESET:
            self._reset()
        body = reply.body if reply.line is Line.WHOLE else reply.body[: len(reply.body) // 2]
        self.close_connection = self.close_connection or reply.line is Line.CUT
        self.wfile.write(_head(reply) + body)
        self.wfile.flush()

    def _reset(self) -> NoReturn:
        """Close with unsent data discarded, so the client's kernel reports a reset."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        for each in (self.wfile, self.rfile, self.connection):
            each.close()
        raise ConnectionAbortedError


def _head(reply: Reply) -> bytes:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [
        f"HTTP/1.1 {int(reply.status)} {phrase}",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {len(reply.body)}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Server(ThreadingHTTPServer):
    """Listens on the loopback address from the moment it is made."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer: Answer, port: int = 0, host: str = "127.0.0.1") -> None:
        self.answer = answer
        self.lines: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for line in list(self.lines):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other end was quicker
                continue


@contextmanager
def running(simulator: Simulator, *, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve on a thread and yield the root address."""
    server = Server(simulator.answer, port, host)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        simulator.stopping.set()
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join()
