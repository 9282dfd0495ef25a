"""A line to Postgres that is cut when a commit has been carried out, before its answer is heard."""

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
def cut_at_commit(database_url: str, *, of: bytes) -> Iterator[str]:
    """An address at which, once, the commit of a transaction with such a statement is not heard."""
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
                target=_serve, args=(door, str(Path(host) / SOCKET), of, armed), daemon=True
            )
            served.start()
            told = address.update_query_dict({"host": folder})
            yield told.render_as_string(hide_password=False)
            door.shutdown(socket.SHUT_RDWR)
            served.join()


def _serve(door: socket.socket, there: str, of: bytes, armed: threading.Event) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(there)
        for source, target, watch in ((client, server, of), (server, client, None)):
            threading.Thread(
                target=_carry, args=(source, target, watch, armed), daemon=True
            ).start()


def _carry(
    source: socket.socket, target: socket.socket, of: bytes | None, armed: threading.Event
) -> None:
    """One direction; the one to the server cuts both, and each closes what it read from."""
    is_marked = False
    with source, suppress(OSError):
        while data := source.recv(CHUNK):
            is_marked = is_marked or (of is not None and of in data)
            if is_marked and b"COMMIT" in data and armed.is_set():
                armed.clear()
                # Nobody hears the answer any more; the server carries it out all the same.
                source.shutdown(socket.SHUT_RDWR)
                target.sendall(data)
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
