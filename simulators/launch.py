"""Runs a simulator as a process of its own until it is told to stop or is orphaned."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfoNotFoundError

from simulators import serving
from simulators.clinic import Clinic
from simulators.front import CAUTION
from simulators.life import live
from simulators.limits import Limit
from simulators.setup import Setup, parser, read_setup

PARENT_CHECK_SECONDS = 0.5


class Simulator(serving.Simulator, Protocol):
    @property
    def clinics(self) -> Mapping[str, Clinic]: ...

    def described(self, url: str) -> dict[str, Any]: ...


def launch(
    vendor: str,
    build: Callable[[Setup], Simulator],
    *,
    limits: tuple[Limit, ...] = CAUTION,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Print one line of JSON when ready, then serve."""
    flags, setup = _read(vendor, limits, defaults or {})
    parent = os.getppid()
    simulator = build(setup)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: simulator.stopping.set())
    with serving.running(simulator, port=flags.port, host=flags.host) as url:
        if flags.lively:
            _start(_live_on, simulator, 60 / flags.lively)
        sys.stdout.write(json.dumps(simulator.described(url)) + "\n")
        sys.stdout.flush()
        _wait(simulator, None if flags.outlive_parent else parent)


def _read(
    vendor: str, limits: tuple[Limit, ...], defaults: Mapping[str, Any]
) -> tuple[argparse.Namespace, Setup]:
    """The flags, with what is usual for this vendor alone."""
    command_line = parser(vendor)
    command_line.set_defaults(**defaults)
    flags = command_line.parse_args()
    try:
        return flags, read_setup(flags, limits)
    except (ValueError, ZoneInfoNotFoundError) as problem:
        command_line.error(str(problem))


def _wait(simulator: Simulator, parent: int | None) -> None:
    while not simulator.stopping.wait(PARENT_CHECK_SECONDS):
        if parent is not None and os.getppid() != parent:
            return


def _start(work: Callable[..., None], *args: object) -> None:
    threading.Thread(target=work, args=args, daemon=True).start()


def _live_on(simulator: Simulator, seconds: float) -> None:
    """One change at a time, in one practice after another."""
    turn = 0
    while not simulator.stopping.wait(seconds):
        clinics = list(simulator.clinics.values())
        live(clinics[turn % len(clinics)], 1, f"lively/{turn}")
        turn += 1
