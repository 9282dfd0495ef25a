"""Puts the vendor's parts together for one seeded world."""

from typing import Any

from simulators.clinic import Clinic
from simulators.control import Control
from simulators.faults import Faults
from simulators.front import Front, Latency
from simulators.medirecords.api import Medirecords
from simulators.medirecords.knobs import Knobs
from simulators.medirecords.offices import open_office
from simulators.medirecords.tokens import Tokens
from simulators.serving import Reply, Request
from simulators.setup import Setup


class MedirecordsSimulator:
    """Serve it with `running(MedirecordsSimulator(Setup(seed=7)))`."""

    def __init__(self, setup: Setup | None = None, knobs: Knobs | None = None) -> None:
        self.setup = setup or Setup()
        knobs = knobs or Knobs()
        offices = (
            open_office(self.setup, number, knobs) for number in range(1, self.setup.tenants + 1)
        )
        self.vendor = Medirecords(
            {office.id: office for office in offices}, Tokens(self.setup.seed), knobs
        )
        self.front = Front(
            vendor=self.vendor,
            bucket_of=self.vendor.bucket_of,
            limits=self.setup.limits,
            latency=Latency(self.setup.latency_ms / 1000, self.setup.jitter_ms / 1000),
            faults=Faults(seed=self.setup.seed, dial=self.setup.dial),
        )
        self.stopping = self.front.stopping
        self._control = Control(self.front)

    def answer(self, request: Request) -> Reply:
        return self._control.answer(request)

    @property
    def clinics(self) -> dict[str, Clinic]:
        """By practice id."""
        return dict(self.vendor.clinics)

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "medirecords",
            "url": url,
            "base_url": url,
            "tenants": self.vendor.described(),
        }
