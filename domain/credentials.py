"""Long-lived secrets, short-lived tokens, and the ports that keep them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Short-lived access to a vendor; `expires_at` None means until it is refused."""

    value: str
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """How to get one token: the key all processes share it under, and the call that buys it.

    `stand_in` takes the place of its value where a recording answers and nothing is signed.
    """

    key: str
    fetch: Callable[[], Token]
    stand_in: str = "stand-in-for-a-token"


class Tokens(Protocol):
    """Tokens shared by every process; one renewal at a time for each key."""

    def current(self, request: TokenRequest) -> Token:
        """A token that should work now; bought or renewed when there is none or it is ending."""

    def renewed(self, request: TokenRequest, *, refused: Token) -> Token:
        """A token other than the one the vendor refused."""

    def proactive(self, request: TokenRequest) -> bool:
        """Renew a token that will end soon, before anybody waits for it; whether one was bought."""


class ForgettableTokens(Tokens, Protocol):
    """Tokens whose secrets may be replaced."""

    def forget(self, key: str) -> None:
        """The secrets that bought it were replaced: the next one is bought anew."""


class SecretStore(Protocol):
    """Long-lived secrets of connections; the database keeps only the reference."""

    def get(self, ref: str) -> Mapping[str, str]: ...

    def put(self, name: str, values: Mapping[str, str]) -> str:
        """Store or replace; answers the reference."""

    def replace(self, ref: str, values: Mapping[str, str]) -> None:
        """Other values under a reference that stays."""

    def forget(self, ref: str) -> None:
        """Ask the store itself next time: what was read before may have been replaced."""

    def delete(self, ref: str) -> None: ...
