"""A program that wants to hear of changes: takes what is posted, and checks it as the docs say."""

import hmac
import json
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, and what it answers."""

    address: str = ""
    statuses: list[int] = field(default_factory=list)
    says: bytes = b""
    """The body of its answers, as long as is told unless it breaks off."""

    headers: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    """What its answers are dated by, in seconds since 1970."""

    meanwhile: Callable[[], object] = bool
    """What is done before it answers."""

    came: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]

    def is_genuine(self, secret: str, number: int = -1) -> bool:
        """By the way of Standard Webhooks, written down once more."""
        headers, body = self.came[number]
        told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = b64decode(secret.removeprefix("whsec_"))
        right = b64encode(hmac.new(key, told, "sha256").digest()).decode()
        return f"v1,{right}" in headers["webhook-signature"].split(" ")


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.meanwhile()
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            for name, value in {
                "Content-Length": str(len(receiver.says)),
                **receiver.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked may have gone
                self.wfile.write(receiver.says)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(receiver.clock() if timestamp is None else timestamp)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.address = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join()
