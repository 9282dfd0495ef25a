"""HTTP as bytes on a socket, so that what no client would send can be sent, many at a time."""

import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

Headers = Sequence[tuple[bytes, bytes]]

AT_ONCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as it is written; `kind` is what is wrong with it."""

    kind: str
    path: bytes = b"/vapi/webhook"
    headers: Headers = ()
    body: bytes = b"{}"

    def written(self) -> bytes:
        length = (b"Content-Length", str(len(self.body)).encode())
        lines = [name + b": " + value for name, value in (*self.headers, length)]
        head = b"POST " + self.path + b" HTTP/1.1\r\nHost: ingress.example\r\n"
        return head + b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    body: bytes


def verdicts(port: int, requests: Iterable[Sent]) -> Counter[tuple[str, int, bytes]]:
    """How often each kind was answered how; many go over one line before an answer is read."""
    found: Counter[tuple[str, int, bytes]] = Counter()
    rest = iter(requests)
    while some := list(islice(rest, AT_ONCE)):
        for one, got in zip(some, exchanged(port, some), strict=True):
            found[one.kind, got.status, got.body] += 1
    return found


def exchanged(port: int, requests: Sequence[Sent]) -> Iterator[Got]:
    """The answers in their order; what a line that was closed left open is asked alone."""
    waiting, together = list(requests), len(requests)
    while waiting:
        answered = 0
        for got in _over_one_line(port, waiting[:together]):
            answered += 1
            yield got
        if not answered and together == 1:
            raise ConnectionError(f"no answer to {waiting[0].kind}")
        waiting, together = waiting[answered:], 1


def _over_one_line(port: int, requests: Sequence[Sent]) -> Iterator[Got]:
    """As many answers as come before the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        with suppress(ConnectionError):  # it may have heard enough already
            line.sendall(b"".join(one.written() for one in requests))
        with line.makefile("rb") as stream, suppress(ConnectionResetError):
            for _ in requests:
                got = _read(stream)
                if got is None:
                    return
                yield got


def _read(stream: BinaryIO) -> Got | None:
    first = stream.readline()
    if not first:
        return None
    status, told = int(first.split()[1]), dict[bytes, bytes]()
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        told[name.lower()] = value.strip()
    if b"transfer-encoding" in told:
        return Got(status, b"".join(_chunks(stream)))
    return Got(status, stream.read(int(told.get(b"content-length", b"0"))))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while length := int(stream.readline(), 16):
        yield stream.read(length)
        stream.readline()
    stream.readline()
