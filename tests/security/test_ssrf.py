"""Wherever a base URL points, nothing of ours connects to an address that is not allowed."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Any
from uuid import uuid4

import pytest

from adapters import pms
from adapters.chosen import Reach
from adapters.opening import Opener
from domain.connections import Connection
from domain.errors import BadInput, SyncError, Transient
from infra.clock import system_clock
from infra.http import Client
from infra.vendor_urls import VendorUrls
from tests.contract.kit import FakeThrottle
from tests.fakes import FakeSecrets, FakeTokens

INSIDE = ("127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.31.255.1", "100.64.0.1")
"""This machine, the cloud's own address, and private networks."""

PUBLIC = "93.184.215.14"
OWN = "api.pm.magentus.com"
REBOUND: Mapping[str, Sequence[Sequence[str]]] = {
    "inside.example": [["127.0.0.1"]],
    "both.example": [[PUBLIC, "127.0.0.1"]],
    "both-other.example": [["127.0.0.1", PUBLIC]],
    "six.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "mixed.example": [[PUBLIC, "::ffff:10.0.0.1"]],
    "cloud.example": [["169.254.169.254"]],
    "nat.example": [["64:ff9b::7f00:1"]],
    "turning.example": [[PUBLIC], ["127.0.0.1"]],
    "turning-six.example": [[PUBLIC], ["::1"]],
    "127.0.0.1.nip.example": [["127.0.0.1"]],
    OWN: [["127.0.0.1"]],
}
"""What a hostile name resolves to at the first, second... question."""


def ipv4_forms(text: str) -> Iterator[str]:
    """As C libraries, and so careless programs, read an address."""
    number, parts = int(IPv4Address(text)), [int(one) for one in text.split(".")]
    first, second, third, last = parts
    yield text
    yield str(number)
    yield hex(number)
    yield oct(number).replace("0o", "0")
    yield ".".join(hex(one) for one in parts)
    yield ".".join(f"0{one:o}" for one in parts)
    yield ".".join(f"{one:04o}" for one in parts)
    yield f"{first}.{number & 0xFFFFFF}"
    yield f"{first}.{second}.{third * 256 + last}"
    yield f"0x{first:x}.{second}.0{third:o}.{last}"
    yield f"{text}."
    yield text.replace(".", "\u3002")
    yield "".join(chr(0xFF10 + int(one)) if one.isdigit() else one for one in text)
    yield "".join(f"%{ord(one):02x}" for one in text)


def ipv6_forms(text: str) -> Iterator[str]:
    number = int(IPv4Address(text))
    high, low = number >> 16, number & 0xFFFF
    yield f"[::ffff:{text}]"
    yield f"[::ffff:{high:x}:{low:x}]"
    yield f"[0:0:0:0:0:ffff:{high:x}:{low:x}]"
    yield f"[64:ff9b::{high:x}:{low:x}]"
    yield f"[2002:{high:x}:{low:x}::1]"
    yield f"[::{text}]"
    yield f"[::ffff:0:{high:x}:{low:x}]"


HOSTS = (
    *(form for one in INSIDE for form in ipv4_forms(one)),
    *(form for one in INSIDE[:3] for form in ipv6_forms(one)),
    *("localhost", "LOCALHOST", "localhost.", "app.localhost", "0", "[::1]", "[::]", "[fe80::1]"),
    *("[::1%25lo]", "[fd00::1]", "[fec0::1]", "127.0.0.1%00.example", "127.1"),
    *REBOUND,
)
TRICKS = (
    "https://{own}@{inside}/",
    "https://{own}:{port}@{inside}/",
    "https://{own}%40{inside}/",
    "https://{own}\\@{inside}/",
    "https://{inside}\\@{own}/",
    "https://{inside}#@{own}/",
    "https://{inside}?@{own}/",
    "https://{inside}/@{own}/",
    "https://{own}.{inside}/",
    "https://{inside}\t/",
    "https://\n{inside}/",
    " https://{inside}/",
    "https:{inside}/",
    "https:/{inside}/",
    "https:///{inside}/",
    "//{inside}/",
    "http://{inside}/",
    "HTTPS://{inside}/",
    "ftp://{inside}/",
    "gopher://{inside}/_GET",
    "file:///etc/passwd",
    "dict://{inside}/",
    "ws://{inside}/",
    "https://{inside}:0/",
    "https://{inside}:99999/",
    "https://[{inside}]/",
    "https://{own} {inside}/",
    "https://{own},{inside}/",
    "https://{own}%00{inside}/",
    "https://*.{inside}/",
)


@dataclass
class Listener:
    """Takes connections on a port of every address of this machine, counts and closes them."""

    port: int = 0
    came: int = 0
    answer: bytes = b""
    _sockets: list[socket.socket] = field(default_factory=list)

    def listen(self, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.create_server((address, self.port), family=family)
        self.port = made.getsockname()[1]
        self._sockets.append(made)
        threading.Thread(target=self._take, args=[made], daemon=True).start()

    def _take(self, made: socket.socket) -> None:
        with suppress(OSError):
            while True:
                line, _ = made.accept()
                self.came += 1
                with line:
                    if self.answer:
                        line.recv(65536)
                        line.sendall(self.answer)

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):  # wakes whoever waits in accept
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def listening(*addresses: str, answer: bytes = b"") -> Iterator[Listener]:
    made = Listener(answer=answer)
    for one in addresses:
        made.listen(one)
    yield made
    made.close()


