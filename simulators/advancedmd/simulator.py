"""Puts the vendor's parts together for one seeded world."""

import threading
from typing import Any

from simulators.advancedmd.api import Advancedmd
from simulators.advancedmd.asking import DOOR, labelled
from simulators.advancedmd.clock import Clock
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.ledger import Till
from simulators.advancedmd.offices import open_office
from simulators.clinic import Clinic
from simulators.control import PREFIX, Control
from simulators.faults import Faults
from simulators.front import Latency
from simulators.serving import Reply, Request
from simulators.setup import Setup

COUNTRY = "America/New_York"


class AdvancedmdSimulator:
    """Serve it with `running(AdvancedmdSimulator(Setup(seed=7, timezone="America/New_York")))`."""

    def __init__(self, setup: Setup | None = None, knobs: Knobs | None = None) -> None:
        self.setup = setup or Setup(timezone=COUNTRY, tenants=2, limits=())
        self.clock = Clock()
        knobs = knobs or Knobs()
        offices = (
            open_office(self.setup, number, knobs, self.clock)
            for number in range(1, self.setup.tenants + 1)
        )
        self.stopping = threading.Event()
        self.vendor = Advancedmd(
            {each.key: each for each in offices},
            seed=self.setup.seed,
            clock=self.clock,
            stopping=self.stopping,
        )
        self.vendor.set_knobs(knobs)
        self.front = Till(
            vendor=self.vendor,
            meter=self.vendor.meter,
            bucket_of=self.vendor.bucket_of,
            limits=self.setup.limits,
            documented=(),
            latency=Latency(self.setup.latency_ms / 1000, self.setup.jitter_ms / 1000),
            faults=Faults(seed=self.setup.seed, dial=self.setup.dial),
            retry_after="none",
            stopping=self.stopping,
        )
        self._control = Control(self.front)

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(PREFIX):
            return self._control.answer(request)
        return self._control.answer(labelled(request))

    @property
    def clinics(self) -> dict[str, Clinic]:
        """By office key."""
        return dict(self.vendor.clinics)

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "advancedmd",
            "url": url,
            "base_url": url,
            "token_url": f"{url}{DOOR}",
            "tenants": self.vendor.described(),
        }
