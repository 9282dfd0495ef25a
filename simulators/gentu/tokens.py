"""Client credentials: Basic in, a bearer token out, and nothing to renew it with."""

import base64
import binascii
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from simulators.chance import chance, id_of, new_id
from simulators.front import refusal, said
from simulators.serving import Reply, Request


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    client_secret: str
    app_id: str

    @classmethod
    def invent(cls, seed: object) -> "Credentials":
        client, secret, app = (id_of("gentu", seed, part) for part in ("client", "secret", "app"))
        return cls(f"client-{client[:8]}", f"secret-{secret}", app)


@dataclass
class Tokens:
    credentials: Credentials
    seconds: float
    _expiry: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = chance("tokens", self.credentials.app_id)

    def issue(self, request: Request) -> Reply:
        if not self._knows(request.headers.get("authorization", "")):
            return refusal(HTTPStatus.UNAUTHORIZED, "Invalid client")
        form = parse_qs(request.body.decode("utf-8", "replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return refusal(HTTPStatus.BAD_REQUEST, "Unsupported grant type")
        return said(self._reply(self._new_token()))

    def _knows(self, header: str) -> bool:
        """Basic only: credentials in the form are not looked at."""
        scheme, _, encoded = header.partition(" ")
        expected = f"{self.credentials.client_id}:{self.credentials.client_secret}"
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and given == expected

    def _new_token(self) -> str:
        with self._lock:
            token = f"tok-{new_id(self._rng)}"
            self._expiry[token] = time.monotonic() + self.seconds
            return token

    def _reply(self, token: str) -> dict[str, object]:
        return {
            "token_type": "Bearer",
            "access_token": token,
            "expires_in": int(self.seconds),
            "issued_at": str(int(time.time() * 1000)),
            "application_name": "app-example",
            "api_product_list": "[ExampleProduct]",
            "developer.email": "dev@example.test",
            "status": "approved",
        }

    def accepts(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and time.monotonic() < self._expiry.get(token, 0.0)

    def expire_all(self) -> int:
        with self._lock:
            count = len(self._expiry)
            self._expiry.clear()
            return count
