"""Posts a signed message to an endpoint: to public addresses only, over https, never redirected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from adapters.rest.waits import asked_pause
from domain.credentials import SecretStore
from domain.errors import BadInput
from domain.outgoing import BOTH_VALID_FOR, Message, Reply, signed
from infra.http import Answer, Client
from infra.vendor_urls import is_loopback

USER_AGENT = "pms-sync/0.1 (webhooks)"
READ_SECONDS, TOTAL_SECONDS = 15.0, 20.0
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
LONGEST_URL, LONGEST_NAME, LONGEST_LABEL = 500, 253, 63
SECRET = "secret"  # noqa: S105 - the name it lies under
MOST_BEFORE = 8
NAMES_BEFORE = (
    ("before", "before_until"),
    *((f"before_{number}", f"before_{number}_until") for number in range(2, MOST_BEFORE + 1)),
)
"""What is kept with the secret in force: each one before it, and until when it holds."""


def checked_url(url: str, *, is_production: bool) -> str:
    """The address, or one sentence; where a name leads is looked at whenever it is asked for."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadInput("The address is not a URL.") from None
    host = parts.hostname or ""
    allowed = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(host) and not is_production
    )
    if not allowed or not host or len(url) > LONGEST_URL or not url.isascii():
        raise BadInput("The address must be a full URL that starts with https://.")
    if parts.username is not None or parts.fragment:
        raise BadInput("The address must hold no user name and no fragment.")
    if not _is_spelt(url, host):
        raise BadInput("The address holds a host that is no name; check how it is spelt.")
    return url


def valid_secrets(values: Mapping[str, str], *, at: datetime) -> list[str]:
    """The secret in force, and those before it for as long as they are."""
    return [values[SECRET], *(secret for secret, _ in _before(values, at=at))]


def rotated(values: Mapping[str, str], secret: str, *, at: datetime) -> dict[str, str]:
    """Another secret, beside each that was in force within the last 24 hours, newest first."""
    held = [(values[SECRET], (at + BOTH_VALID_FOR).isoformat()), *_before(values, at=at)]
    if len(held) > MOST_BEFORE:
        raise BadInput("The secret was changed too often within a day; try again tomorrow.")
    told = {SECRET: secret}
    for (name, name_until), (one, until) in zip(NAMES_BEFORE, held, strict=False):
        told |= {name: one, name_until: until}
    return told


def _before(values: Mapping[str, str], *, at: datetime) -> list[tuple[str, str]]:
    return [
        (values[name], values[until])
        for name, until in NAMES_BEFORE
        if until in values and at < datetime.fromisoformat(values[until])
    ]


def _is_spelt(url: str, host: str) -> bool:
    """Whether whoever sends can ask for the host, and asks for this very one."""
    try:
        target = httpx.URL(url)
        _ = target.host  # what begins with xn-- is read only here
    except (httpx.InvalidURL, ValueError):
        return False
    if target.raw_host.decode() != host:
        return False
    labels = host.removesuffix(".").split(".")
    is_address = ":" in host
    return is_address or (
        len(host) <= LONGEST_NAME and all(0 < len(label) <= LONGEST_LABEL for label in labels)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """One request a message; the secret is read anew, for it may have been rotated."""

    secrets: SecretStore = field(repr=False)
    clock: Callable[[], datetime]
    is_production: bool = False

    def __call__(self, message: Message) -> Reply:
        at = self.clock()
        self.secrets.forget(message.secret_ref)
        valid = valid_secrets(self.secrets.get(message.secret_ref), at=at)
        url = checked_url(message.url, is_production=self.is_production)
        headers = {**signed(message, valid, at=at), "Content-Type": "application/json"}
        with self._client(url) as client:
            answer = client.post_for_head(url, headers=headers, content=message.body())
        return Reply(status=answer.status, pause=self._pause(answer))

    def _pause(self, answer: Answer) -> timedelta | None:
        seconds = asked_pause(answer.headers, now=self.clock()) if answer.status in BUSY else None
        return None if seconds is None else timedelta(seconds=seconds)

    def _client(self, url: str) -> Client:
        host = httpx.URL(url).host  # as the client reads it, for one that begins with xn--
        return Client(
            {host},
            USER_AGENT,
            allow_loopback_http=is_loopback(host) and not self.is_production,
            read_seconds=READ_SECONDS,
            total_seconds=TOTAL_SECONDS,
        )
