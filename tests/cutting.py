"""A line to Postgres that is cut once: what was sent is carried out, its answer is not heard."""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"
CHUNK = 65536


@contextmanager
def cut_once(database_url: str, *, after: bytes, at: bytes) -> Iterator[str]:
    """An address at which one answer is lost: to the first `at` in a session that said `after`."""
    address = make_url(database_url)
    host = address.query["host"]
    if not isinstance(host, str):
        raise TypeError("the tests' Postgres listens at one socket")
    armed = threading.Event()
    armed.set()
    with tempfile.TemporaryDirectory(prefix="pms-cut-") as folder:
        path = str(Path(folder) / SOCKET)
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(path)
            door.listen()
            served = threading.Thread(
                target=_serve,
                args=(door, str(Path(host) / SOCKET), (after, at), armed),
                daemon=True,
            )
            served.start()
            told = address.update_query_dict({"host": folder})
            yield told.render_as_string(hide_password=False)
            door.shutdown(socket.SHUT_RDWR)
            served.join()


def _serve(
    door: socket.socket, there: str, signs: tuple[bytes, bytes], armed: threading.Event
) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(there)
        for source, target, watch in ((client, server, signs), (server, client, None)):
            threading.Thread(
                target=_carry, args=(source, target, watch, armed), daemon=True
            ).start()


def _carry(
    source: socket.socket,
    target: socket.socket,
    signs: tuple[bytes, bytes] | None,
    armed: threading.Event,
) -> None:
    """One direction; the one to the server cuts both, and each closes what it read from."""
    is_marked = False
    with source, suppress(OSError):
        while data := source.recv(CHUNK):
            is_marked = is_marked or (signs is not None and signs[0] in data)
            if signs and is_marked and signs[1] in data and armed.is_set():
                armed.clear()
                # Nobody hears the answer any more; the server carries it out all the same.
                source.shutdown(socket.SHUT_RDWR)
                target.sendall(data)
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
