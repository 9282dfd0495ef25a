"""How requests are signed, and how the tokens for it are bought."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from adapters.rest.answers import decode, dig
from adapters.rest.ports import Vault
from domain.credentials import Token, TokenRequest
from domain.errors import (
    BadInput,
    BrokenContract,
    Gone,
    NeedsReconnect,
    Refused,
    SyncError,
    TokenExpired,
)

MARGIN_SECONDS = 60
"""A token is renewed this long before it ends."""


class ReadBody(Protocol):
    """Bytes into plain values; anything unreadable breaks the contract, named and not quoted."""

    def __call__(self, body: bytes, *, named: str) -> Any: ...


_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
REFUSALS = (
    *("invalid_request", "invalid_client", "invalid_grant"),
    *("unauthorized_client", "unsupported_grant_type", "invalid_scope"),
)
"""Why there is no token (RFC 6749, 5.2); some tell it as a success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `name` is its path as a template: what errors may say of it.

    `writes` where the vendor is asked to change something: whenever it may have been done although
    no clear answer came, that ends as OutcomeUnknown. `content` is a body that is no JSON, `read`
    how its answer is read then. One that `buys` a token is never recorded; `told_as` is what any
    other is told apart by there, where its address or body is another each time.
    """

    url: str
    name: str
    method: str = "GET"
    buckets: tuple[str, ...] = ("default",)
    faults: Mapping[int, type[SyncError]] | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    read: ReadBody = decode
    basic: tuple[str, str] | None = field(default=None, repr=False)
    writes: bool = False
    buys: bool = False
    told_as: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where tokens are bought: the secrets that buy them and the line to the vendor."""

    vendor: str
    base_url: str
    token_url: str | None
    secrets: Mapping[str, str] = field(repr=False)
    clock: Callable[[], datetime]
    send: Callable[[Ask], Any]
    vault: Vault | None = field(default=None, repr=False)

    def secret(self, name: str) -> str:
        return secret(self.secrets, name)

    def address(self, given: str) -> str:
        """The connection's own token address, or the vendor's; a bare path is below the base."""
        if self.token_url:
            return self.token_url
        return self.base_url + given if given.startswith("/") else given


class Auth(Protocol):
    """One way of proving who asks."""

    def owner(self, secrets: Mapping[str, str]) -> str:
        """What tells the holder of a vendor's allowance from others; no secret in clear."""

    def token(self, desk: Desk) -> TokenRequest | None:
        """How a token is bought; None where a secret itself signs."""

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """OAuth2 client credentials; the secrets travel as Basic, in a form or in a JSON body."""

    token_url: str
    sent_as: Literal["basic", "form", "json"] = "basic"
    ceiling_seconds: int = 3600
    buckets: tuple[str, ...] = ("default",)

    def owner(self, secrets: Mapping[str, str]) -> str:
        return digest(secret(secrets, "client_id"))

    def token(self, desk: Desk) -> TokenRequest:
        url = desk.address(self.token_url)
        client = (desk.secret("client_id"), desk.secret("client_secret"))
        return TokenRequest(
            # With the secret in it, knowing a client id alone never yields another's token.
            key=f"{desk.vendor}:{digest(url, *client)}",
            fetch=lambda: self._bought(desk, url=url, client=client),
        )

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token.value}"} if token else {}

    def _bought(self, desk: Desk, *, url: str, client: tuple[str, str]) -> Token:
        ask, refused = self._ask(url, client), "the client id or secret is not accepted"
        return bought(desk, ask, ceiling=self.ceiling_seconds, refused=refused)

    def _ask(self, url: str, client: tuple[str, str]) -> Ask:
        grant = {"grant_type": "client_credentials"}
        full = {**grant, "client_id": client[0], "client_secret": client[1]}
        return Ask(
            method="POST",
            url=url,
            name="the token endpoint",
            buckets=self.buckets,
            basic=client if self.sent_as == "basic" else None,
            form={"basic": grant, "form": full, "json": None}[self.sent_as],
            json=full if self.sent_as == "json" else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticToken:
    """A token someone entered; when it is refused only a person can help."""

    secret: str = "token"  # noqa: S105 - the name of a secret, not one
    header: str = "authorization"
    scheme: str = "Bearer "

    def owner(self, secrets: Mapping[str, str]) -> str:
        return digest(secret(secrets, self.secret))

    def token(self, desk: Desk) -> None:
        return None

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]:
        value = secret(secrets, self.secret)
        if not _TOKEN.fullmatch(value):
            raise BadInput(f"The secret '{self.secret}' cannot be a token; enter it again.")
        return {self.header: f"{self.scheme}{value}"}


def bought(desk: Desk, ask: Ask, *, ceiling: int, refused: str) -> Token:
    """The token that was asked for; `refused` says why there is none."""
    asked_at = desk.clock()
    return token_in(sold(desk, ask, refused=refused), desk, asked_at=asked_at, ceiling=ceiling)


def sold(desk: Desk, ask: Ask, *, refused: str) -> Any:
    """The whole answer of a token endpoint that did not refuse."""
    try:
        answer = desk.send(ask)
    except Gone as missing:
        # Never as Gone: that would tell a probe that an appointment was deleted.
        raise Refused(f"{missing}; check the token address") from None
    except (Refused, TokenExpired) as refusal:
        raise NeedsReconnect(f"{refusal}; {refused}") from None
    if dig(answer, "error") in REFUSALS:
        raise NeedsReconnect(f"{desk.vendor}: the token endpoint answered with a no; {refused}")
    return answer


def token_in(answer: Any, desk: Desk, *, asked_at: datetime, ceiling: int) -> Token:
    value = dig(answer, "access_token")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise BrokenContract(f"{desk.vendor}: the token answer holds no token")
    seconds = lifetime(dig(answer, "expires_in"), ceiling=ceiling)
    return Token(value=value, expires_at=asked_at + timedelta(seconds=seconds))


def secret(secrets: Mapping[str, str], name: str) -> str:
    value = secrets.get(name, "")
    if not value:
        raise NeedsReconnect(f"The secret '{name}' of this connection is missing; enter it again.")
    return value


def digest(*parts: str) -> str:
    """A short name for values that must not be shown."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def lifetime(expires_in: Any, *, ceiling: int) -> float:
    """Seconds a token is used: the shorter of both promises, less a margin; never nothing."""
    told = re.match(r"\d{1,9}", str(expires_in))
    whole = min(int(told.group()) if told else ceiling, ceiling)
    return max(whole - MARGIN_SECONDS, whole / 2, 1)
