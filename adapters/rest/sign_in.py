"""OAuth2 by authorisation code: a person signs in once, refresh tokens do from then on."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

from adapters.rest.answers import dig
from adapters.rest.auth import Ask, Desk, digest, secret, sold, token_in
from domain.credentials import Token, TokenRequest
from domain.errors import BadInput, NeedsReconnect
from infra.vendor_urls import url_problem

GRANT = "grant"
"""The secret that names one sign-in; random, so that it also guards the token bought with it."""

REFRESH = "refresh_token"
"""The secret that goes on with a sign-in; most vendors give a new one each time it is used."""

ONCE = ("code", "verifier", "redirect_uri")
"""The secrets of a sign-in that nobody has used yet."""

SIGNED_IN = frozenset({GRANT, REFRESH, *ONCE})
"""All that a sign-in leaves among a connection's secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Addresses and scopes; those a vendor publishes to its partners only are settings instead.

    `authorize_url` and `scopes` may come from the settings of that name, the token address from
    the connection. Without them, and a client id, nobody is offered it.
    """

    authorize_url: str = ""
    token_url: str = ""
    scopes: str = ""
    sent_as: Literal["basic", "form"] = "form"
    ceiling_seconds: int = 3600
    buckets: tuple[str, ...] = ("default",)

    def is_in(self, secrets: Mapping[str, str]) -> bool:
        """Whether a person has signed in."""
        return bool(secrets.get(GRANT))

    def is_offered(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], *, token_url: str | None
    ) -> bool:
        """Whether the operator has set up all that it takes."""
        page = settings.get("authorize_url") or self.authorize_url
        return bool(page and secrets.get("client_id") and (token_url or self.token_url))

    def page(
        self, settings: Mapping[str, Any], *, client_id: str, redirect_uri: str, begun: "Begun"
    ) -> str:
        """Where the person's browser is sent."""
        page = str(settings.get("authorize_url") or self.authorize_url)
        problem = url_problem(page, production=False)
        if problem:
            raise BadInput(f"authorize_url {problem}.")
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": str(settings.get("scopes") or self.scopes),
            "state": begun.state,
            "code_challenge": challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        return f"{page}?{urlencode({name: value for name, value in query.items() if value})}"

    def owner(self, secrets: Mapping[str, str]) -> str:
        return digest(secret(secrets, "client_id"))

    def token(self, desk: Desk) -> TokenRequest:
        url = desk.address(self.token_url)
        parts = (desk.secret("client_id"), desk.secrets.get("client_secret", ""))
        key = digest(url, *parts, desk.secret(GRANT))
        return TokenRequest(key=f"{desk.vendor}:{key}", fetch=lambda: self._bought(desk, url))

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token.value}"} if token else {}

    def _bought(self, desk: Desk, url: str) -> Token:
        """One process at a time is here: whoever was before may have used up our refresh token."""
        if desk.vault is None:
            raise BadInput("A sign-in is kept among the stored secrets; store them first.")
        held, asked_at = desk.vault.fresh(), desk.clock()
        answer = sold(desk, self._ask(url, held), refused="the sign-in is over; sign in again")
        read = partial(token_in, answer, desk, asked_at=asked_at, ceiling=self.ceiling_seconds)
        newer = dig(answer, REFRESH)
        used_up: dict[str, str | None] = {name: None for name in ONCE if name in held}
        if isinstance(newer, str) and newer:
            # Before the token beside it is looked at: what bought this answer is good no more.
            desk.vault.keep({**used_up, REFRESH: newer})
            return read()
        token = read()
        # Also where nothing is new: what could not be stored the last time is tried again.
        desk.vault.keep(used_up)
        return token

    def _ask(self, url: str, held: Mapping[str, str]) -> Ask:
        client = {key: held[key] for key in ("client_id", "client_secret") if held.get(key)}
        basic = self.sent_as == "basic" and len(client) > 1
        return Ask(
            method="POST",
            url=url,
            name="the token endpoint",
            buckets=self.buckets,
            basic=(client["client_id"], client["client_secret"]) if basic else None,
            form={**_grant(held), **({} if basic else client)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in on its way: what comes back with the person, and what proves it was ours."""

    state: str
    verifier: str


def challenge(verifier: str) -> str:
    """What the vendor is shown of the verifier before it gets to see it (RFC 7636)."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(hashed).rstrip(b"=").decode()


def _grant(held: Mapping[str, str]) -> Mapping[str, str]:
    """The code the first time, the refresh token from then on."""
    if held.get("code"):
        return {
            "grant_type": "authorization_code",
            "code": held["code"],
            "code_verifier": held.get("verifier", ""),
            "redirect_uri": held.get("redirect_uri", ""),
        }
    if not held.get(REFRESH):
        raise NeedsReconnect("The sign-in is over; sign in again.")
    return {"grant_type": "refresh_token", REFRESH: held[REFRESH]}
