"""A vendor's server that means harm: another's answers, each spoilt in the way it is told to."""

import gzip
import json
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20
DEPTH = 100_000
LARGEST = 15 * MEGABYTE
"""Just within what is read at all."""

Answer = Callable[["Spoiling"], None]
Change = Callable[[list[dict[str, Any]]], Any]


class Spoiling(BaseHTTPRequestHandler):
    """Everything is passed on but listings of appointments, which go through the trick in force."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        asked = self.path.partition("?")[0]
        if asked.endswith("/appointments") and not self.path.startswith("/_sim"):
            self.server.asked += 1
            with suppress(ConnectionError):
                self.server.trick(self)
                return
            self.close_connection = True
            return
        self.passed_on()

    def do_POST(self) -> None:
        self.passed_on()

    def passed_on(self) -> None:
        status, kind, body = self.upstream()
        self.say(body, status=status, kind=kind)

    def upstream(self) -> tuple[int, str, bytes]:
        length = int(self.headers.get("content-length", 0))
        request = urllib.request.Request(  # noqa: S310 - the simulator of the test
            self.server.behind + self.path,
            data=self.rfile.read(length) if length else None,
            method=self.command,
            headers={
                name: value
                for name, value in self.headers.items()
                if name.lower() in {"authorization", "content-type", "accept"}
            },
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["content-type"], refused.read()

    def say(self, body: bytes, *, status: int = 200, kind: str = "", packed: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        if packed:
            self.send_header("Content-Encoding", packed)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Spoiling)
        self.behind = behind
        self.trick: Answer = Spoiling.passed_on
        self.asked = 0

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up on a gigabyte is right to."""


@dataclass(frozen=True, slots=True)
class Hostile:
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def play(self, trick: Answer) -> None:
        self.server.trick = trick
        self.server.asked = 0


@contextmanager
def hostile(behind: str) -> Iterator[Hostile]:
    server = Server(behind)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield Hostile(server)
    server.shutdown()
    server.server_close()


