"""A small honest client, just enough to ask the simulator what its document promises."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from simulators.serving import running
from simulators.setup import Setup
from simulators.sikka import Knobs, SikkaSimulator

DAYS = (date(2026, 6, 2), date(2026, 6, 3))
NOW = "2026-06-02T14:00:00+00:00"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares every client reading the root store
HTML = "text/html; charset=UTF-8"


def setup(**fields: Any) -> Setup:
    return Setup(**{"timezone": "America/New_York", "days": DAYS, "limits": (), **fields})


@dataclass
class Desk:
    url: str
    simulator: SikkaSimulator
    http: httpx.Client
    tenant: str = "D90001"

    def credentials(self) -> dict[str, str]:
        return dict(self.control("GET", f"credentials?tenant={self.tenant}"))

    def grant(self, **told: Any) -> httpx.Response:
        body = {"grant_type": "request_key", **self.credentials(), **told}
        return self.http.post("/request_key", json={k: v for k, v in body.items() if v is not None})

    def sign(self) -> str:
        key = str(self.grant().json()["request_key"])
        self.http.headers["Request-Key"] = key
        return key

    @property
    def app(self) -> dict[str, str]:
        told = self.credentials()
        return {"App-Id": told["app_id"], "App-Key": told["app_key"]}

    def get(self, name: str, **query: Any) -> httpx.Response:
        return self.http.get(f"/{name}", params=query)

    def items(self, name: str, **query: Any) -> list[dict[str, Any]]:
        """All of them, and none when there is no content."""
        found: list[dict[str, Any]] = []
        for page in range(1000):
            reply = self.get(name, offset=page, **{"limit": 5000, **query})
            assert reply.status_code in {200, 204}, reply.text
            if reply.status_code == 204:
                break
            told = reply.json()
            told = told[0] if isinstance(told, list) else told
            found += told["items"]
            if not told["pagination"]["next"]:
                break
        return found

    def booking(self, **told: Any) -> dict[str, Any]:
        """A booking at a time nobody has, for the first patient and provider."""
        clinic = self.simulator.clinics[self.tenant]
        return {
            "patient_id": next(iter(clinic.patients)),
            "date": "2026-06-10",
            "time": "09:30",
            "description": "Booked for B7K2QX",
            "provider_id": next(iter(clinic.practitioners)),
            "length": 30,
            "operatory": "OP1",
            "practice_id": "1",
            **told,
        }

    def book(self, **told: Any) -> httpx.Response:
        return self.http.post("/appointment", json=self.booking(**told))

    def booked(self, **told: Any) -> str:
        """Books and waits; the number of the new appointment."""
        id_ = written(self.book(**told))
        self.wait()
        return str(self.status(id_)["created_id"])

    def status(self, id_: str) -> dict[str, Any]:
        return dict(self.get("writeback_status", id=id_).json()[0]["items"][0])

    def wait(self, seconds: float = 600) -> None:
        self.control("POST", "clock", advance_seconds=seconds)

    def truth(self) -> dict[str, Any]:
        return dict(self.control("GET", f"truth?tenant={self.tenant}"))

    def true_rows(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.truth()["appointments"]}

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def knob(self, **knobs: Any) -> None:
        self.control("POST", "knobs", **knobs)

    def fail(self, fault: str, **options: Any) -> None:
        self.control("POST", "faults", scripts=[{"fault": fault, **options}])


def written(reply: httpx.Response) -> str:
    """The number hidden in the text of an accepted write."""
    assert reply.is_success, reply.text
    return str(reply.json()["long_message"]).removeprefix("Id:")


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, str(reply.json()["error_code"])


@contextmanager
def opened(world: Setup | None = None, knobs: Knobs | None = None) -> Iterator[Desk]:
    """The vendor's clock stands still, so nothing happens unless it is moved."""
    simulator = SikkaSimulator(world or setup(), knobs)
    with (
        running(simulator) as url,
        httpx.Client(base_url=f"{url}/v4", timeout=10, verify=NO_TLS) as http,
    ):
        desk = Desk(url, simulator, http)
        desk.control("POST", "clock", now=NOW, speed=0)
        desk.sign()
        yield desk
