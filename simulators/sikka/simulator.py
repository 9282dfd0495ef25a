"""Puts the vendor's parts together for one seeded world."""

import math
import threading
import time
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from simulators.clinic import Clinic
from simulators.control import PREFIX, Control
from simulators.faults import Faults
from simulators.front import Front, Latency
from simulators.limits import FixedGate, Limit
from simulators.serving import Line, Reply, Request
from simulators.setup import Setup
from simulators.sikka.api import SCOPE, Sikka
from simulators.sikka.clock import Clock
from simulators.sikka.cloud import Cloud
from simulators.sikka.errors import restyled
from simulators.sikka.keys import App, Keys
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import open_office, secret
from simulators.sikka.queue import Queue

DOCUMENTED = (Limit(120, 60),)
COUNTRY = "America/New_York"


class SikkaSimulator:
    """Serve it with `running(SikkaSimulator(Setup(seed=7, timezone="America/New_York")))`."""

    def __init__(self, setup: Setup | None = None, knobs: Knobs | None = None) -> None:
        self.setup = setup or Setup(timezone=COUNTRY, tenants=4, limits=DOCUMENTED)
        self.clock = Clock()
        self.stopping = threading.Event()
        self.vendor = Sikka(self._cloud(knobs or Knobs()), self.stopping)
        self.front = Front(
            vendor=self.vendor,
            bucket_of=self.vendor.bucket_of,
            limits=self.setup.limits,
            documented=DOCUMENTED,
            latency=Latency(self.setup.latency_ms / 1000, self.setup.jitter_ms / 1000),
            faults=Faults(seed=self.setup.seed, dial=self.setup.dial),
            retry_after="none",
            stopping=self.stopping,
            gate=FixedGate,
        )
        self._control = Control(self.front)

    def _cloud(self, knobs: Knobs) -> Cloud:
        offices = {
            office.id: office
            for office in (
                open_office(self.setup, number, knobs, self.clock)
                for number in range(1, self.setup.tenants + 1)
            )
        }
        app = App(secret("app", self.setup.seed), secret("key", self.setup.seed))
        keys = Keys(app, offices, self.clock, lambda: cloud.knobs, SCOPE)
        cloud = Cloud(
            offices=offices,
            keys=keys,
            clock=self.clock,
            queue=Queue(self.setup.seed, knobs),
            knobs=knobs,
        )
        return cloud

    def answer(self, request: Request) -> Reply:
        reply = self._control.answer(request)
        if request.path.startswith(PREFIX) or reply.line is Line.RESET:
            return reply
        dated = {"Date": format_datetime(self.clock.now(), usegmt=True), **reply.headers}
        return self._limited(request, restyled(replace(reply, headers=dated)))

    def _limited(self, request: Request, reply: Reply) -> Reply:
        """With the allowance that is left, as every answer has it."""
        if not self.front.limits:
            return reply
        gate, now = self.front.gate_of(request), time.monotonic()
        is_over = reply.status == 429 and b'"API20' not in reply.body  # noqa: PLR2004 - the limit's
        headers = {
            "X-Rate-Limit-Limit": str(min(each.count for each in self.front.limits)),
            "X-Rate-Limit-Remaining": "0" if is_over else str(gate.left(now)),
            "X-Rate-Limit-Reset": str(math.ceil(gate.reset(now))),
        }
        return replace(reply, headers={**reply.headers, **headers})

    @property
    def clinics(self) -> dict[str, Clinic]:
        """By site: the office id, or the office and the practice."""
        return dict(self.vendor.clinics)

    def described(self, url: str) -> dict[str, Any]:
        app = self.vendor.keys.app
        return {
            "vendor": "sikka",
            "url": url,
            "base_url": f"{url}/v4",
            "app_id": app.id,
            "app_key": app.key,
            "tenants": self.vendor.described(),
        }
