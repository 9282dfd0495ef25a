"""A small honest client, just enough to ask the simulator what its document promises."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from simulators.medirecords import Knobs, MedirecordsSimulator
from simulators.serving import running
from simulators.setup import Setup

DAYS = (date(2026, 6, 2), date(2026, 6, 3))
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares every client reading the root store
WHOLE = {
    "appointmentDateRangeStart": "2026-06-02T00:00",
    "appointmentDateRangeEnd": "2026-06-04T00:00",
}
INTERVALS = "/code-system/appointment-Interval-Code"


@dataclass
class Desk:
    url: str
    simulator: MedirecordsSimulator
    http: httpx.Client
    practice: str

    def sign(self, name: str = "credentials") -> None:
        token = self.control("GET", f"{name}?tenant={self.practice}")["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    @property
    def path(self) -> str:
        return f"/v1/practices/{self.practice}"

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(f"{self.path}{path}", params=query)

    def page(self, **query: Any) -> httpx.Response:
        return self.get("/appointments", **{**WHOLE, **query})

    def pages(self, **query: Any) -> Iterator[dict[str, Any]]:
        number = 0
        while True:
            page = self.page(page=number, **query).json()
            yield page
            if page["last"] or not page["data"]:
                return
            number += 1

    def rows(self, **query: Any) -> list[dict[str, Any]]:
        return [row for page in self.pages(**{"size": 200, **query}) for row in page["data"]]

    def truth(self) -> dict[str, dict[str, Any]]:
        rows = self.control("GET", f"truth?tenant={self.practice}")["appointments"]
        return {row["id"]: row for row in rows}

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def fail(self, fault: str, **options: Any) -> None:
        self.control("POST", "faults", scripts=[{"fault": fault, **options}])


@contextmanager
def opened(setup: Setup | None = None, knobs: Knobs | None = None) -> Iterator[Desk]:
    simulator = MedirecordsSimulator(setup or Setup(days=DAYS, limits=()), knobs)
    with (
        running(simulator) as url,
        httpx.Client(base_url=url, timeout=10, verify=NO_TLS) as http,
    ):
        desk = Desk(url, simulator, http, next(iter(simulator.clinics)))
        desk.sign()
        yield desk