@pytest.fixture
def inside() -> Iterator[Listener]:
    with listening("127.0.0.1", *(["::1"] if socket.has_ipv6 else [])) as made:
        yield made


@dataclass
class Wire:
    """Names as their owner wants them read, and which addresses were dialled."""

    dialled: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)

    def getaddrinfo(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        answers = REBOUND.get(str(host).lower())
        if answers is None:
            with suppress(ValueError):
                return (
                    REAL_LOOKUP(host, port, *more, **named)
                    if _is_local(host)
                    else _address(str(ip_address(host)), port)
                )
            raise socket.gaierror("nobody of that name")
        at = self.asked[host] = self.asked.get(host, 0) + 1
        return [one for text in answers[min(at, len(answers)) - 1] for one in _address(text, port)]

    def create_connection(self, address: tuple[str, int], *more: Any, **named: Any) -> Any:
        self.dialled.append(address[0])
        if ip_address(address[0]).is_loopback:
            return REAL_DIAL(address, *more, **named)
        raise ConnectionRefusedError  # nothing leaves this machine in a test


REAL_LOOKUP, REAL_DIAL = socket.getaddrinfo, socket.create_connection


def _is_local(host: Any) -> bool:
    """What the C library reads without asking anybody."""
    text = str(host).lower().rstrip(".")
    return text.endswith("localhost") or not text.strip("0123456789abcdefx.")


def _address(text: str, port: Any) -> list[Any]:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return [(family, socket.SOCK_STREAM, 6, "", (text, port))]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", made.create_connection)
    return made


def urls(port: int) -> list[str]:
    """Every host with our port, and every trick with a few of them."""
    plain = [f"https://{host}:{port}/v1" for host in HOSTS]
    tricks = [
        trick.format(own=OWN, inside=f"{host}:{port}", port=port)
        for trick in TRICKS
        for host in ("127.0.0.1", "169.254.169.254")
    ]
    return list(dict.fromkeys([*plain, *tricks]))


def test_whoever_adds_a_practice_in_production_can_name_its_vendors_hosts_only(
    inside: Listener, wire: Wire
) -> None:
    reach = Reach(vendor=pms.vendor("gentu"), told=VendorUrls(), is_production=True)
    taken = []
    for url in urls(inside.port):
        with suppress(BadInput):
            taken.append(reach.address(url, what="The address"))

    assert [one for one in taken if f"//{OWN}" not in str(one)] == []
    assert inside.came == 0


def test_a_base_url_that_stands_in_the_database_leads_nowhere_inside(
    inside: Listener, wire: Wire
) -> None:
    """As though whoever put it there had got past the test above."""
    tried = urls(inside.port)
    opener = Opener(
        secrets=FakeSecrets(),
        tokens=FakeTokens(),
        throttle=FakeThrottle(),
        clock=system_clock,
        is_production=True,
    )

    answered = [url for url in tried if not _is_refused(opener, url)]

    opener.close()
    assert len(tried) > 150
    assert answered == []
    assert inside.came == 0
    assert set(wire.dialled) == {PUBLIC}


def _is_refused(opener: Opener, url: str) -> bool:
    connection = Connection(
        id=uuid4(),
        account_id="default",
        vendor="gentu",
        site="1",
        timezone="Australia/Melbourne",
        base_url=url,
    )
    try:
        opener.ports(connection).sender.send("GET", f"{url.rstrip('/')}/appointments")
    except (SyncError, ValueError):  # the second of what is no address at all
        return True
    return False


def test_a_name_is_asked_for_once_and_the_address_that_was_checked_is_dialled(
    inside: Listener, wire: Wire
) -> None:
    client = Client(["turning.example"], "tests")

    with pytest.raises(Transient):
        client.send("GET", f"https://turning.example:{inside.port}/")
    client.close()

    assert (wire.asked, wire.dialled, inside.came) == ({"turning.example": 1}, [PUBLIC], 0)


ELSEWHERE = (
    *(f"http://{host}:{{port}}/" for host in ("127.0.0.1", "localhost", "[::1]", "127.1", "0")),
    *("//127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://2130706433:{port}/"),
    *("http://127.0.0.1:{own}@127.0.0.1:{port}/", "http://x@127.0.0.1:{own}/"),
    *("http://127.0.0.1:{own}:{port}/", "\\\\127.0.0.1:{port}/", "http:\\\\127.0.0.1:{port}/"),
    *("/\\127.0.0.1:{port}/", "///127.0.0.1:{port}/", "http:///127.0.0.1:{port}/"),
    *("http://[::ffff:127.0.0.1]:{port}/", "HTTP://LOCALHOST:{port}/", "\thttp://127.0.0.1:{port}"),
    *("file:///etc/passwd", "gopher://127.0.0.1:{port}/", "ftp://127.0.0.1:{port}/"),
)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_on_to_another_place(inside: Listener, status: int) -> None:
    with (
        listening("127.0.0.1") as vendor,
        Client(["127.0.0.1"], "tests", allow_loopback_http=True) as client,
    ):
        for where in ELSEWHERE:
            told = where.format(port=inside.port, own=vendor.port)
            vendor.answer = (
                f"HTTP/1.1 {status} Moved\r\nLocation: {told}\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n"
            ).encode()
            with suppress(SyncError):
                assert client.send("GET", f"http://127.0.0.1:{vendor.port}/").status == status
        assert vendor.came >= len(ELSEWHERE)

    assert inside.came == 0
