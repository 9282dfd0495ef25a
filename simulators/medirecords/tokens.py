"""Static bearer tokens: each opens one of the two APIs for the practices it is bound to."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from simulators.chance import chance, new_id
from simulators.serving import Request


class Api(StrEnum):
    REST = "rest"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class Grant:
    api: Api
    practices: frozenset[str]


@dataclass
class Tokens:
    """Handed out by a person, never by an endpoint of the vendor; revoked at once."""

    seed: object
    _grants: dict[str, Grant] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = chance("medirecords", "tokens", self.seed)

    def for_practices(self, practices: Collection[str], api: Api) -> str:
        """The same one until it is revoked."""
        grant = Grant(api, frozenset(practices))
        with self._lock:
            for token, known in self._grants.items():
                if known == grant:
                    return token
            token = f"{api}-{new_id(self._rng)}"
            self._grants[token] = grant
            return token

    def grant_of(self, request: Request) -> Grant | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._grants.get(token) if scheme.lower() == "bearer" else None

    def revoke_all(self) -> int:
        with self._lock:
            count = len(self._grants)
            self._grants.clear()
            return count
