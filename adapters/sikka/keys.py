"""Request keys: bought with the refresh key of an office, or with its secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.rest.answers import dig
from adapters.rest.auth import Ask, Desk, digest, lifetime, secret
from domain.credentials import Token, TokenRequest
from domain.errors import BrokenContract, NeedsReconnect, Refused, TokenExpired

PATH = "/request_key"
REFRESH_KEY = "refresh_key"
_REQUEST = "request_key"
_A_DAY = 86_400
_UNTOLD = 3_600
"""How long a key is used whose end is not told in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKeys:
    """A key for each office and application; what is told of its life is what remains of it."""

    def owner(self, secrets: Mapping[str, str]) -> str:
        return digest(secret(secrets, "app_id"), secret(secrets, "office_id"))

    def token(self, desk: Desk) -> TokenRequest:
        url = desk.address(PATH)
        parts = [desk.secret(name) for name in ("app_id", "app_key", "office_id", "secret_key")]
        return TokenRequest(
            key=f"{desk.vendor}:{digest(url, *parts)}", fetch=lambda: _bought(desk, url)
        )

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]:
        return {"request-key": token.value} if token else {}


def application(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of what is asked for as the application, not as one office."""
    return {"app-id": secret(secrets, "app_id"), "app-key": secret(secrets, "app_key")}


def _bought(desk: Desk, url: str) -> Token:
    """By the refresh key, where one is kept and still taken; else by the office's secret."""
    held = desk.secrets if desk.vault is None else desk.vault.fresh()
    asked_at = desk.clock()
    answer = _refreshed(desk, url, held) or _asked(desk, url, held)
    newer = _told(answer, REFRESH_KEY)
    if desk.vault is not None:
        is_told = isinstance(newer, str) and newer
        # Also where nothing is new: what could not be stored the last time is tried again.
        desk.vault.keep({REFRESH_KEY: newer} if is_told else {})
    value, ends = _told(answer, _REQUEST), str(_told(answer, "expires_in"))
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise BrokenContract(f"{desk.vendor}: the answer holds no request key")
    # "85603 second(s)": what remains, for a key that is still running is handed out again.
    seconds = lifetime(ends, ceiling=_A_DAY if ends[:1].isdigit() else _UNTOLD)
    return Token(value=value.strip(), expires_at=asked_at + timedelta(seconds=seconds))


def _refreshed(desk: Desk, url: str, held: Mapping[str, str]) -> Any:
    """None where there is no refresh key, or it is no longer taken."""
    if not held.get(REFRESH_KEY):
        return None
    try:
        return desk.send(_ask(url, held, {REFRESH_KEY: held[REFRESH_KEY]}, grant=REFRESH_KEY))
    except (Refused, TokenExpired, NeedsReconnect):
        return None


def _asked(desk: Desk, url: str, held: Mapping[str, str]) -> Any:
    office = {name: secret(held, name) for name in ("office_id", "secret_key")}
    try:
        return desk.send(_ask(url, held, office, grant=_REQUEST))
    except (Refused, TokenExpired, NeedsReconnect) as refusal:
        raise NeedsReconnect(f"{refusal}; authorise the practice at Sikka again") from None


def _ask(url: str, held: Mapping[str, str], proof: Mapping[str, str], *, grant: str) -> Ask:
    """The application proves itself in the body here, not in headers."""
    keys = {name: secret(held, name) for name in ("app_id", "app_key")}
    return Ask(method="POST", url=url, name=PATH, json={"grant_type": grant, **proof, **keys})


def _told(answer: Any, name: str) -> Any:
    one = answer[0] if isinstance(answer, list) and answer else answer
    return dig(one, name)
