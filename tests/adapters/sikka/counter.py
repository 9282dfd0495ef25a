"""A desk opened over answers written down beforehand; the key and the office are always there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from adapters.pms import vendor
from adapters.rest.ports import Ports
from domain.connections import Connection
from domain.desk import PracticeDesk
from tests.contract.kit import FakeThrottle, FakeTokens, MockSender

NOW = datetime(2026, 6, 2, 14, 0, tzinfo=UTC)
SECRETS = {
    "app_id": "a-example",
    "app_key": "k-example",
    "office_id": "D90001",
    "secret_key": "s-example",
}
KEY = {"request_key": "tok-1", "expires_in": "86000 second(s)", "refresh_key": "tok-r"}

Answers = Mapping[str, Any]
Respond = Callable[[httpx.Request], httpx.Response]


def listed(*items: Mapping[str, Any]) -> dict[str, Any]:
    return {"offset": "0", "limit": "50", "pagination": {"next": ""}, "items": list(items)}


def taken(number: int = 275495) -> dict[str, str]:
    return {
        "http_code": "201",
        "error_code": "API2016",
        "long_message": f"Id:{number}",
        "more_information": f"https://api.example/v4/writeback_status?id={number}",
    }


def failure(status: int, code: str, *, said: str = "Canary Example") -> httpx.Response:
    body = {"http_code": str(status), "error_code": code, "long_message": said}
    return httpx.Response(status, json=body)


@dataclass
class Counter:
    """`answers` by "METHOD path": a body, a response, or what makes one of the request."""

    answers: dict[str, Any]
    pms: str = "Dentrix G6"
    settings: Mapping[str, Any] = field(default_factory=dict)
    opening_hours: Mapping[str, Any] = field(default_factory=dict)
    voice: bool = True
    site: str = "D90001:1"
    timezone: str = "America/New_York"
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    sender: MockSender = field(init=False)
    desk: PracticeDesk = field(init=False)

    def __post_init__(self) -> None:
        self.sender = MockSender(self._answer)
        ports = Ports(
            sender=self.sender,
            tokens=FakeTokens(),
            throttle=self.throttle,
            clock=lambda: NOW,
            voice=self.voice,
        )
        connection = Connection(
            id=UUID(int=1),
            account_id="a",
            vendor="sikka",
            site=self.site,
            timezone=self.timezone,
            pms_type=self.pms,
            settings=self.settings,
            opening_hours=self.opening_hours,
        )
        described = vendor("sikka")
        assert described.desk is not None
        self.desk = described.desk(described, connection, secrets=SECRETS, ports=ports)

    def asked(self, path: str, *, method: str = "GET") -> list[httpx.Request]:
        wanted = f"/v4{path}"
        found = [one for one in self.sender.requests if one.method == method]
        return [one for one in found if one.url.path == wanted]

    def said(self, method: str, path: str) -> dict[str, Any]:
        """The body of the one write that left."""
        (request,) = self.asked(path, method=method)
        body: dict[str, Any] = json.loads(request.content)
        return body

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v4")
        if path == "/request_key":
            return httpx.Response(200, json=KEY)
        found = self.answers.get(f"{request.method} {path}")
        if found is None and path == "/supported_pmses":
            return httpx.Response(204)
        if found is None:
            raise AssertionError(f"nothing written down for {request.method} {request.url}")
        answer = found(request) if callable(found) else found
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
