"""How large a simulated world is, how it behaves, and how the command line says so."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from simulators.days import read_days
from simulators.faults import check_fault
from simulators.front import CAUTION
from simulators.limits import Limit, read_limits


@dataclass(frozen=True, kw_only=True)
class Setup:
    seed: int = 7
    tenants: int = 1
    practitioners: int = 6
    appointments: int = 60  # a day
    timezone: str = "Australia/Melbourne"
    days: tuple[date, ...] = ()  # none means today, where the practice is
    limits: tuple[Limit, ...] = CAUTION
    latency_ms: float = 0
    jitter_ms: float = 0
    dial: dict[str, float] = field(default_factory=dict)

    def days_or_today(self) -> tuple[date, ...]:
        return self.days or (datetime.now(ZoneInfo(self.timezone)).date(),)


def parser(vendor: str) -> argparse.ArgumentParser:
    """The flags every vendor's simulator has."""
    flags = argparse.ArgumentParser(prog=f"simulators.{vendor}", description=__doc__)
    flags.add_argument("--host", default="127.0.0.1")
    flags.add_argument("--port", type=int, default=0, help="0 takes a free one")
    flags.add_argument("--seed", type=int, default=7)
    flags.add_argument("--tenants", type=int, default=1, help="practices behind the one app")
    flags.add_argument("--practitioners", type=int, default=6)
    flags.add_argument("--appointments", type=int, default=60, help="a day and practice")
    flags.add_argument("--days", default="today", help="today,+1,2026-04-05 or -1..+7")
    flags.add_argument("--timezone", default="Australia/Melbourne")
    flags.add_argument(
        "--limit", action="append", default=[], help="60/60, repeatable, or off; as documented"
    )
    flags.add_argument("--latency-ms", type=float, default=0)
    flags.add_argument("--jitter-ms", type=float, default=0)
    flags.add_argument("--fault", action="append", default=[], help="500=0.05, repeatable")
    flags.add_argument("--lively", type=float, default=0, help="random changes a minute")
    flags.add_argument("--outlive-parent", action="store_true", help="run on without a parent")
    return flags


def read_setup(flags: argparse.Namespace, documented: tuple[Limit, ...] = CAUTION) -> Setup:
    today = datetime.now(UTC).astimezone(ZoneInfo(flags.timezone)).date()
    return Setup(
        seed=flags.seed,
        tenants=flags.tenants,
        practitioners=flags.practitioners,
        appointments=flags.appointments,
        timezone=flags.timezone,
        days=read_days(flags.days, today),
        limits=read_limits(flags.limit) if flags.limit else documented,
        latency_ms=flags.latency_ms,
        jitter_ms=flags.jitter_ms,
        dial=read_dial(flags.fault),
    )


def read_dial(texts: Sequence[str]) -> dict[str, float]:
    dial = {}
    for text in texts:
        name, _, share = text.partition("=")
        check_fault(name)
        dial[name] = float(share)
    return dial
