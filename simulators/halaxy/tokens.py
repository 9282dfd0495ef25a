"""Client credentials in a JSON body: a token for a quarter of an hour, announced as an hour."""

import json
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from simulators.chance import chance, id_of, new_id
from simulators.front import said
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import Refused
from simulators.serving import Reply, Request


@dataclass(frozen=True, slots=True)
class Key:
    """Made by the practice in its settings; one for each practice group."""

    client_id: str
    client_secret: str

    @classmethod
    def invent(cls, seed: object, group_id: str) -> "Key":
        client, secret = (id_of("halaxy", seed, group_id, part) for part in ("client", "secret"))
        return cls(f"client-{client[:8]}", f"secret-{secret}")


@dataclass
class Tokens:
    keys: dict[str, Key]  # by practice group
    knobs: Knobs
    _issued: dict[str, tuple[str, float]] = field(default_factory=dict)  # group, expiry
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = chance("halaxy", "tokens", *sorted(self.keys))

    def issue(self, request: Request) -> Reply:
        told = _read(request)
        group_id = self.group_of_client(told.get("client_id"))
        if group_id is None or told.get("client_secret") != self.keys[group_id].client_secret:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid client", "login")
        if told.get("grant_type") != "client_credentials":
            raise Refused(HTTPStatus.BAD_REQUEST, "Unsupported grant type")
        return said(
            {
                "token_type": "Bearer",
                "expires_in": self.knobs.announced_seconds,
                "access_token": self._new(group_id),
            }
        )

    def group_of_client(self, client_id: object) -> str | None:
        found = (id_ for id_, key in self.keys.items() if key.client_id == client_id)
        return next(found, None)

    def _new(self, group_id: str) -> str:
        with self._lock:
            token = f"tok-{new_id(self._rng)}"
            self._issued[token] = (group_id, time.monotonic() + self.knobs.token_seconds)
            return token

    def group_of(self, request: Request) -> str | None:
        """Whose token it is, be it expired or not."""
        return self._found(request)[0]

    def admit(self, request: Request) -> str:
        group_id, expiry = self._found(request)
        if group_id is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid access token", "login")
        if time.monotonic() >= expiry:
            raise Refused(HTTPStatus.UNAUTHORIZED, "The access token has expired", "expired")
        return group_id

    def _found(self, request: Request) -> tuple[str | None, float]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._issued.get(token, (None, 0.0)) if scheme.lower() == "bearer" else (None, 0.0)

    def expire_all(self) -> int:
        with self._lock:
            self._issued = {token: (group, 0.0) for token, (group, _) in self._issued.items()}
            return len(self._issued)


def _read(request: Request) -> dict[str, object]:
    """A form is not looked at."""
    try:
        told = json.loads(request.body)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON") from None
    if not isinstance(told, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not an object")
    return told


def client_of(request: Request) -> object:
    """Who asks for a token, as far as it can be read."""
    try:
        return _read(request).get("client_id")
    except Refused:
        return None
