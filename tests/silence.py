"""Lines through us: to Redis, one that falls silent without an end; to a socket, by TCP."""

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 65536


@dataclass(slots=True)
class Line:
    """An address of Redis; who connects after a silence is answered again."""

    url: str
    _there: list[socket.socket] = field(default_factory=list)
    _here: list[socket.socket] = field(default_factory=list)

    def fall_silent(self) -> None:
        """The server is gone, and whoever listens is told nothing of it."""
        for server in self._there:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        self._here.append(client)
        self._there.append(server)
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_carried, args=(source, target), daemon=True).start()

    def close(self) -> None:
        for one in (*self._here, *self._there):
            one.close()


@contextmanager
def line_to(redis_url: str) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="pms-line-") as folder:
        path = str(Path(folder) / "redis.sock")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(path)
            door.listen()
            line = Line(f"unix://{path}?{urlsplit(redis_url).query}")
            with _served(door, line, lambda: _redis(redis_url)):
                yield line


@contextmanager
def port_to(path: str) -> Iterator[int]:
    """A port of this machine that leads to a Unix socket."""
    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        _served(door, Line(path), lambda: _unix(path)),
    ):
        yield door.getsockname()[1]


@contextmanager
def _served(door: socket.socket, line: Line, reach: Callable[[], socket.socket]) -> Iterator[None]:
    served = threading.Thread(target=_serve, args=(door, line, reach), daemon=True)
    served.start()
    yield
    door.shutdown(socket.SHUT_RDWR)
    served.join()
    line.close()


def _serve(door: socket.socket, line: Line, reach: Callable[[], socket.socket]) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        line.carry(client, reach())


def _redis(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return _unix(parts.path)
    return socket.create_connection((parts.hostname or "", parts.port or 6379))


def _unix(path: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.connect(path)
    return server


def _carried(source: socket.socket, target: socket.socket) -> None:
    """The end of one side is told to the other by nobody."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
