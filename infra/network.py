"""The wire below HTTP: only addresses we may reach, and never longer than the request may take."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

from domain.errors import Refused

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that was ever given out; what lies outside may wrap an IPv4 address somehow."""

RESERVED = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("3fff::/20"),
)
"""Not in every Python's own list, or only in part."""

KEPT_SECONDS = 30

_ends_at: ContextVar[float | None] = ContextVar("request_ends_at", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything the block sends or reads on this thread is over by then, or sooner if it must."""
    ours, outer = time.monotonic() + seconds, _ends_at.get()
    token = _ends_at.set(ours if outer is None else min(ours, outer))
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float | None:
    """Until the deadline this thread is under; None where it is under none."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - time.monotonic()


def is_public(address: Address) -> bool:
    """Whether it lies in the open Internet, also when it wraps an IPv4 address that does not."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in UNICAST:
            return False
    if any(address in network for network in RESERVED):
        return False
    return address.is_global and not address.is_multicast


class Transport(httpx.HTTPTransport):
    """httpx over our own network backend; HTTP/1.1, kept alive, no proxy of the environment."""

    def __init__(self, *, tls: ssl.SSLContext, allows: Callable[[str, Address], bool]) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = Pool(tls, Network(allows))


class Pool(httpcore.ConnectionPool):
    """Connections that are used again only where nothing is left of the answer before."""

    def __init__(self, tls: ssl.SSLContext, network: "Network") -> None:
        super().__init__(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=network,
        )
        self._tls, self._network = tls, network

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        return Line(
            origin=origin,
            ssl_context=self._tls,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=self._network,
        )


class Line(httpcore.HTTPConnection):
    """One whose other end said more than an answer is not asked again.

    The rest would be taken for the answer to whatever is asked next, which may be of another
    practice. httpcore sees what waits in the socket, and not what it has read already.
    """

    def has_expired(self) -> bool:
        inner = self._connection
        if isinstance(inner, httpcore.HTTP11Connection) and inner.is_idle():
            unread, _ = inner._h11_state.trailing_data  # noqa: SLF001 - nothing else tells
            if unread:
                return True
        return super().has_expired()


class Network(httpcore.NetworkBackend):
    """Resolves a name itself and connects to the very address it has checked."""

    def __init__(self, allows: Callable[[str, Address], bool]) -> None:
        self._allows = allows
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolved(host, port)
        if not all(self._allows(host, address) for address in addresses):
            raise Refused(f"{host}: resolves to an address that must not be reached from here")
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, _remaining(timeout, httpcore.ConnectTimeout)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return Stream(stream)
        raise last or httpcore.ConnectError("no address")


class Stream(httpcore.NetworkStream):
    """A connection each of whose waits is shortened to what is left of the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _remaining(timeout, httpcore.ConnectTimeout)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _resolved(host: str, port: int) -> list[Address]:
    """Also reads the odd spellings of an address (0x7f.1, 2130706433), as connecting would."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter for a name that is none: a..b
        raise httpcore.ConnectError("the name cannot be resolved") from None
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ip_address(text) for text in texts]


def _remaining(timeout: float | None, late: type[Exception]) -> float | None:
    ends_at = _ends_at.get()
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise late("the request took too long")
    return left if timeout is None else min(timeout, left)
