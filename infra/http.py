"""The one way out: HTTP requests to listed hosts, bounded in time and size, quoting nothing."""

import json as jsonlib
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

import httpx
import structlog

from domain.errors import BadInput, BrokenContract, Refused, Transient
from infra.bodies import Pairs, basic, unpacked, with_params, written
from infra.holding import at_the_last_moment
from infra.network import Address, Transport, deadline, is_public
from infra.vendor_urls import is_loopback

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0
LARGEST_ANSWER = 8 * 1024 * 1024

TLS_VERSIONS: Mapping[str, ssl.TLSVersion] = MappingProxyType(
    {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
)
DEFAULT_PORTS = {"https": 443, "http": 80}
BODILESS = frozenset({204, 304})
REDIRECTS = frozenset({301, 302, 303, 307, 308})

log = structlog.get_logger(__name__)


class NotSent(Transient):
    """The request certainly never left: even a booking may be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the body unread."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        try:
            return jsonlib.loads(self.body)
        except ValueError:
            raise BrokenContract(f"an answer with status {self.status} is not JSON") from None


class Client:
    """Sends requests; pooled, shared between threads, closed with the process.

    `hosts` are names, name:port where only that port is meant, or *.name for all names below it.
    Addresses of this machine and,
    for http, this machine alone need `allow_loopback_http`; names that live in a private network
    are listed in `private_hosts`.
    """

    def __init__(  # noqa: PLR0913 - the bounds of everything that leaves
        self,
        hosts: Collection[str],
        user_agent: str,
        *,
        allow_loopback_http: bool = False,
        private_hosts: Collection[str] = (),
        minimum_tls: Literal["1.2", "1.3"] = "1.3",
        ca_file: Path | None = None,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        largest_answer: int = LARGEST_ANSWER,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._private = frozenset(host.lower() for host in private_hosts)
        self._loopback = allow_loopback_http
        self._total = total_seconds
        self._largest = largest_answer
        self._client = httpx.Client(
            transport=transport
            or Transport(tls=_tls(minimum_tls, ca_file, sorted(hosts)), allows=self._may_reach),
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
            # Shared by practices: what one is given to be known by must not go with another's.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def send(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Pairs | None = None,
        json: Any | None = None,
        form: Pairs | None = None,
        content: bytes | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """One request, sent once; a GET may be sent on to another path of the same host, once.

        `content` is a body as it is; its headers say what it is.
        """
        target = self._allowed(method, with_params(url, params))
        body, kind = (content, {}) if content is not None else written(json, form)
        request = self._client.build_request(
            method, target, headers=kind, content=body, extensions={**at_the_last_moment(method)}
        )
        if auth is not None:
            request.headers["Authorization"] = basic(*auth)
        request.headers.update(headers or {})
        with deadline(self._total):
            answer = self._exchange(request)
            onward = self._onward(request, answer)
            return answer if onward is None else self._exchange(onward)

    def post_for_head(self, url: str, *, headers: Mapping[str, str], content: bytes) -> Answer:
        """How a POST is answered; nothing that comes after the headers of the answer is read."""
        target = self._allowed("POST", url)
        request = self._client.build_request(
            "POST",
            target,
            headers=headers,
            content=content,
            extensions={**at_the_last_moment("POST")},
        )
        with deadline(self._total), _named(request), self._answering(request) as response:
            return Answer(status=response.status_code, headers=_lower(response), body=b"")

    def _exchange(self, request: httpx.Request) -> Answer:
        with _named(request), self._answering(request) as response:
            # A transport of a test answers with a body that was read beforehand.
            read_already = response.is_stream_consumed
            body = unpacked(
                [response.content] if read_already else response.iter_raw(),
                encoding="" if read_already else response.headers.get("content-encoding", ""),
                largest=self._largest,
            )
            _let_go_if_more_comes(response)
        return Answer(status=response.status_code, headers=_lower(response), body=body)

    def _answering(self, request: httpx.Request) -> closing[httpx.Response]:
        """The head of an answer; the line is let go of whatever becomes of its body."""
        return closing(self._client.send(request, stream=True))

    def _onward(self, request: httpx.Request, answer: Answer) -> httpx.Request | None:
        """Where a GET was sent on to, when that is the same host; anything else is the caller's."""
        where = answer.headers.get("location")
        if request.method != "GET" or answer.status not in REDIRECTS or not where:
            return None
        try:
            target = request.url.join(where)
        except httpx.InvalidURL:
            return None
        if _origin(target) != _origin(request.url) or target.userinfo:
            return None
        return httpx.Request("GET", target, headers=request.headers, extensions=request.extensions)

    def _allowed(self, method: str, url: str) -> httpx.URL:
        try:
            target = httpx.URL(url)
        except httpx.InvalidURL:
            raise BadInput(f"{method}: not a URL") from None
        host = target.host
        if target.userinfo or not self._hosts & _listings(host, _port(target)):
            raise Refused(f"{method} {host}: this host is not on the list")
        if target.scheme == "https" or (
            target.scheme == "http" and self._loopback and is_loopback(host)
        ):
            return target
        raise Refused(f"{method} {host}: only https may be used")

    def _may_reach(self, host: str, address: Address) -> bool:
        if host in self._private or is_public(address):
            return True
        return address.is_loopback and self._loopback


@contextmanager
def _named(request: httpx.Request) -> Iterator[None]:
    """Errors of the wire, by what happens next, with the method and the host and nothing else."""
    name = f"{request.method} {request.url.host}"
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NotSent(f"{name}: {_said(error)}") from None
    except httpx.TransportError as error:
        raise Transient(f"{name}: {_said(error)}") from None
    except httpx.InvalidURL:
        raise BrokenContract(f"{name}: sends us on to what is no address") from None
    except BrokenContract as error:
        raise BrokenContract(f"{name}: {error}") from None
    except Refused as error:
        raise Refused(f"{name}: {error}") from None


def _let_go_if_more_comes(response: httpx.Response) -> None:
    """What has no body by its status may be sent one, with which the next answer would begin.

    Sikka's table of errors has a 204 that comes with words.
    """
    more = response.headers.get("content-length", "0") != "0"
    if response.status_code in BODILESS and more and "network_stream" in response.extensions:
        response.extensions["network_stream"].close()


def _lower(response: httpx.Response) -> Mapping[str, str]:
    return MappingProxyType({name.lower(): text for name, text in response.headers.items()})


def _said(error: httpx.TransportError) -> str:
    """What went wrong in words of ours; theirs may quote what was sent."""
    if isinstance(error, httpx.TimeoutException):
        return "took too long"
    if isinstance(error, httpx.ConnectError):
        return _why_unreached(error)
    return "the connection broke"


def _why_unreached(error: BaseException) -> str:
    """Where it is there, and only the handshake fails, nobody should look for it in the network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted here"
        if isinstance(cause, ssl.SSLError):
            return "does not agree on TLS, of which it may speak an older version than is allowed"
        cause = cause.__cause__ or cause.__context__
    return "cannot be reached"


def _listings(host: str, port: int | None) -> frozenset[str]:
    """What in a list of hosts would allow this one."""
    labels = host.split(".")
    above = (".".join(labels[depth:]) for depth in range(1, len(labels)))
    return frozenset({host, f"{host}:{port}", *(f"*.{name}" for name in above)})


def _port(url: httpx.URL) -> int | None:
    return url.port or DEFAULT_PORTS.get(url.scheme)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, _port(url)


def _tls(minimum: str, ca_file: Path | None, hosts: list[str]) -> ssl.SSLContext:
    if minimum != "1.3":
        log.warning("http.tls_lowered", host=", ".join(hosts), minimum_tls=minimum)
    return _context(minimum, ca_file)


@cache
def _context(minimum: str, ca_file: Path | None) -> ssl.SSLContext:
    """One for all clients of a process: reading whom the machine trusts takes 50 ms of CPU."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.minimum_version = TLS_VERSIONS[minimum]
    return context
