"""Who is asking: a browser's session with its CSRF token, or a bearer JWT; and may they."""

import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import jwt
from fastapi import Request, Response

from adapters.storage.audit.audit import Access, record
from adapters.storage.people.revoking import standing
from adapters.storage.people.sessions import SESSION_LASTS, Opened, find_session
from domain.accesses import DENIED
from domain.people import Permission, Person, Role
from infra.database import DatabaseAway, dispatch, transaction
from producers.ports import GivenPorts, Ports
from producers.problems import Problem

COOKIE = "pms_sync_session"
OVER_HTTPS = "__Host-"
"""A browser takes a cookie of such a name from this very host alone: a site beside ours could put
another session in the place of somebody's, who would type their patients into it."""

CSRF_HEADER = "x-csrf-token"
SITE_HEADER = "sec-fetch-site"
FROM_THE_PAGE = "This must be done from the page itself."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CLAIMS = ["exp", "sub", "account", "role"]
CLOCK_SKEW_SECONDS = 10


def may(permission: Permission) -> Callable[[Request, Ports], Person]:
    """A dependency: the person asking, who may do this; 401, or 403 with the reason."""

    def allowed(request: Request, ports: GivenPorts) -> Person:
        person = authenticate(request, ports)
        # For the frame of a page that only says what went wrong.
        request.state.person = person
        if request.method not in SAFE_METHODS and person.csrf is not None:
            check_csrf(request, person, request.headers.get(CSRF_HEADER, ""))
        if not person.may(permission):
            _note_refusal(request, ports, person, permission)
            raise Problem(
                HTTPStatus.FORBIDDEN, f"The role '{person.role}' may not do this; ask an owner."
            )
        return person

    return allowed


def _note_refusal(request: Request, ports: Ports, person: Person, permission: Permission) -> None:
    """Whoever tries many doors is worth a look; a refusal stands whether or not it is noted."""
    with transaction(ports.database, account_id=person.account_id) as db:
        record(
            db,
            access_of(request, person),
            account_id=person.account_id,
            action=DENIED,
            summary=f"{permission.value} as {person.role.value}",
            status=HTTPStatus.FORBIDDEN,
            success=False,
        )


def authenticate(request: Request, ports: Ports) -> Person:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _bearer(token.strip(), ports)
    cookie = session_cookie(request, ports)
    person = _session(cookie, ports) if cookie else None
    if person is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "Sign in first: 'pms-sync login-link' prints a link, or send a bearer token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return person


def whoever(request: Request) -> Person | None:
    """Who looks at an address that asks nobody, for the frame around what is said there."""
    ports: Ports = request.app.state.ports
    cookie = session_cookie(request, ports)
    try:
        return _session(cookie, ports) if cookie else None
    except DatabaseAway:
        return None


def check_csrf(request: Request, person: Person, given: str) -> None:
    """A page of ours knows the session's token; another site's page does not."""
    check_origin(request)
    if not hmac.compare_digest(given.encode(), (person.csrf or "").encode()):
        raise Problem(
            HTTPStatus.FORBIDDEN, "The page's security token is missing or old; reload the page."
        )


def check_origin(request: Request) -> None:
    """Browsers say which kind of site a request comes from; ours only."""
    if request.headers.get(SITE_HEADER, "same-origin") not in {"same-origin", "none"}:
        raise Problem(HTTPStatus.FORBIDDEN, FROM_THE_PAGE)


def check_signs_in(request: Request, ports: Ports) -> None:
    """Nobody is signed in by another site's page, also in browsers that say only its address.

    There is no session yet whose token could prove it. What names no address is no browser.
    """
    check_origin(request)
    ours = {_origin(ports.base_url), _origin(str(request.url))}
    told = request.headers.get("origin")
    if SITE_HEADER not in request.headers and told is not None and told not in ours:
        raise Problem(HTTPStatus.FORBIDDEN, FROM_THE_PAGE)


def _origin(url: str) -> str:
    """As browsers write it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def session_cookie(request: Request, ports: Ports) -> str:
    """The token of the browser's session, or nothing."""
    return request.cookies.get(_cookie_name(ports), "")


def set_cookie(response: Response, opened: Opened, ports: Ports) -> None:
    response.set_cookie(
        _cookie_name(ports),
        opened.token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=ports.is_secure,
        path="/",
    )


def forget_cookie(response: Response, ports: Ports) -> None:
    response.delete_cookie(
        _cookie_name(ports), httponly=True, samesite="lax", secure=ports.is_secure, path="/"
    )


def _cookie_name(ports: Ports) -> str:
    """Over https nobody's but ours."""
    return f"{OVER_HTTPS}{COOKIE}" if ports.is_secure else COOKIE


def access_of(request: Request, person: Person) -> Access:
    """What an audit row says of this request; the route and not the address, which may hold ids."""
    started = getattr(request.state, "started", time.perf_counter())
    route = request.scope.get("route")
    return Access(
        user=person.name,
        endpoint=getattr(route, "path", request.url.path),
        method=request.method,
        ip_address=_ip(request),
        user_agent=request.headers.get("user-agent"),
        trace_id=getattr(request.state, "request_id", None),
        elapsed_ms=lambda: round((time.perf_counter() - started) * 1000),
    )


def _session(token: str, ports: Ports) -> Person | None:
    with dispatch(ports.database) as db:
        return find_session(db, token, now=ports.clock())


def _bearer(token: str, ports: Ports) -> Person:
    try:
        claims = signed_claims(token, ports, options={"require": CLAIMS}, leeway=CLOCK_SKEW_SECONDS)
        person = Person(
            account_id=_text(claims["account"]),
            name=_text(claims["sub"]),
            role=Role(claims["role"]),
        )
    except (jwt.InvalidTokenError, ValueError):
        raise _refused(
            "The bearer token is not valid: HS256 with exp, sub, account and a known role."
        ) from None
    with dispatch(ports.database) as db:
        found = standing(db, person.account_id, person.name)
    if found is None:
        raise _refused("The bearer token names an account that is not here; make it first.")
    if not found.takes(claims.get("iat")):
        raise _refused("The bearer token was called back; make another with 'pms-sync token'.")
    if found.is_shut_out:
        raise _refused("Whom the bearer token names was shut out; ask whoever runs it.")
    return person


def signed_claims(token: str, ports: Ports, **rules: Any) -> dict[str, Any]:
    """What it says, under the secret or one that is believed beside it while it is changed."""
    for secret in ports.jwt_secrets_old:
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(token, secret, algorithms=["HS256"], **rules)
    return jwt.decode(token, ports.jwt_secret, algorithms=["HS256"], **rules)


def _text(claim: object) -> str:
    """Of whole characters without a NUL: what the database could not hold, it names nobody."""
    found = str(claim)
    if b"\0" in found.encode():
        raise ValueError("a claim holds a NUL")
    return found


def _refused(sentence: str) -> Problem:
    told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Problem(HTTPStatus.UNAUTHORIZED, sentence, headers=told)


def _ip(request: Request) -> str | None:
    """Where it comes from, when that is an address and not a socket's or a test's name."""
    try:
        return str(ip_address(request.client.host)) if request.client else None
    except ValueError:
        return None
