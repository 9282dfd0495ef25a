"""The port that is served, listened on by ourselves, and whether it is free."""

import socket
import time
from typing import Any

from domain.errors import BadInput

LOOK_SECONDS = 0.2


def listening(host: str, port: int) -> list[socket.socket]:
    """By ourselves: the server would end without saying what is in the way."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places = dict.fromkeys((family, address) for family, _, _, _, address in found)
        return [_listening(address, family) for family, address in places]
    except OSError as error:
        # Python repeats the address after the system's words.
        why = str(error.strerror).partition(" (while")[0]
        raise BadInput(
            f"Port {port} of {host} cannot be listened on ({why});"
            " choose another --port or --host, or end what has it."
        ) from None


def _listening(address: tuple[Any, ...], family: socket.AddressFamily) -> socket.socket:
    """What is sent leaves at once: else an answer's end waits for the other's word, some 40 ms.

    Connections take it over from here; asyncio would see to it only on sockets of its own making.
    """
    made = socket.create_server(address, family=family)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def require_free(host: str, port: int, *, patience: float = 0) -> None:
    """Told before anything is started; who is ending may take `patience` seconds to let go."""
    until = time.monotonic() + patience
    while True:
        try:
            sockets = listening(host, port)
        except BadInput:
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            for one in sockets:
                one.close()
            return
