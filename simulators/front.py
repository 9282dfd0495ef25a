"""What every vendor's front door does: log, limit, fail, delay, and only then answer."""

import json
import math
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Protocol

from simulators.arrivals import Arrival, Arrivals
from simulators.chance import chance
from simulators.clinic import Clinic
from simulators.faults import SLOW_SECONDS, Fault, Faults, Fits, Listing, instead, misshape, spoil
from simulators.limits import Gate, Limit
from simulators.records import Appointment
from simulators.serving import Reply, Request

CAUTION = (Limit(60, 60), Limit(1000, 3600))
SHAPES = {"wrong-type", "missing-list"}
JITTER_SEED = 11


class Vendor(Protocol):
    """One vendor's own part behind the front door."""

    @property
    def clinics(self) -> Mapping[str, Clinic]:
        """By the id of the practice."""

    def reply(self, request: Request, fault: Fault | None) -> Reply: ...

    def control(self, request: Request) -> Reply | None:
        """A control request only this vendor has; None when it is not one."""

    def tenant_of(self, request: Request) -> str | None: ...

    def fits(self, request: Request) -> Collection[Fits]: ...

    def listing_of(self, request: Request) -> Listing | None: ...

    def is_counted(self, request: Request) -> bool: ...

    def wording(self, appointment: Appointment) -> str | None: ...


@dataclass(slots=True)
class Latency:
    seconds: float = 0.0
    jitter: float = 0.0
    rng: random.Random = field(default_factory=lambda: chance("jitter", JITTER_SEED))

    def draw(self) -> float:
        return self.seconds + self.jitter * self.rng.random()


def one_for_all(request: Request) -> str:
    return ""


@dataclass(kw_only=True)
class Front:
    vendor: Vendor
    limits: tuple[Limit, ...] = CAUTION
    documented: tuple[Limit, ...] = CAUTION  # judged by when nothing is enforced
    bucket_of: Callable[[Request], str] = one_for_all  # requests that share one allowance
    latency: Latency = field(default_factory=Latency)
    faults: Faults = field(default_factory=Faults)
    retry_after: str = "seconds"  # or "date", or "none"
    stopping: threading.Event = field(default_factory=threading.Event)
    gate: type[Gate] = Gate  # how its limits are counted

    def __post_init__(self) -> None:
        self.arrivals = Arrivals()
        self.set_limits(self.limits)

    def set_limits(self, limits: tuple[Limit, ...]) -> None:
        """Start counting afresh."""
        self.limits = limits
        self._gates: dict[str, Gate] = {}

    def gate_of(self, request: Request) -> Gate:
        return self._gates.setdefault(self.bucket_of(request), self.gate(self.limits))

    def answer(self, request: Request) -> Reply:
        arrival = self.arrivals.note(
            request, self.vendor.tenant_of(request), is_counted=self.vendor.is_counted(request)
        )
        arrival.bucket = self.bucket_of(request)
        reply = self._limited(request, arrival) or self._answered(request, arrival)
        arrival.status = int(reply.status)
        return reply

    def _limited(self, request: Request, arrival: Arrival) -> Reply | None:
        wait = self.gate_of(request).admit(request.arrived) if arrival.is_counted else None
        if wait is None:
            return None
        return refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", self._retry_header(wait))

    def _retry_header(self, wait: float) -> dict[str, str]:
        if self.retry_after == "none":
            return {}
        if self.retry_after == "date":
            at = datetime.fromtimestamp(math.ceil(time.time() + wait), UTC)
            return {"Retry-After": format_datetime(at, usegmt=True)}
        return {"Retry-After": str(math.ceil(wait))}

    def _answered(self, request: Request, arrival: Arrival) -> Reply:
        fault = self.faults.pick(request.target, self.vendor.fits(request))
        arrival.fault = fault.name if fault else None
        self._linger(fault)
        if fault is None:
            return self.vendor.reply(request, None)
        return instead(fault) or self._spoilt(request, arrival, fault)

    def _linger(self, fault: Fault | None) -> None:
        seconds = self.latency.draw()
        if fault and fault.name == "slow":
            seconds += SLOW_SECONDS if fault.seconds is None else fault.seconds
        if seconds > 0:
            self.stopping.wait(seconds)

    def _spoilt(self, request: Request, arrival: Arrival, fault: Fault) -> Reply:
        reply = self.vendor.reply(request, fault)
        listing = self.vendor.listing_of(request)
        if fault.name in SHAPES and listing and reply.status == HTTPStatus.OK:
            reply, arrival.damaged_id = misshape(reply, fault, listing, self.faults.rng)
        return spoil(reply, fault)


def said(document: Any, status: int = HTTPStatus.OK) -> Reply:
    return Reply(status=status, body=json.dumps(document, ensure_ascii=False).encode())


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"message": message}).encode()
    return Reply(status=status, body=body, headers=headers or {})
