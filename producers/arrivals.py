"""The outermost door: who really asks, whether they may from there, and over https only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.origins import (
    EVERY_SENDER,
    HERE,
    Address,
    Network,
    address,
    is_among,
    origin,
)

FORWARDED_FOR, FORWARDED_PROTO = "x-forwarded-for", "x-forwarded-proto"
SENDERS: Mapping[str, str] = {
    "/vapi/": "vapi",
    "/twilio/": "twilio",
    "/pms/sikka/webhook/": "sikka",
}
VENDORS = "/webhooks/"
WAYS = (VENDORS, *SENDERS)
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
UNKNOWN = "unknown"
NOT_FROM_THERE = "This address is not reached from where you are; ask whoever runs it."
HTTPS_ONLY = "Only https is answered here."
NO_PROXY = (
    "Only https is answered here, and no trusted proxy says it was used: it has to send "
    "X-Forwarded-Proto, and its address has to be in TRUSTED_PROXIES."
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an operator allows; as it stands, everybody, from everywhere."""

    trusted_proxies: tuple[Network, ...] = HERE
    allowed: tuple[Network, ...] = ()
    webhooks: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)
    https_only: bool = False

    def lists_for(self, path: str) -> tuple[Network, ...]:
        """Where this may be asked for from; nothing listed means from anywhere."""
        sender = sender_of(path)
        if sender is None:
            return self.allowed
        return (*self.webhooks.get(sender, ()), *self.webhooks.get(EVERY_SENDER, ()))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, as far as its way here can be believed."""

    client: Address | None
    is_forwarded: bool
    is_believed: bool
    is_secure: bool


def sender_of(path: str) -> str | None:
    """Whose webhook this is; None for pages and the API."""
    if path.startswith(VENDORS):
        return path.removeprefix(VENDORS).partition("/")[0]
    return next((name for start, name in SENDERS.items() if path.startswith(start)), None)


def way_of(path: str) -> str | None:
    """Where such webhooks arrive, without what anybody may have written after it."""
    return next((start for start in WAYS if path.startswith(start)), None)


class Arrivals:
    """Health and metrics answer whoever reaches the process itself, as probes do."""

    def __init__(self, app: ASGIApp, *, rules: Rules, base_url: str) -> None:
        self._app = app
        self._rules = rules
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrival = self._arrival(scope)
        _note(scope, arrival)
        refusal = self._refusal(scope, arrival)
        await (refusal or self._app)(scope, receive, send)

    def _arrival(self, scope: Scope) -> Arrival:
        headers, peer = Headers(scope=scope), (scope.get("client") or ("", 0))[0]
        chain = headers.getlist(FORWARDED_FOR)
        protos = ",".join(headers.getlist(FORWARDED_PROTO))
        believed = is_among(address(peer), self._rules.trusted_proxies)
        # The last word is that of the proxy nearest to us; what is left of it, anybody's.
        said = protos.rpartition(",")[2].strip().lower() if believed else ""
        return Arrival(
            client=origin(peer, chain, self._rules.trusted_proxies),
            is_forwarded=bool(chain or protos),
            is_believed=believed,
            is_secure=said == "https" or (not said and scope["scheme"] == "https"),
        )

    def _refusal(self, scope: Scope, arrival: Arrival) -> Response | None:
        if scope["path"] in PROBES and not arrival.is_forwarded:
            return None
        listed = self._rules.lists_for(scope["path"])
        if listed and not is_among(arrival.client, listed):
            log.warning("request.refused", reason="from an address that is not listed")
            return _no(NOT_FROM_THERE)
        if self._rules.https_only and not arrival.is_secure:
            return self._sent_away(scope, arrival)
        return None

    def _sent_away(self, scope: Scope, arrival: Arrival) -> Response:
        """A browser is shown the way; a sender of data is told, as it has sent it in the clear."""
        log.warning("request.refused", reason="not over https")
        if not arrival.is_believed or not arrival.is_forwarded:
            return _no(NO_PROXY)
        is_page = "text/html" in Headers(scope=scope).get("accept", "")
        if scope["method"] not in {"GET", "HEAD"} or not is_page or sender_of(scope["path"]):
            return _no(HTTPS_ONLY)
        query = scope["query_string"].decode("latin-1")
        target = quote(scope["path"], safe="/") + (f"?{query}" if query else "")
        return RedirectResponse(self._base_url + target, HTTPStatus.PERMANENT_REDIRECT)


def _note(scope: Scope, arrival: Arrival) -> None:
    """In place: whoever watches from outside reads the same scope."""
    scope["client"] = (str(arrival.client or UNKNOWN), 0)
    scope["scheme"] = "https" if arrival.is_secure else "http"


def _no(detail: str) -> JSONResponse:
    status = HTTPStatus.FORBIDDEN
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
