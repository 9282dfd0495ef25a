"""A practice on the phone: real processes, real servers, and a vendor played back from memory."""

import hashlib
import hmac
import json
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from adapters import pms
from adapters.storage.practices.connections import NewConnection
from bench.playback import delay, playback
from console import setting_up
from console.processes import children
from console.setting_up import Wanted
from console.simulators import Running
from console.truth import Simulator
from console.wiring import Wiring, wired
from domain.connections import Connection, State
from infra.database import dispatch, transaction
from infra.supervisor import Child, Supervisor

ACCOUNT, ZONE = "default", "America/New_York"
SECRET = "a-secret-of-the-bench"  # noqa: S105 - invented
NUMBER, STRANGER = "+12025550100", "+13125550190"
FOUND = "I have found the record of"
PRACTICES, APPOINTMENTS = 9, 60
KINDNESS = (shutil.which("nice") or "nice", "-n", "10")
PATIENCE, LOOK_SECONDS = 180.0, 0.05
LONGEST_CALL = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The ingress of a practice, its vendor, and other practices of the same product."""

    wiring: Wiring
    url: str
    vendor: str
    others: Sequence[Connection]
    patients: Sequence[Mapping[str, Any]]
    supervisor: Supervisor

    def vendor_takes(self, seconds: float) -> None:
        delay(self.vendor, seconds)

    def value(self, query: str, **values: Any) -> Any:
        with dispatch(self.wiring.engine) as db:
            return db.execute(text(query), values).scalar_one()

    def wait_for(self, query: str) -> None:
        """Until it answers true."""
        ends = time.monotonic() + PATIENCE
        while not self.value(query):
            if time.monotonic() > ends:
                raise TimeoutError(f"not within {PATIENCE:.0f} s: {query}")
            time.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Phone:
    """One line to the ingress, kept open as Vapi keeps it."""

    line: Line
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=LONGEST_CALL))

    def search(self, number: int) -> tuple[float, str]:
        """Milliseconds until a patient's record was found, always at the vendor, and the words."""
        patient = self.line.patients[number % len(self.line.patients)]
        told = {
            "firstName": patient["first"],
            "lastName": patient["last"],
            "dateOfBirth": patient["date_of_birth"],
        }
        return self.ask("search-patients", told)

    def ask(self, tool: str, told: Mapping[str, Any]) -> tuple[float, str]:
        body = _message(tool, told)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        started = time.perf_counter()
        answer = self.client.post(
            f"{self.line.url}/vapi/webhook",
            content=body,
            headers={"x-vapi-signature": signature, "content-type": "application/json"},
        )
        took = (time.perf_counter() - started) * 1000
        answer.raise_for_status()
        entry = answer.json()["results"][0]
        return took, str(entry.get("result") or entry["error"])

    def knock(self) -> float:
        """The web server alone."""
        started = time.perf_counter()
        self.client.get(f"{self.line.url}/healthz").raise_for_status()
        return (time.perf_counter() - started) * 1000


@contextmanager
def line() -> Iterator[Line]:
    """Durable servers, a practice that can be called, and all processes of the product."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        wiring = stack.enter_context(wired(home=home))
        options = ["--tenants", f"{PRACTICES}", "--appointments", f"{APPOINTMENTS}"]
        described = stack.enter_context(
            Running("sikka", [*options, "--limit", "off", "--timezone", ZONE])
        )
        called, background = (stack.enter_context(playback(described["url"])) for _ in range(2))
        tenants = [each["tenantId"] for each in described["tenants"]]
        _connected(wiring, described, tenants[0], called)
        others = [_connected(wiring, described, each, background) for each in tenants[1:]]
        _listed(wiring)
        supervisor = stack.enter_context(Supervisor(home / "logs"))
        made = Line(
            wiring=wiring,
            url=_started(supervisor, wiring, described),
            vendor=called,
            others=others,
            patients=_patients(Simulator(described["url"]), tenants[0]),
            supervisor=supervisor,
        )
        _ready(made)
        yield made


def _started(supervisor: Supervisor, wiring: Wiring, described: Mapping[str, Any]) -> str:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    also = {
        "VAPI_WEBHOOK_SECRET": SECRET,
        "VAPI_CALLS_A_MINUTE": "1000000",
        "SIKKA_APP_ID": described["app_id"],
        "SIKKA_APP_KEY": described["app_key"],
    }
    for child in children(wiring, port=port, base_url=url):
        supervisor.add(_kind(replace(child, environment={**child.environment, **also})))
    return url


def _kind(child: Child) -> Child:
    """Those who sync stand back for those who speak."""
    if child.name != "worker-sync":
        return child
    return replace(child, command=[*KINDNESS, *child.command])


def _ready(line: Line) -> None:
    ends = time.monotonic() + PATIENCE
    while not _answers(line.url):
        if time.monotonic() > ends:
            raise TimeoutError("the product did not start")
        time.sleep(LOOK_SECONDS)
    phone = Phone(line)
    for number in range(len(line.patients)):
        _, said = phone.search(number)
        if not said.startswith(FOUND):
            raise RuntimeError(f"the practice cannot be called: {said}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _message(tool: str, told: Mapping[str, Any]) -> bytes:
    """Of a call of its own each time: nobody rings twice."""
    function = {"name": tool, "arguments": told}
    return json.dumps(
        {
            "message": {
                "type": "tool-calls",
                "toolCallList": [{"id": "t1", "type": "function", "function": function}],
                "call": {"id": uuid4().hex, "customer": {"number": STRANGER}},
                "phoneNumber": {"number": NUMBER},
            }
        }
    ).encode()


def _connected(wiring: Wiring, described: Mapping[str, Any], tenant: str, url: str) -> Connection:
    credentials = Simulator(described["url"]).credentials(tenant)
    new = NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site=tenant,
        timezone=ZONE,
        name=f"Practice {tenant}",
        base_url=f"{url}/v4",
        settings={"map_all": True, "requests_a_minute": 10_000},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    secrets = {name: credentials[name] for name in ("office_id", "secret_key")}
    wanted = Wanted(vendor=pms.vendor("sikka"), new=new, secrets=secrets, test=False)
    return setting_up.create(wiring, wanted)


def _listed(wiring: Wiring) -> None:
    """The number that is called; and no sync but those a bench asks for."""
    with transaction(wiring.engine) as db:
        db.execute(text("UPDATE accounts SET phones = ARRAY[:number]"), {"number": NUMBER})
        db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))


def _patients(simulator: Simulator, tenant: str) -> Sequence[Mapping[str, Any]]:
    """Those one can tell from everybody else by name and birthday."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for one in simulator.truth(tenant)["appointments"]:
        for patient in one["patients"]:
            if all(patient.get(key) for key in ("first", "last", "date_of_birth")):
                found[patient["last"], patient["date_of_birth"]] = patient
    return list(found.values())[:20]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
