"""A line does to what passes what it was told to do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.line import KEPT_BYTES, Line, Mode, line

SOON, LATE = 0.25, 5.0
LONG = b"x" * (KEPT_BYTES * 3)


@contextmanager
def echo() -> Iterator[int]:
    """A server that says back whatever it hears."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    heard, _ = door.accept()
                except OSError:
                    return
                threading.Thread(target=_answer, args=(heard,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer(heard: socket.socket) -> None:
    with heard:
        while True:
            try:
                data = heard.recv(65536)
                if not data:
                    return
                heard.sendall(data)
            except OSError:
                return


@pytest.fixture
def way() -> Iterator[Line]:
    with echo() as port, line(("127.0.0.1", port)) as made:
        yield made


def reached(way: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", way.port), timeout=LATE)


def turned(way: Line, mode: Mode) -> None:
    """Once it is so."""
    way.turn(mode)
    for _ in range(200):
        if way.mode is mode:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"it is still {way.mode}")


def said(sock: socket.socket, *, wait: float = LATE) -> bytes:
    sock.settimeout(wait)
    return sock.recv(65536)


def test_a_whole_line_carries_both_ways(way: Line) -> None:
    with reached(way) as sock:
        sock.sendall(b"hello")
        assert said(sock) == b"hello"


def test_a_slow_line_carries_late(way: Line) -> None:
    turned(way, Mode.DELAY)
    with reached(way) as sock:
        sock.sendall(b"hello")
        with pytest.raises(TimeoutError):
            said(sock, wait=SOON)
        assert said(sock) == b"hello"


def test_a_dropped_line_ends_what_is_open_and_lets_nobody_in(way: Line) -> None:
    with reached(way) as before:
        before.sendall(b"hello")
        assert said(before) == b"hello"
        turned(way, Mode.DROP)
        with pytest.raises(ConnectionResetError):
            said(before)
        # Ended as early as while it is being opened, where the line is quick.
        with pytest.raises(ConnectionResetError), reached(way) as after:
            said(after)
        turned(way, Mode.WHOLE)
        with reached(way) as again:
            again.sendall(b"hello")
            assert said(again) == b"hello"


def test_a_half_open_line_stays_open_and_silent_until_it_is_cut(way: Line) -> None:
    with reached(way) as sock:
        turned(way, Mode.HALF_OPEN)
        sock.sendall(b"hello")
        with pytest.raises(TimeoutError):
            said(sock, wait=SOON)
        turned(way, Mode.WHOLE)
        with pytest.raises(ConnectionResetError):
            said(sock)


def test_a_truncating_line_ends_an_answer_after_its_first_bytes(way: Line) -> None:
    with reached(way) as sock:
        turned(way, Mode.TRUNCATE)
        sock.sendall(LONG)
        heard = b""
        try:
            while data := said(sock):
                heard += data
        except ConnectionResetError:
            heard = heard or b"cut"
        assert len(heard) <= KEPT_BYTES
        assert heard


def test_a_line_may_be_a_socket_in_a_folder(tmp_path: Path) -> None:
    with (
        echo() as port,
        line(("127.0.0.1", port), door=tmp_path / "door"),
        socket.socket(socket.AF_UNIX) as sock,
    ):
        sock.connect(str(tmp_path / "door"))
        sock.sendall(b"hello")
        assert said(sock) == b"hello"


def test_a_line_is_taken_down_while_what_it_carried_ends() -> None:
    with echo() as port:
        for _ in range(10):
            with line(("127.0.0.1", port)) as made:
                carried = [reached(made) for _ in range(30)]
                for sock in carried:
                    sock.sendall(b"hello")
                for sock in carried:
                    assert said(sock) == b"hello"
                for sock in carried:
                    sock.close()
