"""Requests leave for listed hosts only, are bounded, and their errors quote nothing."""

import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.errors import BadInput, BrokenContract, FenceLost, Refused, Transient
from infra.holding import while_held
from infra.http import Client, NotSent
from infra.network import deadline, is_public
from tests.infra.certificates import certificate

AGENT = "pms-sync/tests"
LOCAL = "127.0.0.1"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"path": null}'
SILENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 14\r\n\r\n"


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], None]] = {
            "/large": self.large,
            "/bomb": self.bomb,
            "/GZIP": lambda: self.answer(gzip.compress(b"packed"), ("Content-Encoding", "GZIP")),
            "/gzip": lambda: self.answer(gzip.compress(b"packed"), ("Content-Encoding", "gzip")),
            "/deflate": lambda: self.answer(
                zlib.compress(b"packed"), ("Content-Encoding", "deflate")
            ),
            "/followed": lambda: self.answer(
                gzip.compress(b"packed") + bytes(1024), ("Content-Encoding", "gzip")
            ),
            "/odd": lambda: self.answer(b"packed", ("Content-Encoding", "br")),
            "/torn": lambda: self.answer(b"\x1f\x8b junk", ("Content-Encoding", "gzip")),
            "/short": lambda: self.answer(gzip.compress(b"")[:10], ("Content-Encoding", "gzip")),
            "/half": lambda: self.answer(
                gzip.compress(b"packed")[:-8], ("Content-Encoding", "gzip")
            ),
            "/blank": lambda: self.answer(b"", ("Content-Encoding", "gzip"), status=204),
            "/drip": self.drip,
            "/cut": self.cut,
            "/moved": lambda: self.answer(b"", ("Location", "/here?a=1"), status=302),
            "/loop": lambda: self.answer(b"", ("Location", "/loop"), status=302),
            "/nowhere": lambda: self.answer(b"", ("Location", "http:\\\\x:1/"), status=302),
            "/named": lambda: self.answer(b"", ("Set-Cookie", "token=one-practice; Path=/")),
            "/twice": lambda: self.say(2 * ANSWER),
            "/silent": lambda: self.say(SILENT),
            "/away": lambda: self.answer(b"", ("Location", "http://evil.example/x"), status=302),
        }
        answers.get(self.path.partition("?")[0], self.echo)()

    def do_POST(self) -> None:
        self.echo()

    def say(self, whole: bytes) -> None:
        self.wfile.write(whole)

    def echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        seen = {"method": self.command, "path": self.path, "body": body, **dict(self.headers)}
        seen["client"] = str(self.client_address[1])
        if self.path == "/moved":
            self.answer(b"", ("Location", "/here"), status=307)
            return
        self.answer(json.dumps(seen).encode(), ("X-Seen", "Yes"))

    def answer(self, body: bytes, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def large(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        block = b"x" * 65536
        for _ in range(1024):
            self.wfile.write(b"10000\r\n" + block + b"\r\n")

    def bomb(self) -> None:
        self.answer(gzip.compress(bytes(64 * 1024 * 1024)), ("Content-Encoding", "gzip"))

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.server.stopping.wait(0.05):  # type: ignore[attr-defined]
            self.wfile.write(b"x")

    def cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__((LOCAL, 0), Site)
        self.stopping = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what is tested."""


@contextmanager
def serving(server: Server) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://{LOCAL}:{server.server_port}"
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(Server()) as address:
        yield address


@pytest.fixture
def client() -> Iterator[Client]:
    with Client([LOCAL], AGENT, allow_loopback_http=True, largest_answer=1024 * 1024) as made:
        yield made


def test_a_request_arrives_as_it_was_meant(client: Client, site: str) -> None:
    answer = client.send(
        "POST", f"{site}/echo", headers={"X-Practice": "p-1"}, json={"name": "Zoë"}
    )

    seen = answer.json()
    assert answer.status == 200
    assert answer.headers["x-seen"] == "Yes"
    assert seen["body"] == '{"name":"Zoë"}'
    assert seen["Content-Type"] == "application/json"
    assert seen["User-Agent"] == AGENT
    assert seen["X-Practice"] == "p-1"


def test_forms_and_basic_authentication(client: Client, site: str) -> None:
    seen = client.send(
        "POST", f"{site}/token", form={"grant_type": "a b", "x": "1+1"}, auth=("id", "s:ü")
    ).json()

    assert seen["body"] == "grant_type=a+b&x=1%2B1"
    assert seen["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen["Authorization"] == "Basic aWQ6czrDvA=="


def test_a_body_of_another_kind_leaves_as_it_is(client: Client, site: str) -> None:
    seen = client.send(
        "POST", f"{site}/rpc", headers={"content-type": "text/xml"}, content=b"<a b='1'/>"
    ).json()

    assert seen["body"] == "<a b='1'/>"
    assert [text for name, text in seen.items() if name.lower() == "content-type"] == ["text/xml"]


def test_a_vendors_own_content_type_replaces_ours(client: Client, site: str) -> None:
    seen = client.send(
        "POST", f"{site}/fhir", headers={"content-type": "application/fhir+json"}, json={}
    ).json()

    assert [text for name, text in seen.items() if name.lower() == "content-type"] == [
        "application/fhir+json"
    ]


def test_a_plus_in_a_parameter_stays_a_plus(client: Client, site: str) -> None:
    params = [("start", "ge2026-01-05T00:00:00+10:00"), ("start", "lt x"), ("e", "é&=/?%20")]

    path = client.send("GET", f"{site}/q", params=params).json()["path"]

    assert path == (
        "/q?start=ge2026-01-05T00%3A00%3A00%2B10%3A00&start=lt%20x&e=%C3%A9%26%3D%2F%3F%2520"
    )


def test_a_query_that_is_there_already_is_kept_as_it_is(client: Client, site: str) -> None:
    path = client.send("GET", f"{site}/q?cursor=a%2Bb%3D", params={"n": 1}).json()["path"]

    assert path == "/q?cursor=a%2Bb%3D&n=1"


def test_connections_are_kept_and_shared(client: Client, site: str) -> None:
    ports = {client.send("GET", f"{site}/echo").json()["client"] for _ in range(5)}

    assert len(ports) == 1


def test_what_one_request_is_given_to_be_known_by_goes_with_no_other(
    client: Client, site: str
) -> None:
    client.send("GET", f"{site}/named")

    assert "Cookie" not in client.send("GET", f"{site}/x").json()


@pytest.mark.parametrize("before", ["/twice", "/silent"])
def test_what_is_left_of_one_answer_is_not_taken_for_the_next(
    client: Client, site: str, before: str
) -> None:
    line = client.send("GET", f"{site}/x").json()["client"]
    client.send("GET", site + before)

    after = client.send("GET", f"{site}/x").json()

    assert after["path"] == "/x"
    assert after["client"] != line


@pytest.mark.parametrize("path", ["/gzip", "/GZIP", "/deflate", "/followed"])
def test_packed_answers_are_unpacked(client: Client, site: str, path: str) -> None:
    assert client.send("GET", site + path).body == b"packed"


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_an_answer_that_is_too_large_is_given_up(client: Client, site: str, path: str) -> None:
    with pytest.raises(BrokenContract, match="larger than 1048576 bytes"):
        client.send("GET", site + path)


class Endless(httpx.SyncByteStream):
    """A body that goes on for as long as somebody reads it."""

    is_open = True

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"more"

    def close(self) -> None:
        self.is_open = False


def test_the_line_of_an_answer_that_is_given_up_or_not_read_is_let_go() -> None:
    bodies = [Endless(), Endless()]
    coming = iter(bodies)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=next(coming)))

    with Client(["vendor.example"], AGENT, transport=transport, largest_answer=9) as client:
        with pytest.raises(BrokenContract):
            client.send("GET", "https://vendor.example/")
        client.post_for_head("https://vendor.example/", headers={}, content=b"")

        assert not any(one.is_open for one in bodies)


def test_an_answer_without_content_needs_no_unpacking(client: Client, site: str) -> None:
    assert client.send("GET", f"{site}/blank").body == b""


@pytest.mark.parametrize("path", ["/odd", "/torn", "/short", "/half"])
def test_an_answer_that_cannot_be_unpacked_breaks_the_contract(
    client: Client, site: str, path: str
) -> None:
    with pytest.raises(BrokenContract, match=r"GET 127\.0\.0\.1"):
        client.send("GET", site + path)


def test_an_answer_that_never_ends_is_given_up_at_the_deadline(site: str) -> None:
    client = Client([LOCAL], AGENT, allow_loopback_http=True, total_seconds=0.4)
    begun = time.monotonic()

    with pytest.raises(Transient, match="took too long"):
        client.send("GET", f"{site}/drip")

    assert time.monotonic() - begun < 10
    client.close()


def test_a_request_ends_when_whoever_waits_for_it_must_have_an_answer(site: str) -> None:
    client = Client([LOCAL], AGENT, allow_loopback_http=True)
    begun = time.monotonic()

    with pytest.raises(Transient, match="took too long"), deadline(0.4):
        client.send("GET", f"{site}/drip")
    with pytest.raises(NotSent, match=r"took too long|reached"), deadline(-1):
        client.send("GET", f"{site}/drip")

    assert time.monotonic() - begun < 10
    client.close()


def test_an_answer_that_is_cut_off_is_worth_another_try(client: Client, site: str) -> None:
    with pytest.raises(Transient) as caught:
        client.send("GET", f"{site}/cut?name=Ada")

    assert not isinstance(caught.value, NotSent)
    assert str(caught.value) == "GET 127.0.0.1: the connection broke"


def test_a_host_that_is_down_surely_got_nothing() -> None:
    with socket.create_server((LOCAL, 0)) as closed:
        port = closed.getsockname()[1]
    client = Client([LOCAL], AGENT, allow_loopback_http=True)

    with pytest.raises(NotSent, match=r"^POST 127.0.0.1: cannot be reached$"):
        client.send("POST", f"http://{LOCAL}:{port}/patients/7?name=Ada", json={})
    client.close()


@pytest.mark.parametrize("host", ["hooks..example.com", f"{'a' * 64}.example.com"])
def test_a_name_that_cannot_be_one_is_not_reached(host: str) -> None:
    with Client([host], AGENT) as client, pytest.raises(NotSent, match="cannot be reached"):
        client.send("POST", f"https://{host}/")


def test_what_is_no_longer_ours_to_do_is_not_written_and_reading_goes_on(
    client: Client, site: str
) -> None:
    def taken_over() -> None:
        raise FenceLost("job 1 was taken over")

    with while_held(taken_over):
        with pytest.raises(FenceLost):
            client.send("POST", f"{site}/echo", json={"book": "it"})
        read = client.send("GET", f"{site}/echo")
    after = client.send("POST", f"{site}/echo", json={"book": "it"})

    assert (read.status, after.status) == (200, 200)


def test_it_is_asked_for_each_request_when_the_connection_is_made(
    client: Client, site: str
) -> None:
    asked: list[str] = []
    with while_held(lambda: asked.append("ours?")):
        client.send("POST", f"{site}/echo", json={})
        client.send("PUT", f"{site}/echo", json={})
        client.send("GET", f"{site}/echo")

    assert len(asked) == 2


def test_a_get_follows_one_step_on_its_own_host(client: Client, site: str) -> None:
    assert client.send("GET", f"{site}/moved").json()["path"] == "/here?a=1"
    assert client.send("GET", f"{site}/loop").status == 302


def test_nothing_follows_to_another_host_and_no_post_follows_at_all(
    client: Client, site: str
) -> None:
    assert client.send("GET", f"{site}/away").status == 302
    assert client.send("POST", f"{site}/moved", json={}).status == 307


def test_being_sent_on_to_what_is_no_address_breaks_the_contract(client: Client, site: str) -> None:
    with pytest.raises(BrokenContract, match="to what is no address"):
        client.send("GET", f"{site}/nowhere")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://api.vendor.example@evil.example/",
        "https://api.vendor.example:pw@api.vendor.example/",
        "https://api.vendor.example\\@evil.example/",
        "https://api.vendor.example.evil.example/",
        "https://api.vendor.example./",
        "https://evil.example#@api.vendor.example",
        "http://api.vendor.example/",
        "ftp://api.vendor.example/",
        "file:///etc/passwd",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://[::ffff:169.254.169.254]/",
        "//api.vendor.example/",
    ],
)
def test_addresses_that_are_not_on_the_list_are_refused(url: str) -> None:
    def unreachable(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    client = Client(["api.vendor.example"], AGENT, transport=httpx.MockTransport(unreachable))

    with pytest.raises((Refused, BadInput)) as caught:
        client.send("GET", url)
    assert "meta-data" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("api.vendor.example", True),
        ("a.b.vendor.example", True),
        ("vendor.example", False),
        ("evilvendor.example", False),
        ("vendor.example.evil.example", False),
    ],
)
def test_all_names_below_one_may_be_listed(host: str, is_listed: bool) -> None:
    answered = httpx.MockTransport(lambda _: httpx.Response(200, json=1))
    client = Client(["*.vendor.example"], AGENT, transport=answered)

    if is_listed:
        assert client.send("GET", f"https://{host}/").json() == 1
        return
    with pytest.raises((Refused, BadInput)):
        client.send("GET", f"https://{host}/")


def test_a_port_may_be_part_of_the_list() -> None:
    client = Client(
        ["api.vendor.example:8443"],
        AGENT,
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"a": 1})),
    )

    assert client.send("GET", "https://api.vendor.example:8443/").json() == {"a": 1}
    with pytest.raises(Refused):
        client.send("GET", "https://api.vendor.example/")


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1", "0", "169.254.169.254", "10.0.0.1"],
)
def test_a_listed_name_that_leads_into_a_private_network_is_refused(host: str) -> None:
    client = Client([host], AGENT)

    with pytest.raises(Refused, match="must not be reached"):
        client.send("GET", f"https://{host}/")
    client.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:7f00:1", False),
        ("fec0::1", False),
        ("3fff::1", False),
        ("192.0.0.8", False),
        ("192.88.99.1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_an_answer_that_is_not_json_says_so_without_quoting_it() -> None:
    client = Client(
        ["a.example"],
        AGENT,
        transport=httpx.MockTransport(lambda _: httpx.Response(502, text="<h1>Ada Example")),
    )

    with pytest.raises(BrokenContract, match=r"^an answer with status 502 is not JSON$"):
        client.send("GET", "https://a.example/").json()


@pytest.mark.parametrize(
    ("minimum", "spoken", "works"),
    [
        ("1.3", ssl.TLSVersion.TLSv1_3, True),
        ("1.3", ssl.TLSVersion.TLSv1_2, False),
        ("1.2", ssl.TLSVersion.TLSv1_2, True),
    ],
)
def test_old_tls_needs_to_be_asked_for(
    tmp_path: Path, minimum: Any, spoken: ssl.TLSVersion, works: bool
) -> None:
    server = Server()
    context = certificate(tmp_path)
    context.maximum_version = spoken
    server.socket = context.wrap_socket(server.socket, server_side=True)

    with serving(server) as address:
        client = Client(
            ["localhost"],
            AGENT,
            minimum_tls=minimum,
            ca_file=tmp_path / "cert.pem",
            private_hosts=["localhost"],
        )
        url = address.replace("http://127.0.0.1", "https://localhost")
        if works:
            assert client.send("GET", f"{url}/echo").status == 200
        else:
            with pytest.raises(
                NotSent, match="does not agree on TLS, of which it may speak an old"
            ):
                client.send("GET", f"{url}/echo")
        client.close()


def test_whom_a_machine_trusts_is_read_once_for_all_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate(tmp_path)
    reads, made = [], httpx.create_ssl_context

    def counted(**told: Any) -> ssl.SSLContext:
        reads.append(told)
        return made(**told)

    monkeypatch.setattr(httpx, "create_ssl_context", counted)

    for host in ("one.vendor.example", "other.vendor.example"):
        Client([host], AGENT, ca_file=tmp_path / "cert.pem").close()

    assert len(reads) == 1


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server = Server()
    server.socket = certificate(tmp_path).wrap_socket(server.socket, server_side=True)

    with serving(server) as address:
        client = Client(["localhost"], AGENT, private_hosts=["localhost"])
        with pytest.raises(NotSent, match=r"^GET localhost: its certificate is not trusted here$"):
            client.send("GET", address.replace("http://127.0.0.1", "https://localhost"))
        client.close()
