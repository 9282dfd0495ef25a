"""A small honest client, just enough to ask the simulator what its document promises."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from simulators.halaxy import HalaxySimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup

DAYS = (date(2026, 6, 2), date(2026, 6, 3))
BEFORE, BETWEEN = "2026-06-01T00:00:00Z", "2026-06-02T02:00:00Z"  # the vendor's clock
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares every client reading the root store
AGENT = "Example Clinic Tools (dev@example.test)"
TOKEN = "/main/oauth/token"  # noqa: S105 - a path
INCLUDES = [
    ("_include", "Appointment:patient"),
    ("_include", "Appointment:practitioner-role"),
    ("_include:iterate", "PractitionerRole:practitioner"),
    ("_include:iterate", "PractitionerRole:organization"),
]

Json = dict[str, Any]


@dataclass
class Desk:
    url: str
    simulator: HalaxySimulator
    http: httpx.Client
    tenant: str

    def key(self) -> dict[str, str]:
        keys: dict[str, str] = self.control("GET", f"credentials?tenant={self.tenant}")
        return {"grant_type": "client_credentials", **keys}

    def sign(self) -> None:
        token = self.http.post(TOKEN, json=self.key()).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def search(self, *pairs: tuple[str, Any]) -> httpx.Response:
        return self.http.get("/main/Appointment", params=list(pairs))

    def bundles(self, *pairs: tuple[str, Any]) -> Iterator[Json]:
        bundle = self.search(*pairs).json()
        while True:
            yield bundle
            after = link(bundle, "next")
            if after is None:
                return
            bundle = self.http.get(after).json()

    def rows(self, *pairs: tuple[str, Any]) -> list[Json]:
        found = self.bundles(("_count", 100), *pairs)
        return [row for bundle in found for row in resources(bundle, "Appointment")]

    def truth(self) -> list[Json]:
        return list(self.control("GET", f"truth?tenant={self.tenant}")["appointments"])

    def control(self, method: str, path: str, **body: Any) -> Any:
        reply = self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def fail(self, fault: str, **options: Any) -> None:
        self.control("POST", "faults", scripts=[{"fault": fault, **options}])


def link(bundle: Json, relation: str) -> str | None:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


def resources(bundle: Json, type_: str) -> list[Json]:
    found = (each["resource"] for each in bundle["entry"])
    return [each for each in found if each["resourceType"] == type_]


def actors(row: Json, type_: str) -> list[Json]:
    return [each for each in row["participant"] if each["actor"]["type"] == type_]


def last_part(reference: str) -> str:
    return reference.rpartition("/")[2]


def code(participant: Json) -> str | None:
    extensions = participant.get("modifierExtension", [])
    return next((str(each["valueCoding"]["code"]) for each in extensions), None)


@contextmanager
def opened(
    setup: Setup | None = None, knobs: Knobs | None = None, now: str | None = BEFORE
) -> Iterator[Desk]:
    simulator = HalaxySimulator(setup or Setup(days=DAYS, limits=()), knobs)
    with (
        running(simulator) as url,
        httpx.Client(
            base_url=url, timeout=10, verify=NO_TLS, headers={"User-Agent": AGENT}
        ) as http,
    ):
        desk = Desk(url, simulator, http, next(iter(simulator.clinics)))
        desk.control("POST", "clock", now=now)
        desk.sign()
        yield desk
