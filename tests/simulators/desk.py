"""A small honest client, just enough to ask the simulator what its document promises."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from simulators.gentu import GentuSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup

DAYS = (date(2026, 6, 2), date(2026, 6, 3))
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares every client reading the root store
WHOLE = {"fromDate": "2026-06-02T00:00:00+10:00", "toDate": "2026-06-04T00:00:00+10:00"}


@dataclass
class Desk:
    url: str
    simulator: GentuSimulator
    http: httpx.Client
    tenant: str

    def token(self) -> str:
        keys = self.simulator.credentials
        reply = self.http.post(
            "/oauth2/token",
            auth=(keys.client_id, keys.client_secret),
            data={"grant_type": "client_credentials"},
        )
        return str(reply.json()["access_token"])

    def sign(self) -> None:
        self.http.headers["Authorization"] = f"Bearer {self.token()}"

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"/tenants/{self.tenant}{path}", params=query)

    def page(self, **query: str) -> httpx.Response:
        asked = {"practitionerId": self.busiest, "limit": "5", **WHOLE, **query}
        return self.get("/appointments", **asked)

    def pages(self, **query: str) -> Iterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        while True:
            page = self.page(**query, **cursor).json()
            yield page
            if page["pagination"]["next"] is None:
                return
            cursor = {"cursor": page["pagination"]["next"]}

    def rows(self, **query: str) -> list[dict[str, Any]]:
        return [row for page in self.pages(**query) for row in page["appointments"]]

    @property
    def busiest(self) -> str:
        clinic = self.simulator.clinics[self.tenant]
        return max(clinic.practitioners, key=lambda each: len(clinic.book(each)))

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def fail(self, fault: str, **options: Any) -> None:
        self.control("POST", "faults", scripts=[{"fault": fault, **options}])


@contextmanager
def opened(setup: Setup | None = None, knobs: Knobs | None = None) -> Iterator[Desk]:
    simulator = GentuSimulator(setup or Setup(days=DAYS, limits=()), knobs)
    with (
        running(simulator) as url,
        httpx.Client(base_url=f"{url}/v1", timeout=10, verify=NO_TLS) as http,
    ):
        desk = Desk(url, simulator, http, next(iter(simulator.clinics)))
        desk.sign()
        yield desk
