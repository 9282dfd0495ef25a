"""Puts the vendor's parts together for one seeded world."""

from typing import Any

from simulators import clinic
from simulators.chance import id_of
from simulators.control import Control
from simulators.faults import Faults
from simulators.front import Front, Latency
from simulators.gentu.api import BASE, TOKEN_PATH, Gentu
from simulators.gentu.knobs import Knobs
from simulators.gentu.tenants import Access, Tenant, Tenants
from simulators.gentu.tokens import Credentials, Tokens
from simulators.serving import Reply, Request
from simulators.setup import Setup


class GentuSimulator:
    """Serve it with `running(GentuSimulator(Setup(seed=7)))`."""

    def __init__(self, setup: Setup | None = None, knobs: Knobs | None = None) -> None:
        self.setup = setup or Setup()
        knobs = knobs or Knobs()
        credentials = Credentials.invent(self.setup.seed)
        tenants = Tenants(self.setup.seed, _tenants(self.setup, knobs))
        self.vendor = Gentu(tenants, Tokens(credentials, knobs.token_seconds), knobs)
        self.front = Front(
            vendor=self.vendor,
            limits=self.setup.limits,
            latency=Latency(self.setup.latency_ms / 1000, self.setup.jitter_ms / 1000),
            faults=Faults(seed=self.setup.seed, dial=self.setup.dial),
        )
        self.stopping = self.front.stopping
        self._control = Control(self.front)

    def answer(self, request: Request) -> Reply:
        return self._control.answer(request)

    @property
    def credentials(self) -> Credentials:
        return self.vendor.tokens.credentials

    @property
    def clinics(self) -> dict[str, clinic.Clinic]:
        """By tenant id."""
        return dict(self.vendor.clinics)

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "gentu",
            "url": url,
            "base_url": f"{url}{BASE}",
            "token_url": f"{url}{BASE}{TOKEN_PATH}",
            "tenants": self.vendor.described(),
        }


def _tenants(setup: Setup, knobs: Knobs) -> dict[str, Tenant]:
    tenants = [_tenant(setup, number, knobs) for number in range(1, setup.tenants + 1)]
    return {tenant.id: tenant for tenant in tenants}


def _tenant(setup: Setup, number: int, knobs: Knobs) -> Tenant:
    return Tenant(
        id=id_of("gentu", setup.seed, "tenant", number),
        number=number,
        clinic=clinic.make(
            seed=f"gentu/{setup.seed}/{number}",
            practitioners=setup.practitioners,
            appointments_per_day=setup.appointments,
            timezone=setup.timezone,
            days=setup.days_or_today(),
            hidden_works=knobs.hidden_works,
        ),
        access=Access.ACTIVE if knobs.is_paired else Access.UNPAIRED,
    )
