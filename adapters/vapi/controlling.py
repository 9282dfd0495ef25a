"""Acts on a phone call under way: asks Vapi, and nobody else, to pass it on."""

from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from domain.errors import SyncError
from infra.http import Client
from infra.vendor_urls import is_loopback

HOST = "vapi.ai"
SECONDS = 4.0
LARGEST_ANSWER = 64 * 1024
USER_AGENT = "pms-sync/0.1 (support@pms-sync.invalid)"
SAID = "I am connecting you now."

log = structlog.get_logger()

OpenClient = Callable[[str], Client]


class LiveCallControl:
    """Implements `domain.tools.CallControl`.

    A control URL comes with a message and is a key to the call: it is never logged, and only
    posted to where it is Vapi's own, or at the address that was configured for Vapi.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        is_production: bool = False,
        opens: OpenClient | None = None,
    ) -> None:
        self._configured = urlsplit(base_url) if base_url else None
        self._local = not is_production
        self._opens = opens or self._client

    def transfer(self, control_url: str, number: str) -> bool:
        """Whether Vapi took it; the caller hears how it went on either way."""
        host = self._host(control_url)
        if host is None:
            log.warning("control.refused")
            return False
        body = {
            "type": "transfer",
            "destination": {"type": "number", "number": number},
            "content": SAID,
        }
        try:
            with self._opens(host) as client:
                answer = client.send("POST", control_url, json=body)
        except SyncError as problem:
            log.warning("control.failed", error_kind=problem.kind)
            return False
        return answer.status < 300  # noqa: PLR2004 - any success

    def _host(self, url: str) -> str | None:
        """The host and port to post to, where they may be posted to."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        host = (parts.hostname or "").lower()
        if parts.username is not None or parts.password is not None:
            return None
        ours = self._configured
        if ours is not None and (parts.scheme, host, port) == (
            ours.scheme,
            ours.hostname,
            ours.port,
        ):
            return host
        is_vapis = host == HOST or host.endswith(f".{HOST}")
        return host if is_vapis and parts.scheme == "https" and port in {None, 443} else None

    def _client(self, host: str) -> Client:
        return Client(
            {host},
            USER_AGENT,
            allow_loopback_http=self._local and is_loopback(host),
            read_seconds=SECONDS,
            total_seconds=SECONDS,
            largest_answer=LARGEST_ANSWER,
        )
