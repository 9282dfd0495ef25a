"""Plays a vendor's answers back from memory, so that what is measured is never the vendor."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from urllib.parse import parse_qsl, urlsplit

import httpx

FORGET, DELAY = "/forget", "/delay"
IDLE_SECONDS = 120
PASSED = ("authorization", "content-type", "app-id", "app-key", "request-key")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    server: "_Player"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.linger()
        path = _whatever_the_order(self.path)
        kept = self.server.kept.get(path)
        if kept is None:
            kept = self.server.kept[path] = self._asked("GET", b"")
        self._send(kept)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == FORGET:
            self.server.kept.clear()
            self._send(DONE)
        elif self.path == DELAY:
            self.server.seconds = float(body)
            self._send(DONE)
        else:
            self.server.linger()
            self._send(self._asked("POST", body))

    def _asked(self, method: str, body: bytes) -> bytes:
        headers = {name: self.headers[name] for name in PASSED if name in self.headers}
        answer = self.server.client.request(method, self.path, headers=headers, content=body)
        return _reply(answer.status_code, answer.headers["content-type"], answer.content)

    def _send(self, reply: bytes) -> None:
        self.wfile.write(reply)
        self.wfile.flush()


class _Player(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, origin: str) -> None:
        self.kept: dict[str, bytes] = {}
        self.seconds = 0.0
        self.client = httpx.Client(base_url=origin, trust_env=False, timeout=IDLE_SECONDS)
        super().__init__(("127.0.0.1", 0), _Handler)

    def linger(self) -> None:
        """Take as long over an answer as was asked for."""
        if self.seconds:
            Event().wait(self.seconds)


@contextmanager
def playback(origin: str) -> Iterator[str]:
    """The address of a process that asks `origin` once for each address and then knows it."""
    command = [sys.executable, "-m", "bench.playback", origin]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def forget(url: str) -> None:
    """The origin has changed: everything is asked for again."""
    httpx.post(url + FORGET, trust_env=False).raise_for_status()


def delay(url: str, seconds: float) -> None:
    """Every answer takes so long from now on."""
    httpx.post(url + DELAY, content=f"{seconds}", trust_env=False).raise_for_status()


def _whatever_the_order(path: str) -> str:
    """Clients differ in how they order and escape what they ask for."""
    parts = urlsplit(path)
    return f"{parts.path}?{sorted(parse_qsl(parts.query))}"


def _reply(status: int, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} Kept\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


DONE = _reply(204, "text/plain", b"")


def main() -> None:
    player = _Player(sys.argv[1])
    print(f"http://127.0.0.1:{player.server_address[1]}", flush=True)  # noqa: T201 - for its parent
    player.serve_forever()


if __name__ == "__main__":
    main()
