"""Twins of ports for tests that are not about them; each keeps the real one's promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.credentials import Token, TokenRequest
from domain.errors import NeedsReconnect


@dataclass
class FakeTokens:
    """Tokens of this process alone."""

    kept: dict[str, Token] = field(default_factory=dict)
    bought: int = 0

    def current(self, request: TokenRequest) -> Token:
        if request.key not in self.kept:
            self._buy(request)
        return self.kept[request.key]

    def renewed(self, request: TokenRequest, *, refused: Token) -> Token:
        if self.kept.get(request.key) in (None, refused):
            self._buy(request)
        return self.kept[request.key]

    def proactive(self, request: TokenRequest) -> bool:
        if request.key in self.kept:
            return False
        self._buy(request)
        return True

    def forget(self, key: str) -> None:
        self.kept.pop(key, None)

    def _buy(self, request: TokenRequest) -> None:
        self.bought += 1
        self.kept[request.key] = request.fetch()


@dataclass
class FakeSecrets:
    """Secrets in memory."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, ref: str) -> dict[str, str]:
        if ref not in self.kept:
            raise NeedsReconnect("the secrets of this connection are gone; enter them")
        return self.kept[ref]

    def put(self, name: str, values: Mapping[str, str]) -> str:
        self.kept[name] = dict(values)
        return name

    def replace(self, ref: str, values: Mapping[str, str]) -> None:
        self.kept[ref] = dict(values)

    def forget(self, ref: str) -> None:
        """Nothing is remembered."""

    def delete(self, ref: str) -> None:
        self.kept.pop(ref, None)
