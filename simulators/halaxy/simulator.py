"""Puts the vendor's parts together for one seeded world."""

from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from simulators.clinic import Clinic
from simulators.control import PREFIX, Control
from simulators.faults import Faults
from simulators.front import Front, Latency
from simulators.halaxy.api import TOKEN_PATH, Halaxy
from simulators.halaxy.groups import Clock, open_group
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import dressed
from simulators.halaxy.tokens import Key, Tokens
from simulators.limits import Limit
from simulators.serving import Reply, Request
from simulators.setup import Setup

LIMITS = (Limit(500, 60),)


class HalaxySimulator:
    """Serve it with `running(HalaxySimulator(Setup(seed=7, limits=LIMITS)))`."""

    def __init__(self, setup: Setup | None = None, knobs: Knobs | None = None) -> None:
        self.setup = setup or Setup(limits=LIMITS)
        knobs, clock = knobs or Knobs(), Clock()
        numbers = range(1, self.setup.tenants + 1)
        groups = {
            group.id: group
            for group in (open_group(self.setup, number, knobs, clock) for number in numbers)
        }
        keys = {id_: Key.invent(self.setup.seed, id_) for id_ in groups}
        self.vendor = Halaxy(groups, Tokens(keys, knobs), clock, knobs)
        self.front = Front(
            vendor=self.vendor,
            bucket_of=self.vendor.bucket_of,
            limits=self.setup.limits,
            documented=LIMITS,
            latency=Latency(self.setup.latency_ms / 1000, self.setup.jitter_ms / 1000),
            faults=Faults(seed=self.setup.seed, dial=self.setup.dial),
        )
        self.stopping = self.front.stopping
        self.vendor.hooks.stopping = self.stopping
        self._control = Control(self.front)

    def answer(self, request: Request) -> Reply:
        reply = self._control.answer(request)
        if request.path.startswith(PREFIX):
            return reply
        return replace(dressed(reply), headers={**self._headers(request), **reply.headers})

    def _headers(self, request: Request) -> dict[str, str]:
        """The date, and how much of the allowance is left."""
        date = {"Date": format_datetime(self.vendor.clock.now(), usegmt=True)}
        if not self.front.limits:
            return date
        left = self.front.gate_of(request).left(request.arrived)
        limit = min(each.count for each in self.front.limits)
        return {**date, "x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(left)}

    @property
    def clinics(self) -> dict[str, Clinic]:
        """By the id of the practice group."""
        return dict(self.vendor.clinics)

    def described(self, url: str) -> dict[str, Any]:
        return {
            "vendor": "halaxy",
            "url": url,
            "base_url": url,
            "token_url": f"{url}{TOKEN_PATH}",
            "tenants": self.vendor.described(),
        }
