"""What the contract checks are made of: recorded exchanges, played back over a mock transport."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from adapters import pms
from adapters.pms import modules, open_vendor, registered
from adapters.rest.answers import dig
from adapters.rest.ports import Ports
from adapters.rest.vendor import Vendor
from domain.appointments import Appointment
from domain.connections import Connection, KnownType
from domain.credentials import Token, TokenRequest
from domain.errors import Transient
from domain.limits import Budget, Outlook
from domain.sources import AppointmentSource, Page, Query
from domain.window import Window

FIXTURES = Path(__file__).parents[1] / "fixtures" / "pms"
NOW = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class MockSender:
    """The engine's sender over httpx with a mock transport; keeps what was sent."""

    handler: Handler
    requests: list[httpx.Request] = field(default_factory=list)

    def send(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        auth: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        body: dict[str, Any] = {"json": json, "data": form, "content": content, "auth": auth}
        with httpx.Client(transport=httpx.MockTransport(self._answer)) as client:
            try:
                answer = client.request(method, url, headers=headers, **body)
            except httpx.TransportError:
                raise Transient("the line dropped") from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(answer.status_code, headers, answer.content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)


@dataclass(slots=True)
class FakeThrottle:
    """Grants everything and remembers it; `refuse` is raised instead when set."""

    spends: list[tuple[Budget, ...]] = field(default_factory=list)
    holders: set[str] = field(default_factory=set)
    voices: set[bool] = field(default_factory=set)
    pauses: list[tuple[str, float]] = field(default_factory=list)
    observed: list[Mapping[str, Any]] = field(default_factory=list)
    refuse: Exception | None = None

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        if self.refuse is not None:
            raise self.refuse
        self.spends.append(tuple(budgets))
        self.holders.add(holder)
        self.voices.add(voice)
        return NOW

    def pause(self, bucket: str, *, seconds: float) -> None:
        self.pauses.append((bucket, seconds))

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        told = {"limit": limit, "remaining": remaining, "reset_seconds": reset_seconds}
        self.observed.append({"bucket": bucket, **told})

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        raise NotImplementedError


@dataclass(slots=True)
class FakeTokens:
    """Buys once for each key and keeps it; counts what was renewed."""

    kept: dict[str, Token] = field(default_factory=dict)
    renewals: int = 0

    def current(self, request: TokenRequest) -> Token:
        if request.key not in self.kept:
            self.kept[request.key] = request.fetch()
        return self.kept[request.key]

    def proactive(self, request: TokenRequest) -> bool:
        return False

    def renewed(self, request: TokenRequest, *, refused: Token) -> Token:
        self.renewals += 1
        self.kept[request.key] = request.fetch()
        return self.kept[request.key]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A vendor's test as data: its connection, recorded exchanges and the rows they become."""

    vendor: Vendor
    told: Mapping[str, Any]

    @property
    def connection(self) -> Connection:
        told = dict(self.told["connection"])
        types = {key: KnownType(**one) for key, one in told.pop("types", {}).items()}
        marked = frozenset(told.pop("telehealth_types", ()))
        return Connection(
            id=UUID(int=1),
            account_id="acc-1",
            vendor=self.vendor.name,
            types=types,
            telehealth_types=marked,
            **told,
        )

    @property
    def window(self) -> Window:
        start, end = (datetime.fromisoformat(self.told["window"][key]) for key in ("start", "end"))
        return Window(start, end)

    @property
    def exchanges(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.told["exchanges"]
        return found

    @property
    def listed(self) -> list[Mapping[str, Any]]:
        """The exchanges that bring pages of appointments, in order."""
        return [one for one in self.exchanges if one.get("is") == "page"]

    @property
    def refusal(self) -> Mapping[str, Any]:
        """How this vendor refuses a token."""
        found: Mapping[str, Any] = self.told.get("refusal", {"status": 401, "json": {}})
        return found


@cache
def fixture(name: str) -> Fixture:
    return Fixture(registered()[name], json.loads(fixture_file(name).read_text()))


def fixture_file(name: str) -> Path:
    """Among ours; of a PMS that another package describes, beside its module."""
    module = modules()[name]
    if module.__name__.startswith(f"{pms.__name__}."):
        return FIXTURES / f"{name}.json"
    return Path(str(module.__file__)).with_suffix(".json")


def matches(exchange: Mapping[str, Any], request: httpx.Request) -> bool:
    """Method, path, and every query value the exchange names; null means it must be absent.

    A list is all that a repeated parameter says. `asks` is the same of a JSON body, by dotted
    paths; `contains` is a text of any body, where one address serves everything.
    """
    if exchange.get("method", "GET") != request.method or exchange["path"] != request.url.path:
        return False
    return _is_asked(exchange, request) and all(
        request.url.params.get_list(key) == value
        if isinstance(value, list)
        else request.url.params.get(key) == value
        for key, value in exchange.get("query", {}).items()
    )


def _is_asked(exchange: Mapping[str, Any], request: httpx.Request) -> bool:
    """Whether the body is what the exchange answers, as far as it says."""
    if exchange.get("contains", "").encode() not in request.content:
        return False
    wanted = exchange.get("asks", {})
    told = json.loads(request.content) if wanted else None
    return all(dig(told, path) == value for path, value in wanted.items())


def names(request: httpx.Request, text: str) -> bool:
    """Whether that is asked for, be it in the address or in the body."""
    return text in str(request.url) or text.encode() in request.content


def answer(exchange: Mapping[str, Any]) -> httpx.Response:
    headers, status = exchange.get("headers", {}), exchange.get("status", 200)
    if "json" not in exchange:
        content = exchange.get("text", "").encode()
        return httpx.Response(status, headers=headers, content=content)
    return httpx.Response(status, headers=headers, json=exchange["json"])


def playing(exchanges: Sequence[Mapping[str, Any]]) -> Handler:
    """Answers as recorded; a request nobody recorded fails the test by name of its path."""

    def handler(request: httpx.Request) -> httpx.Response:
        for exchange in exchanges:
            if matches(exchange, request):
                return answer(exchange)
        told = f"{request.method} {request.url} {request.content.decode(errors='replace')}"
        raise AssertionError(f"nothing recorded for {told.strip()}")

    return handler


def is_token(told: Fixture, request: httpx.Request) -> bool:
    tokens = [one for one in told.exchanges if one.get("is") == "token"]
    return any(matches(one, request) for one in tokens)


def is_page(told: Fixture, request: httpx.Request) -> bool:
    """Whichever page it is; where one address serves everything, what is asked for tells."""
    return any(matches({**one, "query": {}, "asks": _kind(one)}, request) for one in told.listed)


def _kind(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a body asks for, without its parameters."""
    asks: Mapping[str, Any] = page.get("asks", {})
    return {path: value for path, value in asks.items() if "." not in path}


@dataclass(slots=True)
class Stage:
    """A vendor on its fixture, with everything around it fake."""

    told: Fixture
    handler: Handler | None = None
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    now: datetime = NOW
    sender: MockSender = field(init=False)

    def __post_init__(self) -> None:
        self.sender = MockSender(self.handler or playing(self.told.exchanges))

    @property
    def ports(self) -> Ports:
        return Ports(
            sender=self.sender,
            tokens=self.tokens,
            throttle=self.throttle,
            clock=lambda: self.now,
        )

    def source(self, connection: Connection | None = None) -> AppointmentSource:
        return open_vendor(
            self.told.vendor,
            connection or self.told.connection,
            secrets=self.told.told["secrets"],
            ports=self.ports,
        )

    def queries(self, source: AppointmentSource) -> Sequence[Query]:
        practitioners = source.practitioners()
        source.types()
        return source.queries(self.told.window, practitioners)

    def pages(self) -> Iterator[Page]:
        source = self.source()
        for query in self.queries(source):
            yield from source.pages(query)

    def rows(self) -> list[Appointment]:
        return [row for page in self.pages() for row in page.records]


def changed(
    told: Fixture, when: Callable[[httpx.Request], bool], respond: Callable[[], httpx.Response]
) -> Handler:
    """The recording, but `respond` answers the requests picked by `when`."""
    recorded = playing(told.exchanges)
    return lambda request: respond() if when(request) else recorded(request)


def once(when: Callable[[httpx.Request], bool]) -> Callable[[httpx.Request], bool]:
    """True the first time only."""
    left = [True]

    def first(request: httpx.Request) -> bool:
        if left and when(request):
            left.clear()
            return True
        return False

    return first


def at(body: Any, path: str) -> Any:
    for step in path.split(".") if path else []:
        body = body[step]
    return body


def with_first_page(told: Fixture, change: Callable[[Any], Any]) -> Fixture:
    """The fixture with the body of its first page of appointments changed."""
    first = told.listed[0]
    body = change(json.loads(json.dumps(first["json"])))
    exchanges = [{**one, "json": body} if one is first else one for one in told.exchanges]
    return replace(told, told={**told.told, "exchanges": exchanges})


def is_shown_twice(at: datetime) -> bool:
    """Whether the clock there shows this hour again, set back."""
    again = at.replace(fold=1).astimezone(UTC)
    return at.replace(fold=0).astimezone(UTC) < again


def is_never_shown(at: datetime) -> bool:
    """Whether the clock there is set forward past this hour."""
    return at.replace(fold=0).astimezone(UTC) > at.replace(fold=1).astimezone(UTC)


def as_row(row: Appointment) -> dict[str, Any]:
    """A row as fixtures write it."""
    return {
        "pms_id": row.pms_id,
        "start": row.start.isoformat(),
        "minutes": row.duration_minutes,
        "status": row.status.value,
        "status_raw": row.status_raw,
        "is_telehealth": row.is_telehealth,
        "type": row.type_name,
        "patient_id": row.patient_id,
        "patient": row.patient.full_name if row.patient else None,
        "phone": row.patient.phone if row.patient else None,
        "email": row.patient.email if row.patient else None,
        "born": row.patient.date_of_birth if row.patient else None,
        "practitioner_id": row.practitioner_id,
        "practitioner": row.practitioner_name,
        "notes": row.notes,
        "flags": sorted(row.flags),
        "removed": row.removed,
    }