def a_gigabyte(to: Spoiling) -> None:
    """As long as it says it is."""
    to.send_response(200)
    to.send_header("Content-Type", "application/json")
    to.send_header("Content-Length", str(GIGABYTE))
    to.end_headers()
    block = b" " * MEGABYTE
    for _ in range(GIGABYTE // MEGABYTE):
        to.wfile.write(block)


def an_endless_stream(to: Spoiling) -> None:
    """In pieces, without saying how many."""
    to.send_response(200)
    to.send_header("Transfer-Encoding", "chunked")
    to.end_headers()
    piece = b"%x\r\n" % MEGABYTE + b"[" * MEGABYTE + b"\r\n"
    for _ in range(GIGABYTE // MEGABYTE):
        to.wfile.write(piece)


def a_bomb(to: Spoiling) -> None:
    """A gigabyte of blanks in a megabyte."""
    to.say(_packed_blanks(), packed="gzip")


def a_bomb_in_a_bomb(to: Spoiling) -> None:
    to.say(gzip.compress(_packed_blanks()), packed="gzip, gzip")


def _packed_blanks() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    head = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (GIGABYTE // MEGABYTE - 1)


def text(body: bytes) -> Answer:
    return lambda to: to.say(body)


def changed(change: Change) -> Answer:
    """The true page with its appointments altered; `change` answers what stands in their place."""

    def answer(to: Spoiling) -> None:
        status, kind, body = to.upstream()
        page = json.loads(body)
        page["appointments"] = change(page["appointments"])
        to.say(json.dumps(page).encode(), status=status, kind=kind)

    return answer


def each(**fields: Any) -> Answer:
    return changed(lambda rows: [{**row, **fields} for row in rows])


def person_named(to: Spoiling, name: str) -> None:
    status, kind, body = to.upstream()
    page = json.loads(body)
    for one in page.get("included", page).get("patients", page.get("patients", [])):
        one["name"] = {"given": name, "family": name}
    to.say(json.dumps(page).encode(), status=status, kind=kind)


def named(name: str) -> Answer:
    return lambda to: person_named(to, name)


def raw(old: bytes, new: bytes) -> Answer:
    """The bytes of the true page with some of them replaced."""

    def answer(to: Spoiling) -> None:
        status, kind, body = to.upstream()
        to.say(body.replace(old, new), status=status, kind=kind)

    return answer


HEAVY: Mapping[str, Answer] = {
    "a gigabyte": a_gigabyte,
    "an endless stream": an_endless_stream,
    "a bomb": a_bomb,
    "a bomb in a bomb": a_bomb_in_a_bomb,
    "lists in lists": text(b"[" * DEPTH + b"]" * DEPTH),
    "objects in objects": text(b'{"appointments":' * DEPTH + b"1" + b"}" * DEPTH),
    "millions of objects": text(b'{"appointments":[' + b"{}," * (LARGEST // 3) + b"{}]}"),
    "millions of texts": text(b'{"appointments":[' + b'"ab",' * (LARGEST // 5) + b'""]}'),
    "a text of 15 MB": text(b'{"appointments":["' + b"\\u00e9" * (LARGEST // 6) + b'"]}'),
    "names of 10 MB": named("N" * (5 * MEGABYTE)),
}
"""What would cost memory or time."""

BROKEN: Mapping[str, Answer] = {
    "no number": text(b'{"appointments": [NaN]}'),
    "an endless number": text(b'{"appointments": [1e999]}'),
    "a number of 100,000 digits": text(b'{"appointments": [' + b"9" * DEPTH + b"]}"),
    "no UTF-8": text(b'{"appointments": ["\xff\xfe"]}'),
    "half a document": text(b'{"appointments": [{"id": "1'),
    "nothing": text(b""),
    "null": text(b"null"),
    "an object for a list": changed(lambda rows: {"0": rows}),
    "a text for a list": changed(str),
    "no list": changed(lambda rows: None),
}
"""What is no page at all: the run fails, in words."""

NO_IDS: list[Any] = [None, "", 7, 1.5, True, [], {}, "x" * 999]
ODD: Mapping[str, Answer] = {
    "the year 1": each(startAt="0001-01-01T00:00:00+14:00", endAt="0001-01-01T00:15:00+14:00"),
    "the year 9999": each(startAt="9999-12-31T23:59:59-14:00", endAt="9999-12-31T23:59:59-14:00"),
    "an end in 9999": each(endAt="9999-12-31T23:59:59-14:00"),
    "an end before the start": each(endAt="2026-06-01T00:00:00+10:00"),
    "an hour that is skipped": each(startAt="2026-10-04T02:30:00", endAt="2026-10-04T02:45:00"),
    "an hour that comes twice": each(startAt="2026-04-05T02:30:00", endAt="2026-04-05T02:45:00"),
    "a week date": each(startAt="2026-W23-2T09:00:00"),
    "half a character in the id": each(id="\ud800"),
    "half a character": each(notes="\ud800 \udfff", status="\udc00", title="\ud800"),
    "half a character in names": named("\ud800"),
    "NUL": each(id="a\0b"),
    "NUL in notes": each(notes="a\0b", title="\0"),
    "NUL in names": named("A\0nn"),
    "names of 10 kB": named("N" * 10_000),
    "one id for all": each(id="same"),
    "everything twice": changed(lambda rows: [*rows, *rows]),
    "other people under the same id": changed(
        lambda rows: [*rows, *({**row, "participant": []} for row in rows)]
    ),
    "a key twice": raw(b'"status"', b'"id":"other","status":"x","status"'),
    "records that are none": changed(lambda rows: [1, None, "x", [], {}, *rows]),
    "ids that are none": changed(
        lambda rows: [{**row, "id": odd} for row, odd in zip(rows, NO_IDS, strict=False)]
    ),
    "people that are none": each(participant=[1, None, "x", {}, {"referenceType": []}]),
    "shapes": each(status={}, appointmentType=[], participant={}, notes=7),
    "steering characters": each(notes="\u202e\u2066 =cmd()\r\nSet-Cookie: x", title="\x1b[2J"),
}
"""A page with records that cannot be true: they are set aside or read as far as they go."""
