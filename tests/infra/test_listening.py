"""Where the ingress listens, and what is said where it cannot."""

import socket

import pytest

from domain.errors import BadInput
from infra.listening import listening


def test_a_port_that_another_has_is_told() -> None:
    (held,) = listening("127.0.0.1", 0)
    port = held.getsockname()[1]

    with held, pytest.raises(BadInput, match=rf"^Port {port} of 127\.0\.0\.1 .*in use.*--port"):
        listening("127.0.0.1", port)


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(BadInput, match=r"^Port 8000 of nowhere\.invalid cannot .*--host"):
        listening("nowhere.invalid", 8000)


def test_an_answer_on_a_connection_that_is_kept_leaves_whole_and_at_once() -> None:
    """Its end was held back until the caller's machine had confirmed its beginning."""
    (served,) = listening("127.0.0.1", 0)
    with served, socket.create_connection(served.getsockname()):
        taken, _ = served.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
